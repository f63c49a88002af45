// What is held is given back.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "explain/editor.hpp"
#include "explain/snippets.hpp"
#include "platform/helpers.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Value;

}  // namespace

void Editor::add_releases() {
  static constexpr auto kReleases = std::to_array<Release>({
      {"ringbuf_reserve", "ringbuf_discard", true},
      {"sk_lookup_tcp", "sk_release", false},
      {"sk_lookup_udp", "sk_release", false},
      {"skc_lookup_tcp", "sk_release", false},
  });
  for (const verify::Held& held : way_.last().state.held) {
    const Instruction& call = program_->code[held.acquired_at.value()];
    const std::string_view name = platform::helper_name(call.immediate);
    const auto release = std::ranges::find(kReleases, name, &Release::acquired_by);
    if (call.call() != isa::Call::helper || release == kReleases.end()) continue;
    if (refused().form == Form::exit) release_at(last_, *release, held);
    way_.jumps_between(0, last_, [&](std::size_t jump) {
      if (way_.depth(jump) == way_.depth(last_)) release_at(jump, *release, held);
    });
  }
}

void Editor::release_at(std::size_t stop, const Release& release, const verify::Held& held) {
  const auto& registers = way_.stops()[stop].state.frame().registers;
  const auto is_it = [&](const Value& each) {
    return each.reference == held.id && each.is_at_start();
  };
  const auto found = std::ranges::find_if(registers, is_it);
  if (found == registers.end()) return;
  const auto r = static_cast<u8>(found - registers.begin());
  const std::size_t next = stop == last_ ? stop : stop + 1;
  const verify::Registers live = verify::live_registers(*program_)[way_.stops()[next].at.value()];
  isa::Code code, restored;
  u8 free = isa::kR9 + 1;
  for (u8 each = 0; each <= isa::kR5; ++each) {
    if ((live & verify::bit(each)) == 0 || registers[each].kind == verify::Kind::unset) continue;
    do --free;
    while (free >= isa::kR6 && ((live & verify::bit(free)) != 0 || free == r));
    if (free < isa::kR6) return;
    code.push_back(move(free, each));
    restored.push_back(move(each, free));
  }
  code.push_back(move(isa::kR1, r));
  if (release.takes_flags) code.push_back(set(2, 0));
  for (const platform::HelperRow& row : platform::helpers()) {
    if (row.name == release.helper) code.push_back(call_helper(row.id));
  }
  append(code, restored);
  const std::string what =
      format("give back what was acquired in {}: `bpf_{}({});`", line_of(held.acquired_at),
             release.helper, release.takes_flags ? "record, 0" : "socket");
  if (stop == last_) {
    add(last_, code, what + " before the return");
  } else {
    on_way(stop, code, what);
  }
}

}  // namespace skep::explain
