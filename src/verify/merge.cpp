#include "verify/merge.hpp"

#include <algorithm>
#include <bit>

namespace skep::verify {
namespace {

// Takes the place of an id where a pointer is null on one side: such pointers are null together.
constexpr u32 kNull = ~u32{0};

// Whether a pointer of this kind may become one that may be null.
constexpr bool may_become_null(Kind kind) {
  return kind == Kind::map_value || kind == Kind::memory || kind == Kind::socket ||
         kind == Kind::socket_common || kind == Kind::tcp_socket;
}

// Whether pointers of this kind may differ in where they point to.
constexpr bool may_differ_in_place(Kind kind) {
  return kind == Kind::packet || kind == Kind::packet_meta || kind == Kind::map_value ||
         kind == Kind::map_key || kind == Kind::memory || kind == Kind::record;
}

bool is_null_or(const Value& null, const Value& pointer) {
  return null.is_null() && may_become_null(pointer.kind) && pointer.reference == 0 &&
         pointer.is_at_start();
}

bool pointers_merge(const Value& a, const Value& b) {
  const bool same = a.map == b.map && a.frame == b.frame && a.type == b.type &&
                    a.trust == b.trust && a.read_only == b.read_only && a.reference == b.reference;
  if (!same) return false;
  if (!a.is_packet() && a.range != b.range) return false;
  if (may_differ_in_place(a.kind)) return true;
  return a.offset == b.offset && a.number == b.number;
}

bool merges(const Value& a, const Value& b) {
  if (a.kind == b.kind) return !a.is_pointer() || pointers_merge(a, b);
  return is_null_or(a, b) || is_null_or(b, a);
}

template <class U>
Word<U> hull(const Word<U>& a, const Word<U>& b) {
  const U mask = static_cast<U>(a.mask | b.mask | (a.value ^ b.value));
  return {static_cast<U>(a.value & static_cast<U>(~mask)),
          mask,
          std::min(a.umin, b.umin),
          std::max(a.umax, b.umax),
          std::min(a.smin, b.smin),
          std::max(a.smax, b.smax)};
}

Scalar hull(const Scalar& a, const Scalar& b) {
  return {hull(a.full, b.full), hull(a.half, b.half)};
}

// Ids of two states, and those that stand for both in the merged one: values that were related on
// both sides are, after it.
class Pairs {
 public:
  explicit Pairs(Analysis& analysis) : analysis_(analysis) {}

  // `apart`: how much further the second pointer points, or how much more the second number is.
  u32 of(u32 a, u32 b, s64 apart) {
    if (a == b && apart == 0) return a;
    for (std::size_t at = 0; at < count_; ++at) {
      const Pair& each = pairs_[at];
      if (each.a == a && each.b == b && each.apart == apart) return each.id;
    }
    const u32 id = analysis_.new_id();
    if (count_ < pairs_.size()) pairs_[count_++] = {a, b, apart, id};
    return id;  // unrelated to others, where there is no room
  }

