#include "verify/speculation.hpp"

#include <algorithm>

#include "verify/fields.hpp"

namespace skep::verify {
namespace {

using isa::Alu;
using isa::Instruction;

constexpr std::string_view kHint =
    "needs CAP_PERFMON: without it the kernel masks what is added to a pointer, in one way";

Refusal cannot_mask(std::string message, std::string reason) {
  return {Property::speculation, std::move(message), std::move(reason), std::string(kHint)};
}

// The pointer stays inside of what it points into (sanitize_check_bounds).
Check check_inside(const Analysis& analysis, const Move& move) {
  const Value& moved = move.moved;
  const std::string is = format("{} becomes {}", register_name(move.r), describe(moved));
  if (moved.kind == Kind::stack) {
    if (!moved.number.is_constant())
      return cannot_mask("a pointer into the stack is moved by a number that is not constant", is);
    const s64 place = moved.offset + static_cast<s64>(moved.number.value());
    if (place < 0 && place >= -s64{isa::kStackBytes}) return {};
    return cannot_mask("a pointer into the stack is moved out of it", is);
  }
  if (moved.kind != Kind::map_value) return {};
  const s64 first = moved.offset + moved.number.full.smin;
  const s64 last = moved.offset + moved.number.full.smax;
  if (first < 0 || last >= s64{analysis.map(moved.map).value_size})
    return cannot_mask("a pointer into a value of a map is moved out of it", is);
  return check_fields(
      analysis, moved,
      {.r = move.r, .offset = 0, .bytes = 1, .touch = Touch::read, .by = By::helper});
}

// How far the pointer may be moved, or nothing when it is too far already (retrieve_ptr_limit).
std::optional<u32> limit_of(const Analysis& analysis, const Value& pointer, bool to_left) {
  u32 most = 0;
  s64 limit = 0;
  if (pointer.kind == Kind::stack) {
    most = isa::kStackBytes + (to_left ? 1 : 0);
    limit = -(pointer.offset + static_cast<s64>(pointer.number.value()));
  } else {
    most = analysis.map(pointer.map).value_size;
    limit = pointer.offset + (to_left ? pointer.number.full.smin : pointer.number.full.smax);
  }
  const u32 narrow = static_cast<u32>(limit);
  if (narrow >= most) return std::nullopt;
  return narrow;
}

Check note_masking(Analysis& analysis, isa::InstructionIndex at, const Masking& now) {
  std::optional<Masking>& known = analysis.masking[at.value()];
  if (known && *known != now) {
    return cannot_mask(
        "one addition is to be masked in two ways",
        now.is_number != known->is_number
            ? "on one path a pointer is moved, on another a number"
            : format("on one path by up to {}, on another by up to {}", known->limit, now.limit));
  }
  known = now;
  return {};
}

Check check_masking(Analysis& analysis, isa::InstructionIndex at, const Move& move) {
  const Instruction& i = analysis.program.code[at.value()];
  const auto& [pointer, number, moved, r] = move;
  const bool is_negative = number.full.smin < 0;
  if (!number.is_constant() && is_negative != (number.full.smax < 0)) {
    return cannot_mask("a pointer is moved by a number that may be negative or not",
                       format("the number is {}", describe(number)));
  }
  const bool possible =
      (pointer.kind == Kind::stack || pointer.kind == Kind::map_value) && pointer.null == Null::no;
  if (!possible) {
    return cannot_mask(
        "a pointer is moved by a register that points neither to the stack nor to a map",
        format("it is {}", describe(pointer)));
  }
  const bool to_left = (i.alu() == Alu::add) == is_negative;
  const auto before = limit_of(analysis, pointer, to_left);
  const auto after = limit_of(analysis, moved, to_left);
  if (!before || !after)
    return cannot_mask("a pointer is moved beyond what it points into",
                       format("it is {}, then {}", describe(pointer), describe(moved)));
  analysis.masks_unknown |= !number.is_constant();
  return note_masking(analysis, at,
                      {.is_negative = is_negative,
                       .is_constant = number.is_constant(),
                       .is_source = r == i.dst,
                       .limit = *before > *after ? *before - *after : *after - *before});
}

}  // namespace

Check check_move(Analysis& analysis, isa::InstructionIndex at, const Move& move) {
  if (analysis.masking.empty()) return {};
  if (analysis.program.code[at.value()].has_register_source()) {
    if (auto wrong = check_masking(analysis, at, move)) return wrong;
  }
  return check_inside(analysis, move);
}

Check check_number_addition(Analysis& analysis, isa::InstructionIndex at) {
  if (analysis.masking.empty()) return {};
  const Instruction& i = analysis.program.code[at.value()];
  const bool counts = i.has_register_source() && (i.alu() == Alu::add || i.alu() == Alu::sub);
  return counts ? note_masking(analysis, at, {.is_number = true}) : Check();
}

}  // namespace skep::verify
