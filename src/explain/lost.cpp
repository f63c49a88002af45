#include "explain/lost.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "text/text.hpp"
#include "verify/analysis.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Kind;
using verify::Step;
using verify::Value;

// From here on the kernel and we take no offset (BPF_MAX_VAR_OFF in include/linux/bpf_verifier.h).
constexpr u64 kBounded = u64{1} << 29;
constexpr u32 kInstructionsAhead = 64;  // how far the other side of a branch is read

bool is_bounded(const Value& value) {
  return value.is_number() && value.number.full.umax < kBounded;
}

Step step_at(const Way& way, std::size_t stop, std::string what) {
  return {way.slot(stop), way.line(stop), std::move(what), way.source(stop)};
}

std::string called(const Way& way, std::size_t stop) { return way.text(stop).substr(5); }

// ---- what was never set

// Whether the straight code from `at` on writes the register, or stores to the slot by r10.
std::optional<isa::InstructionIndex> sets(const Way& way, isa::InstructionIndex at,
                                          const Place& place) {
  const isa::Code& code = way.program().code;
  for (u32 n = 0; n < kInstructionsAhead && at.value() < code.size(); ++n) {
    const Instruction& i = code[at.value()];
    const bool stores = i.form == Form::store && i.dst == isa::kFramePointer && i.offset < 0 &&
                        verify::Frame::slot_of(i.offset) == place.number;
    const bool writes = (verify::effects_of(i).writes & verify::bit(place.number)) != 0;
    if (place.is_slot ? stores : writes && i.form != Form::call) return at;
    if (i.form == Form::exit || i.form == Form::jump) return std::nullopt;
    at = i.form == Form::jump_always ? i.target : at.next();
  }
  return std::nullopt;
}

// The nearest branch whose other way sets what is not set on this one.
std::optional<Step> other_way(const Way& way, const Place& place) {
  std::optional<Step> out;
  way.jumps_between(0, way.stops().size() - 1, [&](std::size_t jump) {
    if (out || way.depth(jump) != place.frame) return;
    const Instruction& i = way.instruction(jump);
    const auto other = way.is_taken(jump) ? way.stops()[jump].at.next() : i.target;
    const auto setter = sets(way, other, place);
    if (!setter) return;
    const platform::SourceLine* line = way.program().line_at(*setter);
    const u32 slot = way.program().code[setter->value()].slot.value();
    out = step_at(way, jump,
                  line != nullptr && line->line != 0
                      ? format("the other way of this branch sets it, in line {}", line->line)
                      : format("the other way of this branch sets it, in instruction {}", slot));
  });
  return out;
}

std::string name_of(const Place& place) {
  if (!place.is_slot) return format("r{}", place.number);
  return format("fp-{}", (u32{place.number} + 1) * verify::kSlotBytes);
}

std::vector<Step> lost_by_never_set(const Way& way, const Place& place) {
  const Made made = way.made(place);
  if (made.by && way.instruction(*made.by).form == Form::call) {
    return {step_at(way, *made.by, format("{} does not keep r1 to r5", called(way, *made.by)))};
  }
  if (auto branch = other_way(way, place)) return {*branch};
  return {step_at(way, way.stops().size() - 1,
                  format("no instruction on this path sets {}", name_of(place)))};
}

// ---- pointers that a call made invalid

std::vector<Step> lost_by_call(const Way& way, u32 instruction) {
  for (std::size_t stop = way.stops().size(); stop-- > 0;) {
    if (way.stops()[stop].at.value() != instruction) continue;
    return {step_at(way, stop, format("{} ended what it pointed to", called(way, stop)))};
  }
  return {};
}

// ---- packets

bool is_end(const Value& value) {
  return value.kind == Kind::packet_end || value.kind == Kind::packet_meta;
}

std::vector<Step> lost_packet(const Way& way, const Place& place) {
  const Value& pointer = way.value(place);
  const Made made = way.made(place);
  const std::size_t last = way.stops().size() - 1;
  for (const std::size_t by : made.changed_by) {
    const Instruction& i = way.instruction(by);
    const bool variable = i.form == Form::alu && i.has_register_source() &&
                          !way.stops()[by].state.frame().registers[i.src].number.is_constant();
    if (variable && pointer.range == 0) {
      return {
          step_at(way, by,
                  "an offset that is not known is added here: what was compared before does not "
                  "count behind it")};
    }
  }
  std::optional<Step> compared;
  way.jumps_between(0, last, [&](std::size_t jump) {
    const Instruction& i = way.instruction(jump);
    if (compared || !i.has_register_source()) return;
    const auto& registers = way.stops()[jump].state.frame().registers;
    const Value &a = registers[i.dst], &b = registers[i.src];
    if (!(is_end(a) && b.is_packet()) && !(is_end(b) && a.is_packet())) return;
    const Value& other = a.is_packet() && !is_end(a) ? a : b;
    if (other.id != pointer.id) return;
    compared =
        step_at(way, jump,
                pointer.range == 0
                    ? std::string("this way of the comparison says that the bytes are not there")
                    : format("compared here, for {}", counted(pointer.range, "byte")));
  });
  if (compared) return {*compared};
  return {step_at(way, made.by.value_or(0), "from here on it was never compared with data_end")};
}