 private:
  struct Pair {
    u32 a;
    u32 b;
    s64 apart;
    u32 id;
  };
  Analysis& analysis_;
  std::size_t count_ = 0;
  std::array<Pair, 32> pairs_;
};

void merge_number(Pairs& pairs, Value& a, const Value& b) {
  a.number = hull(a.number, b.number);
  // Sums of 32 bits stand to numbers of 32 bits; what is more than these is no such number.
  const bool relates = a.is_low == b.is_low && (!a.is_low || a.offset == b.offset);
  if (a.id == 0 || b.id == 0 || !relates) {
    a.unlink();
  } else {
    a.id = pairs.of(a.id, b.id, b.offset - a.offset);
  }
  if (a.lost_at != b.lost_at) a.lost_at = 0;
}

// The pointer is to be seen as one that starts `by` bytes earlier.
void start_earlier(Value& pointer, s64 by) {
  if (by == 0) return;
  pointer.number =
      apply(isa::Alu::add, isa::Width::w64, pointer.number, Scalar::constant(static_cast<u64>(by)));
  pointer.offset -= by;
  if (pointer.is_packet()) pointer.range -= std::min<u32>(pointer.range, static_cast<u32>(by));
}

void merge_pointer(Pairs& pairs, Value& a, Value b) {
  const s64 apart = b.offset - a.offset;
  const bool relates = a.is_packet() ||
                       ((a.kind == Kind::map_value || a.kind == Kind::own) && (a.id | b.id) != 0) ||
                       a.null == Null::maybe || b.null == Null::maybe;
  const u32 id = relates ? pairs.of(a.id, b.id, apart) : 0;
  start_earlier(a, std::max<s64>(-apart, 0));
  start_earlier(b, std::max<s64>(apart, 0));
  a.number = hull(a.number, b.number);
  if (a.is_packet()) a.range = std::min(a.range, b.range);
  if (a.end != b.end) a.end = PacketEnd::unknown;
  if (b.null == Null::maybe) a.null = Null::maybe;
  a.id = id;
}

void merge_value(Pairs& pairs, Value& a, const Value& b) {
  if (a.kind == Kind::unset || a == b) return;
  if (a.kind == b.kind) {
    if (a.is_number()) {
      merge_number(pairs, a, b);
    } else {
      merge_pointer(pairs, a, b);
    }
    return;
  }
  const bool first_is_null = a.is_number();
  const u32 other = first_is_null ? b.id : a.id;
  if (first_is_null) a = b;
  a.id = first_is_null ? pairs.of(kNull, other, 0) : pairs.of(other, kNull, 0);
  a.null = Null::maybe;
}

void merge_slot(Pairs& pairs, StackSlot& a, const StackSlot& b) {
  if (a.holds_object()) return;  // the same in both
  a.zero &= b.zero;
  const bool keeps = a.spilled == b.spilled && a.spilled != 0 && merges(a.value, b.value);
  if (keeps) {
    merge_value(pairs, a.value, b.value);
    a.set &= b.set;
    return;
  }
  // Bytes of a pointer are not to be taken for a number's.
  const auto hides_pointer = [](const StackSlot& slot) {
    return slot.spilled != 0 && slot.value.is_pointer();
  };
  a.set = hides_pointer(a) || hides_pointer(b) ? 0 : a.set & b.set;
  a.spilled = 0;
  a.value = {};
}

void merge_frame(Pairs& pairs, Frame& a, const Frame& b, Registers live) {
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    Value& value = a.registers[r];
    if ((live & bit(r)) != 0) {
      merge_value(pairs, value, b.registers[r]);
    } else if (value.kind != Kind::unset) {
      value = Value::unset_value();
    }
  }
  const Slots &slots = a.slots, &others = b.slots;
  for (std::size_t s = slots.next_apart(others, 0); s < slots.size();
       s = slots.next_apart(others, s + 1)) {
    if (slots[s].is_untouched() || slots[s] == others[s]) continue;
    merge_slot(pairs, a.slots.edit(s), others[s]);
  }
}

// Objects on the stack are the same in both, or on one side what is done with them goes unseen.
bool objects_merge(const Slots& a, const Slots& b) {
  const std::size_t end = std::max(a.size(), b.size());
  for (std::size_t s = a.next_apart(b, 0); s < end; s = a.next_apart(b, s + 1)) {
    const StackSlot &one = a[s], &other = b[s];
    if (!one.holds_object() && !other.holds_object()) continue;
    const bool same = one.holds_object() && other.holds_object() &&
                      one.value.kind == other.value.kind && one.value.id == other.value.id &&
                      pointers_merge(one.value, other.value);
    if (!same) return false;
  }
  return true;
}

// Whether what is in these slots can be said of both: pointers, and nulls in the place of one.
bool pointers_stay(const Slots& a, const Slots& b, u64 slots) {
  if (a.are(b)) return true;
  const auto pointer_in = [](const Slots& in, std::size_t s) {
    return s < in.size() && in[s].spilled != 0 && !in[s].value.is_number();
  };
  const auto null_in = [](const Slots& in, std::size_t s) {
    return s < in.size() && in[s].spilled != 0 && in[s].value.is_null();
  };
  for (; slots != 0; slots &= slots - 1) {
    const auto s = static_cast<std::size_t>(std::countr_zero(slots));
    if (!pointer_in(a, s) && !pointer_in(b, s)) {
      if (null_in(a, s) != null_in(b, s)) return false;
      continue;
    }
    const bool both = s < std::min(a.size(), b.size()) && a[s].spilled == b[s].spilled &&
                      merges(a[s].value, b[s].value);
    if (!both) return false;
  }
  return true;
}

bool frames_merge(const Frame& a, const Frame& b, Registers live) {
  if (a.function != b.function || a.return_to != b.return_to || a.entered != b.entered ||
      a.rounds != b.rounds)
    return false;
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    if ((live & bit(r)) != 0 && !merges(a.registers[r], b.registers[r])) return false;
  }
  return objects_merge(a.slots, b.slots);
}

bool same_held(const State& a, const State& b) {
  return std::ranges::equal(a.held, b.held, [](const Held& left, const Held& right) {
    return left.id == right.id && left.what == right.what && left.map == right.map;
  });
}

}  // namespace

bool merge(Analysis& analysis, State& into, const State& from, const Counts& counts) {
  if (into.frames.size() != from.frames.size() || into.rounds != from.rounds ||
      into.sections != from.sections || !same_held(into, from))
    return false;
  const Frames& frames = into.frames;
  const auto shares = [&](std::size_t f) { return &frames[f] == &from.frames[f]; };
  for (std::size_t f = 0; f < frames.size(); ++f) {
    if (shares(f)) continue;
    if (!frames_merge(frames[f], from.frames[f], counts.live[f]) ||
        !pointers_stay(frames[f].slots, from.frames[f].slots, counts.pointers[f]))
      return false;
  }
  Pairs pairs(analysis);
  for (std::size_t f = 0; f < frames.size(); ++f) {
    if (!shares(f)) merge_frame(pairs, into.frames[f], from.frames[f], counts.live[f]);
  }
  return true;
}

}  // namespace skep::verify
