#include "explain/origins.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "explain/lost.hpp"
#include "explain/shown.hpp"
#include "verify/analysis.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using verify::Value;

constexpr std::size_t kValuesMax = 4;

// "r3", "r10": the registers that a text speaks of, in order.
void find_registers(std::string_view text, std::vector<u8>& out) {
  const auto is_digit = [&](std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
  };
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = at == 0 || (!is_letter(text[at - 1]) && text[at - 1] != '_');
    if (!begins || text[at] != 'r' || !is_digit(at + 1)) continue;
    u32 number = static_cast<u32>(text[at + 1] - '0');
    if (is_digit(at + 2)) number = number * 10 + static_cast<u32>(text[at + 2] - '0');
    const bool known = std::ranges::find(out, number) != out.end();
    if (number < isa::kRegisters && !known) out.push_back(static_cast<u8>(number));
  }
}

// The registers that the refusal is about: those that it names; else the instruction's own.
std::vector<u8> registers_of(const Way& way, const verify::Report& report) {
  std::vector<u8> out;
  find_registers(report.message, out);
  find_registers(report.reason, out);
  const isa::Instruction& i = way.instruction(way.stops().size() - 1);
  const bool by_register = i.form == isa::Form::alu && i.has_register_source();
  if (by_register && std::ranges::find(out, i.src) == out.end()) out.push_back(i.src);
  if (!out.empty()) return out;
  if (shown_by(report.property) != ShownBy::fault) return out;  // it is about the instruction
  if (i.form == isa::Form::store) return {i.dst};
  const verify::Registers reads = verify::effects_of(i).reads;
  for (u8 r = 0; r < isa::kFramePointer; ++r) {
    if ((reads & verify::bit(r)) != 0) out.push_back(r);
  }
  return out;
}

verify::Origin origin_of(const Way& way, const Place& place) {
  const Made made = way.made(place);
  const std::size_t stop = made.by.value_or(0);
  return {.place = format("r{}", place.number),
          .what = describe(way.value(place)),
          .slot = way.slot(stop),
          .line = way.line(stop),
          .how = way.value(place).kind == verify::Kind::stack && !made.by
                     ? "from r10, the frame's end"
                     : how_made(way, made)};
}

// The numbers that moved a pointer are values that it is about, too.
void add_offsets(const Way& way, const Place& place, std::vector<verify::Origin>& out) {
  for (const std::size_t by : way.made(place).changed_by) {
    const isa::Instruction& i = way.instruction(by);
    if (i.form != isa::Form::alu || !i.has_register_source()) continue;
    const Place offset{by, way.depth(by), i.src, false};
    if (way.value(offset).is_number() && out.size() < kValuesMax)
      out.push_back(origin_of(way, offset));
  }
}

// What is held when the program ends came from somewhere.
void add_held(const Way& way, verify::Report& report) {
  for (const verify::Held& held : way.last().state.held) {
    for (std::size_t stop = way.stops().size(); stop-- > 0;) {
      if (way.stops()[stop].at != held.acquired_at) continue;
      const std::string call = way.text(stop).substr(5);
      report.values.push_back({.place = "what is held",
                               .what = "to be given back",
                               .slot = way.slot(stop),
                               .line = way.line(stop),
                               .how = "returned by " + call});
      report.lost.push_back({way.slot(stop), way.line(stop),
                             format("no call between {} and here gives it back", call),
                             way.source(stop)});
      break;
    }
  }
}

}  // namespace

void explain_values(const Way& way, verify::Report& report) {
  const std::size_t last = way.stops().size() - 1;
  if (report.property == "held-reference" || report.property == "exception")
    return add_held(way, report);
  for (const u8 r : registers_of(way, report)) {
    const Place place{last, way.depth(last), r, false};
    if (r == isa::kFramePointer || report.values.size() >= kValuesMax) continue;
    report.values.push_back(origin_of(way, place));
    add_offsets(way, place, report.values);
    const bool asks_for_more = shown_by(report.property) == ShownBy::fault;
    // A number that is used as a pointer lacks more than bounds.
    const bool is_number = way.value(place).is_number() && way.value(place).lost_at == 0;
    if (!asks_for_more || (is_number && report.property == "not-a-pointer")) continue;
    for (verify::Step& step : find_lost(way, place)) {
      const auto same = [&](const verify::Step& other) { return other.slot == step.slot; };
      if (std::ranges::none_of(report.lost, same)) report.lost.push_back(std::move(step));
    }
  }
}

}  // namespace skep::explain
