#include "explain/editor.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "explain/snippets.hpp"
#include "platform/returns.hpp"
#include "text/text.hpp"
#include "verify/analysis.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Kind;
using verify::Value;

}  // namespace

std::vector<Changed> Editor::edits() {
  const std::string& rule = report_.property;
  if (rule == "null-check") add_null_checks();
  if (rule == "packet-bounds") add_packet_comparison();
  if (rule == "map-value-bounds" || rule == "stack-bounds" || rule == "record-bounds" ||
      rule == "pointer-arithmetic")
    add_offset_bounds();
  if (rule == "uninitialised-stack") add_zeroed_stack();
  if (rule == "uninitialised-register") add_initial_values();
  if (rule == "held-reference") add_releases();
  if (rule == "return-value") add_return_values();
  if (rule == "helper-argument" || rule.ends_with("-bounds")) add_size_bounds();
  return std::move(out_);
}

s64 Editor::returned() const {
  const auto range = platform::allowed_returns(
      program_->type, platform::loaded_as(program_->type, program_->attach_type));
  return range && way_.depth(last_) == 0 && range->least > 0 ? range->least : 0;
}

std::string Editor::place(std::size_t stop) const {
  const u32 line = way_.line(stop);
  return line == 0 ? format("instruction {}", way_.slot(stop)) : format("line {}", line);
}

std::string Editor::made_in(u8 r) const {
  const Made made = way_.made({last_, way_.depth(last_), r, false});
  return made.by ? format("{} in {}", how_made(way_, made), place(*made.by)) : how_made(way_, made);
}

std::string Editor::describe_made(std::size_t stop, u8 r) const {
  return how_made(way_, way_.made({stop, way_.depth(stop), r, false}));
}

std::string Editor::line_of(isa::InstructionIndex at) const {
  const platform::SourceLine* line = program_->line_at(at);
  return line != nullptr && line->line != 0
             ? format("line {}", line->line)
             : format("instruction {}", program_->code[at.value()].slot.value());
}

void Editor::add(std::size_t stop, isa::Code code, std::string what) {
  Changed changed;
  changed.edit.what = std::move(what);
  changed.edit.slot = way_.slot(stop);
  changed.edit.line = way_.line(stop);
  isa::assign_slots(code);
  for (std::size_t at = 0; at < code.size(); ++at) {
    // A jump to behind the new code has no instruction to name there.
    isa::Code shown = code;
    shown.push_back({});
    isa::assign_slots(shown);
    changed.edit.instructions.push_back(text::disassemble(shown, isa::InstructionIndex(at)));
  }
  changed.program =
      with_inserted(program_, {.before = way_.stops()[stop].at, .code = std::move(code)});
  out_.push_back(std::move(changed));
}

void Editor::on_way(std::size_t jump, const isa::Code& code, const std::string& what) {
  Changed changed;
  const std::string source = way_.source(jump);
  changed.edit.what =
      what + (source.empty() ? format(" behind {}", place(jump)) : format(" behind `{}`", source));
  changed.edit.slot = way_.slot(jump);
  changed.edit.line = way_.line(jump);
  isa::Code shown = code;
  isa::assign_slots(shown);
  for (std::size_t at = 0; at < shown.size(); ++at)
    changed.edit.instructions.push_back(text::disassemble(shown, isa::InstructionIndex(at)));
  const isa::InstructionIndex at = way_.stops()[jump].at;
  changed.program =
      way_.is_taken(jump)
          ? with_inserted_on_jump(program_, at, code)
          : with_inserted(program_,
                          {.before = at.next(), .comes = Comes::falling_through, .code = code});
  out_.push_back(std::move(changed));
}

void Editor::on_ways(const isa::Code& code, const std::string& what) {
  way_.jumps_between(0, last_, [&](std::size_t jump) {
    if (way_.depth(jump) == way_.depth(last_)) on_way(jump, code, what);
  });
}

