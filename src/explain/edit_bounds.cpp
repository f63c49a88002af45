// Bounds that are missing: of packets, of offsets, of sizes.
#include "base/text.hpp"
#include "explain/editor.hpp"
#include "explain/snippets.hpp"
#include "platform/contexts.hpp"
#include "platform/helpers.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Kind;
using verify::Value;

}  // namespace

std::optional<Instruction> Editor::load_of_end(u8 into) const {
  const auto context = register_with(Kind::context);
  if (!context) return std::nullopt;
  for (const platform::ContextField& field : platform::context_of(program_->type)) {
    if (field.name != "data_end") continue;
    return load(into, *context, static_cast<s16>(field.offset), isa::width_of(field.size));
  }
  return std::nullopt;
}

void Editor::add_packet_comparison() {
  const bool loads = refused().form == Form::load || refused().form == Form::load_signed;
  const u8 base = loads ? refused().src : refused().dst;
  const auto free = free_registers();
  if (!value(base).is_packet() || free.empty()) return;
  isa::Code code;
  auto end = register_with(Kind::packet_end);
  if (!end && free.size() > 1) {
    end = free[1];
    const auto loading = load_of_end(*end);
    if (!loading) return;
    code.push_back(*loading);
  }
  if (!end) return;
  const s64 behind = refused().offset + static_cast<s64>(isa::bytes_of(refused().width));
  code.push_back(move(free[0], base));
  code.push_back(add_constant(free[0], behind));
  append(code, leave_unless_register(isa::Jump::le, free[0], *end, returned()));
  add(last_, std::move(code),
      format("compare the pointer with data_end: `if (pointer + {} > data_end) return {};`", behind,
             returned()));
}

std::optional<std::pair<std::size_t, u8>> Editor::moved_by() const {
  if (refused().form == Form::alu && refused().has_register_source()) {
    const bool number = value(refused().src).is_number();
    return std::pair{last_, number ? refused().src : refused().dst};
  }
  const bool loads = refused().form == Form::load || refused().form == Form::load_signed;
  const Made made =
      way_.made({last_, way_.depth(last_), loads ? refused().src : refused().dst, false});
  for (const std::size_t by : made.changed_by) {
    const Instruction& i = way_.instruction(by);
    if (i.form != Form::alu || !i.has_register_source() || way_.depth(by) != way_.depth(last_))
      continue;
    const Value& offset = way_.stops()[by].state.frame().registers[i.src];
    if (offset.is_number() && !offset.number.is_constant()) return std::pair{by, i.src};
  }
  return std::nullopt;
}

void Editor::add_offset_bounds() {
  const auto moved = moved_by();
  if (!moved) return;
  const auto& [stop, r] = *moved;
  const Instruction& i = way_.instruction(stop);
  const auto& registers = way_.stops()[stop].state.frame().registers;
  const auto room = bytes_behind(registers[i.src == r ? i.dst : i.src]);
  if (!room) return;
  const bool is_access = refused().form != Form::alu;
  const s64 behind = is_access ? refused().offset + s64{isa::bytes_of(refused().width)} : 0;
  for (const s64 bytes : {behind, s64{1}, s64{2}, s64{4}, s64{8}}) {
    const s64 most = *room - bytes;
    if (bytes == 0 || most < 0) continue;
    add(stop, leave_unless(isa::Jump::le, r, most, returned()),
        format("bound the offset that is {} before it is added: `if (offset > {}) return {};`",
               describe_made(stop, r), most, returned()));
  }
}

void Editor::add_size_bounds() {
  const platform::HelperRow* helper =
      refused().form == Form::call && refused().call() == isa::Call::helper
          ? platform::find_helper(refused().immediate, program_->type)
          : nullptr;
  for (u8 r = 2; helper != nullptr && r <= isa::kR5; ++r) {
    const platform::Argument argument = helper->arguments[r - 1u];
    const bool is_size =
        argument == platform::Argument::size || argument == platform::Argument::size_or_zero;
    if (!is_size || !value(r).is_number() || value(r).number.is_constant()) continue;
    const auto room = bytes_behind(value(static_cast<u8>(r - 1)));
    if (!room || *room <= 0) continue;
    isa::Code code = leave_unless(isa::Jump::le, r, *room, returned());
    std::string condition = format("size > {}", *room);
    if (argument == platform::Argument::size) {
      append(code, leave_unless(isa::Jump::ne, r, 0, returned()));
      condition.insert(0, "size == 0 || ");
    }
    add(last_, std::move(code),
        format("bound the size before the call, as an unsigned number: `if ({}) return {};`",
               condition, returned()));
  }
}

}  // namespace skep::explain
