#include "verify/invariants.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace skep::verify {
namespace {

// States that do not merge at one head; of rounds that are counted, all of them.
constexpr std::size_t kStatesOfHeadMax = 8, kCountedMax = 128;
// Changes of what is known at a head: up to the first number of them nothing is widened (flags
// settle), then to numbers of the program, then to ends of words, then to anything.
constexpr u32 kHulls = 2, kFineSteps = 14, kCoarseSteps = 20, kChangesMax = 40;

template <class U>
Word<U> widened(const Word<U>& before, const Word<U>& now, const Steps* steps) {
  Word<U> out = now;
  if (now.umax > before.umax) out.umax = steps != nullptr ? steps->up(now.umax) : Word<U>::kMax;
  if (now.umin < before.umin) out.umin = steps != nullptr ? steps->down(now.umin) : U{0};
  if (now.smax > before.smax)
    out.smax = steps != nullptr ? steps->up(now.smax) : Word<U>::kSignedMax;
  if (now.smin < before.smin)
    out.smin = steps != nullptr ? steps->down(now.smin) : Word<U>::kSignedMin;
  const U fresh = static_cast<U>(now.mask & ~before.mask);
  if (fresh == 0) return out;
  // What is aligned stays so.
  const U below = static_cast<U>((U{1} << std::countr_zero(fresh)) - 1);
  const int bits = static_cast<int>(std::bit_width(out.umax));
  const U inside = bits >= Word<U>::kBits ? Word<U>::kMax : static_cast<U>((U{1} << bits) - 1);
  out.mask = static_cast<U>(out.mask | (inside & static_cast<U>(~below)));
  out.value = static_cast<U>(out.value & static_cast<U>(~out.mask));
  return out;
}

Scalar widened(const Scalar& before, const Scalar& now, const Steps* steps) {
  const Scalar wide{widened(before.full, now.full, steps), widened(before.half, now.half, steps)};
  Scalar tight = wide;
  return tight.couple() && tight.includes(now) ? tight : wide;
}

bool grew(const Value& before, const Value& now) {
  return before.kind == now.kind && now.kind != Kind::unset && before.number != now.number;
}

void widen_slot(const StackSlot& before, StackSlot& now, const Steps* steps) {
  Scalar wide = widened(before.value.number, now.value.number, steps);
  if (now.spilled != kSlotBytes) {  // no more than fits
    const Scalar fits = Scalar::range(0, (u64{1} << (8 * now.spilled)) - 1);
    wide = fits.includes(wide) || !now.value.is_number() ? wide : fits;
  }
  now.value.number = wide;
}

void drop_lone_numbers(State& state) {
  std::vector<u32> ids;
  state.for_each_value([&](const Value& value) {
    if (value.is_number() && value.id != 0) ids.push_back(value.id);
  });
  if (ids.empty()) return;
  std::ranges::sort(ids);
  const auto is_alone = [&](const Value& value) {
    return value.is_number() && value.id != 0 &&
           std::ranges::equal_range(ids, value.id).size() == 1;
  };
  state.change_values(is_alone, [](Value& value) { value.unlink(); });
}

}  // namespace

Steps::Steps(const platform::Program& program) {
  values_ = coarse().values_;
  for (const isa::Instruction& i : program.code) {
    const bool counts = i.form == isa::Form::jump || i.form == isa::Form::alu;
    if (!counts || i.has_register_source()) continue;
    for (const s64 value : {i.immediate - 1, i.immediate, i.immediate + 1}) add(value);
  }
  sort();
}

void Steps::add(s64 value) { values_.push_back(value); }

void Steps::sort() {
  std::ranges::sort(values_);
  const auto again = std::ranges::unique(values_);
  values_.erase(again.begin(), again.end());
}

const Steps& Steps::coarse() {
  static const Steps kCoarse = [] {
    Steps out;
    for (const int bits : {0, 7, 8, 15, 16, 31, 32, 63}) {
      const u64 end = u64{1} << bits;
      out.add(static_cast<s64>(end - 1));
      out.add(-static_cast<s64>(end - 1) - 1);
    }
    out.sort();
    return out;
  }();
  return kCoarse;
}