std::vector<u8> Editor::free_registers() const {
  const verify::Registers live = verify::live_registers(*program_)[way_.last().at.value()];
  const verify::Registers reads = verify::effects_of(refused()).reads;
  std::vector<u8> out;
  for (const u8 r : std::to_array<u8>({0, 1, 2, 3, 4, 5, 9, 8, 7, 6})) {
    if (((live | reads) & verify::bit(r)) == 0) out.push_back(r);
  }
  return out;
}

std::optional<u8> Editor::register_with(Kind kind) const {
  for (u8 r = 0; r < isa::kFramePointer; ++r) {
    if (value(r).kind == kind && value(r).is_at_start()) return r;
  }
  return std::nullopt;
}

std::size_t Editor::begin_of_frame() const {
  std::size_t at = last_;
  while (at > 0 && way_.depth(at - 1) >= way_.depth(last_)) --at;
  return at;
}

std::optional<s64> Editor::bytes_behind(const Value& pointer) const {
  if (pointer.kind == Kind::stack) return -pointer.offset;
  if (pointer.kind == Kind::record || pointer.kind == Kind::memory)
    return s64{pointer.range} - pointer.offset;
  if (pointer.kind != Kind::map_value) return std::nullopt;
  const auto number = static_cast<std::size_t>(pointer.map);
  if (number >= program_->maps->size()) return std::nullopt;
  return s64{(*program_->maps)[number].value_size} - pointer.offset;
}

void Editor::add_null_checks() {
  const verify::Registers reads = verify::effects_of(refused()).reads;
  for (u8 r = 0; r < isa::kFramePointer; ++r) {
    const bool maybe = value(r).is_pointer() && value(r).null == verify::Null::maybe;
    if ((reads & verify::bit(r)) == 0 || !maybe) continue;
    add(last_, leave_unless(isa::Jump::ne, r, 0, returned()),
        format("compare what is {} with null: `if (!pointer) return {};`", made_in(r), returned()));
  }
}

void Editor::add_zeroed_stack() {
  const verify::Registers reads = verify::effects_of(refused()).reads;
  s64 first = 0;
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    const Value& pointer = value(r);
    const bool is_own = pointer.kind == Kind::stack && pointer.frame == way_.depth(last_) &&
                        pointer.number.is_constant();
    const bool is_access = refused().form != Form::call;
    if ((reads & verify::bit(r)) == 0 || !is_own) continue;
    first = std::min(first, pointer.offset + (is_access ? refused().offset : 0));
  }
  if (first == 0) return;
  isa::Code code;
  for (s64 offset = (first - 7) / 8 * 8; offset < 0; offset += 8)
    code.push_back(store_zero(static_cast<s16>(offset)));
  add(begin_of_frame(), std::move(code), "initialise the variable, padding included: `= {}`");
}

void Editor::add_initial_values() {
  const verify::Registers reads = verify::effects_of(refused()).reads;
  for (u8 r = 0; r < isa::kFramePointer; ++r) {
    const bool is_unset = value(r).kind == Kind::unset && value(r).lost_at == 0;
    if ((reads & verify::bit(r)) == 0 || !is_unset) continue;
    add(begin_of_frame(), {set(r, 0)}, "give the variable a value where it is declared, as `= 0`");
    add(last_, {set(r, 0)}, "give the variable a value on this path, as `= 0`");
  }
}

void Editor::add_return_values() {
  if (refused().form != Form::exit) return;
  const Value& result = value(isa::kR0);
  const bool is_unset = result.kind == Kind::unset;
  if (is_unset) {
    add(begin_of_frame(), {set(isa::kR0, returned())},
        format("return a value on every path, as `return {};`", returned()));
    on_ways({set(isa::kR0, returned())},
            format("return a value on this path, as `return {};`", returned()));
  }
  const std::string what =
      result.is_number() ? "one of the values that are allowed" : "a number instead of a pointer";
  add(last_, {set(isa::kR0, returned())}, format("return {}, as `return {};`", what, returned()));
}

}  // namespace skep::explain