// ---- null

std::vector<Step> lost_null(const Way& way, const Place& place) {
  const Made made = way.made(place);
  if (!made.by) return {};
  const Instruction& i = way.instruction(*made.by);
  const std::string what = i.form == Form::call ? called(way, *made.by) : way.text(*made.by);
  return {step_at(way, *made.by,
                  format("{} may give null, and no branch on this path compares it with 0", what))};
}

// ---- numbers

// The comparisons that bound a copy of the same number, which this one does not learn from.
void find_compared_copies(const Way& way, const Place& place, const Made& made,
                          std::vector<Step>& out) {
  const std::size_t from = made.by.value_or(0);
  way.jumps_between(from, way.stops().size() - 1, [&](std::size_t jump) {
    const Instruction& i = way.instruction(jump);
    if (!out.empty() || way.depth(jump) != place.frame) return;
    for (const u8 r : {i.dst, i.src}) {
      if (r == i.src && !i.has_register_source()) continue;
      const Place compared{jump, place.frame, r, false};
      if (!way.value(compared).is_number() || way.made(compared).by != made.by || !made.by)
        continue;
      out.push_back(
          step_at(way, jump,
                  is_bounded(way.value({way.stops().size() - 1, place.frame, r, false})) &&
                          r != place.number
                      ? format("a copy of it, r{}, is bounded here, and this one is not", r)
                      : std::string("compared here, but this way does not bound it enough")));
      return;
    }
  });
}

// What a number behind one instruction was made from: the operand that was not bounded either. Of a
// bounded one the operand that is not constant.
std::optional<u8> operand_of(const Way& way, std::size_t by, bool bounded) {
  const Instruction& i = way.instruction(by);
  const auto& registers = way.stops()[by].state.frame().registers;
  const verify::Registers reads = verify::effects_of(i).reads;
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    if ((reads & verify::bit(r)) == 0 || !registers[r].is_number()) continue;
    if (bounded ? !registers[r].number.is_constant() : !is_bounded(registers[r])) return r;
  }
  return std::nullopt;
}

std::vector<Step> lost_bounds(const Way& way, Place place, u32 depth = 0) {
  constexpr u32 kDepthMax = 16;
  const Made made = way.made(place);
  std::vector<Step> out;
  for (const std::size_t by : made.changed_by) {
    const bool stored = way.instruction(by).form != Form::alu;
    out.push_back(step_at(way, by,
                          stored ? "only a part of what was stored is loaded here"
                                 : "the upper half is cut off here"));
    if (is_bounded(way.value({by, way.depth(by), way.instruction(by).src, false}))) return out;
  }
  out.clear();
  if (!made.by) return out;
  const Instruction& i = way.instruction(*made.by);
  if (i.form == Form::alu) {
    const Value& behind = way.stops()[*made.by + 1].state.frame().registers[i.dst];
    const auto operand = operand_of(way, *made.by, is_bounded(behind));
    if (operand && depth < kDepthMax)
      return lost_bounds(way, {*made.by, way.depth(*made.by), *operand, false}, depth + 1);
    const Value& before = way.stops()[*made.by].state.frame().registers[i.dst];
    return {step_at(way, *made.by,
                    before.is_number()
                        ? format("{} makes {} out of bounds that were known ({})",
                                 way.text(*made.by), name_of(place), describe(before.number))
                        : way.text(*made.by))};
  }
  find_compared_copies(way, place, made, out);
  const std::string how = how_made(way, made);
  out.insert(out.begin(),
             step_at(way, *made.by, format("it may be anything from here on: it is {}", how)));
  if (out.size() == 1 && !is_bounded(way.value(place)))
    out[0].what += ", and no branch on this path bounds it";
  return out;
}

// The number that moved a pointer by more than it may.
std::vector<Step> lost_offset(const Way& way, const Place& place) {
  const Made made = way.made(place);
  for (const std::size_t by : made.changed_by) {
    const Instruction& i = way.instruction(by);
    if (!i.has_register_source()) continue;
    const Value& before = way.stops()[by].state.frame().registers[i.src];
    if (!before.is_number() || before.number.is_constant()) continue;
    std::vector<Step> out = lost_bounds(way, {by, way.depth(by), i.src, false});
    out.push_back(step_at(way, by, format("added here: {}", describe(before.number))));
    return out;
  }
  return {};
}

}  // namespace

std::vector<Step> find_lost(const Way& way, const Place& place) {
  const Value& value = way.value(place);
  if (value.lost_at != 0) return lost_by_call(way, value.lost_at - 1);
  if (value.kind == Kind::unset) return lost_by_never_set(way, place);
  if (value.is_pointer() && value.null == verify::Null::maybe) return lost_null(way, place);
  if (value.is_packet()) return lost_packet(way, place);
  if (value.is_number() && !value.number.is_constant()) return lost_bounds(way, place);
  if (value.is_pointer() && !value.number.is_constant()) return lost_offset(way, place);
  return {};
}

}  // namespace skep::explain