template <class T>
T Steps::up(T value) const {
  constexpr T kMost = std::numeric_limits<T>::max();
  if (std::cmp_greater(value, std::numeric_limits<s64>::max())) return kMost;
  const auto found = std::ranges::lower_bound(values_, static_cast<s64>(value));
  return found == values_.end() || std::cmp_greater(*found, kMost) ? kMost : static_cast<T>(*found);
}

template <class T>
T Steps::down(T value) const {
  constexpr T kLeast = std::numeric_limits<T>::min();
  const s64 most = std::numeric_limits<s64>::max();
  const s64 top = std::cmp_greater(value, most) ? most : static_cast<s64>(value);
  const auto behind = std::ranges::upper_bound(values_, top);
  if (behind == values_.begin()) return kLeast;
  const s64 found = *(behind - 1);
  return std::cmp_less(found, kLeast) ? kLeast : static_cast<T>(found);
}

void widen_to(const State& before, State& now, const Steps* steps) {
  for (std::size_t f = 0; f < now.frames.size(); ++f) {
    const Frame& old_frame = before.frames[f];
    if (&old_frame == &std::as_const(now).frames[f]) continue;
    Frame& frame = now.frames[f];
    for (std::size_t r = 0; r < frame.registers.size(); ++r) {
      Value& value = frame.registers[r];
      if (grew(old_frame.registers[r], value))
        value.number = widened(old_frame.registers[r].number, value.number, steps);
    }
    const Slots &old_slots = old_frame.slots, &slots = frame.slots;
    const std::size_t both = std::min(old_slots.size(), slots.size());
    for (std::size_t s = slots.next_apart(old_slots, 0); s < both;
         s = slots.next_apart(old_slots, s + 1)) {
      const StackSlot &old_slot = old_slots[s], &slot = slots[s];
      if (old_slot.spilled != slot.spilled || slot.spilled == 0 || slot.holds_object()) continue;
      if (grew(old_slot.value, slot.value)) widen_slot(old_slot, frame.slots.edit(s), steps);
    }
  }
}

Invariants::Arrival Invariants::arrive(Analysis& analysis, const Place& place, State& state,
                                       const Counts& counts, Rounds rounds) {
  Known& known = known_[static_cast<u32>(place.loop)];
  if (known.states.empty() || !std::ranges::equal(known.around, place.around)) {
    known.around.assign(place.around.begin(), place.around.end());
    known.states.clear();
    known.changes = 0;
  }
  drop_lone_numbers(state);
  const auto holds = [&](const State& each) { return includes(each, state, counts.live); };
  if (std::ranges::any_of(known.states, holds)) return Arrival::known;
  if (rounds == Rounds::merged) return merge_into(analysis, known, state, counts);
  if (known.states.size() == kCountedMax) return Arrival::lost;
  known.states.push_back(state);
  return Arrival::news;
}

const Steps* Invariants::steps_after(u32 changes) {
  if (changes <= kFineSteps) {
    if (!steps_) steps_.emplace(program_);
    return &*steps_;
  }
  return changes <= kCoarseSteps ? &Steps::coarse() : nullptr;
}

Invariants::Arrival Invariants::merge_into(Analysis& analysis, Known& known, State& state,
                                           const Counts& counts) {
  for (State& each : known.states) {
    State both = each;
    if (!merge(analysis, both, state, counts)) continue;
    if (++known.changes > kChangesMax) return Arrival::lost;
    if (known.changes > kHulls) widen_to(each, both, steps_after(known.changes));
    drop_lone_numbers(both);
    if (!includes(both, state, counts.live))
      return Arrival::lost;  // ids that do not match one to one
    each = both;
    state = std::move(both);
    return Arrival::news;
  }
  if (known.states.size() == kStatesOfHeadMax) return Arrival::lost;
  known.states.push_back(state);
  return Arrival::news;
}

}  // namespace skep::verify
