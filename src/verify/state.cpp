// Inclusion of states: the test on which pruning stands.
//
// `now` is included in `before` when every concrete machine state of `now` is one of `before`.
// Identities (id) need not be the same numbers, but must relate the same values: the map from ids
// of `before` to ids of `now` that a comparison builds up must be a function in both directions.
#include "verify/state.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/text.hpp"

namespace skep::verify {
namespace {

class Comparison {
 public:
  enum class How : u8 { inclusion, whole_inclusion, equality };
  explicit Comparison(How how, Strictness strictness = {}) : how_(how), strictness_(strictness) {}

  bool frames(const State& before, const State& now, const Relevant& relevant) {
    if (before.frames.size() != now.frames.size() || before.held.size() != now.held.size() ||
        !sections(before.sections, now.sections)) {
      return false;
    }
    for (std::size_t at = 0; at < before.frames.size(); ++at) {
      if (!frame(before.frames[at], now.frames[at], relevant.registers[at], relevant.slots[at])) {
        return false;
      }
    }
    for (std::size_t at = 0; at < before.held.size(); ++at) {
      const Held &old_held = before.held[at], &held = now.held[at];
      if (old_held.what != held.what || old_held.map != held.map || !same_id(old_held.id, held.id))
        return false;
    }
    return true;
  }

 private:
  bool sections(const Sections& before, const Sections& now) {
    if (before.rcu != now.rcu || before.preemption != now.preemption) return false;
    return std::ranges::equal(before.interrupts, now.interrupts,
                              [this](u32 a, u32 b) { return same_id(a, b); });
  }

  bool frame(const Frame& before, const Frame& now, Registers live, u64 slots) {
    if (before.function != now.function || before.return_to != now.return_to ||
        before.entered != now.entered)
      return false;
    // What was walked in a late round of a callback says nothing of one that more rounds follow
    // (callback_depth in the kernel's func_states_equal()).
    if (how_ != How::equality && before.rounds > now.rounds) return false;
    for (std::size_t r = 0; r < before.registers.size(); ++r) {
      if ((live & bit(static_cast<u8>(r))) == 0) continue;
      if (!value(before.registers[r], now.registers[r])) return false;
    }
    for (std::size_t at = 0; at < before.slots.size(); ++at) {
      const StackSlot& old_slot = before.slots[at];
      if ((slots >> at & 1) == 0) continue;
      if (old_slot.is_untouched()) {
        if (at < now.slots.size() && now.slots[at].holds_object()) return false;
        continue;
      }
      if (at >= now.slots.size() || !slot(old_slot, now.slots[at])) return false;
    }
    for (std::size_t at = before.slots.size(); at < now.slots.size(); ++at) {
      if ((slots >> at & 1) != 0 && now.slots[at].holds_object()) return false;
    }
    return how_ != How::equality || same_depth(before, now);
  }

  // Slots that only `now` has are more than `before` needed: fine for inclusion.
  static bool same_depth(const Frame& before, const Frame& now) {
    for (std::size_t at = before.slots.size(); at < now.slots.size(); ++at) {
      if (!now.slots[at].is_untouched()) return false;
    }
    return true;
  }

  bool slot(const StackSlot& before, const StackSlot& now) {
    if (&before == &now) return before.spilled == 0 || same(before.value);
    if ((before.set & ~now.set) != 0 || (before.zero & ~now.zero) != 0) return false;
    const bool any_number = before.value.is_number() && is_ignored(before.value);
    if (before.spilled == 0)  // proved for any bytes, which an object's are not
      return how_ != How::equality ? !now.holds_object() && !holds_address(now) : now.spilled == 0;
    if (any_number) return now.spilled == 0 || now.value.is_number();
    return before.spilled == now.spilled && value(before.value, now.value);
  }

  // Of a value that both states share: what relates it to others must do so in both.
  bool same(const Value& value) {
    if (value.kind == Kind::unset || (value.is_number() && is_ignored(value))) return true;
    if (!same_id(value.id, value.id)) return false;
    return value.is_number() || same_id(value.reference, value.reference);
  }

  bool value(const Value& before, const Value& now) {
    if (&before == &now) return same(before);
    if (before.kind == Kind::unset) return true;  // proved without reading it
    if (before.kind != now.kind) return false;
    if (before.kind == Kind::number) {
      if (is_ignored(before)) return true;
      if (!number(before.number, now.number)) return false;
      // A relation that was used must still hold.
      return before.id == 0 || (before.offset == now.offset && before.is_low == now.is_low &&
                                same_id(before.id, now.id));
    }
    return before.null == now.null && before.map == now.map && before.frame == now.frame &&
           before.type == now.type && before.trust == now.trust &&
           before.read_only == now.read_only && before.offset == now.offset && range(before, now) &&
           number(before.number, now.number) && same_id(before.id, now.id) &&
           same_id(before.reference, now.reference);
  }

  bool holds_address(const StackSlot& slot) const {
    return strictness_.pointers_apart && slot.spilled != 0 && slot.value.is_pointer();
  }

  // For inclusion, only numbers on which something stood count.
  bool is_ignored(const Value& before) const {
    return how_ == How::inclusion && before.precise == Precise::no && !strictness_.exact_numbers;
  }

  bool range(const Value& before, const Value& now) const {
    if (before.end != now.end) return false;
    if (before.is_packet() && how_ != How::equality) return before.range <= now.range;
    return before.range == now.range;
  }

  bool number(const Scalar& before, const Scalar& now) const {
    const bool exact = how_ == How::equality || strictness_.exact_numbers;
    return exact ? before == now : before.includes(now);
  }

  // States with more identities than there is room for are said to differ: they are walked.
  bool same_id(u32 before, u32 now) {
    if (before == 0 || now == 0) return before == now;
    for (std::size_t at = 0; at < ids_count_; ++at) {
      const auto& [old_id, new_id] = ids_[at];
      if (old_id == before || new_id == now) return old_id == before && new_id == now;
    }
    if (ids_count_ == ids_.size()) return false;
    ids_[ids_count_++] = {before, now};
    return true;
  }

  struct SameId {
    u32 before;
    u32 now;
  };
  How how_;
  Strictness strictness_;
  std::size_t ids_count_ = 0;
  std::array<SameId, 64> ids_;  // the first ids_count_
};

// Whether a register alone shows that the frames are not equal: of a loop that counts, one does.
bool differs_at_a_glance(const Frame& before, const Frame& now, Registers live) {
  for (; live != 0; live &= static_cast<Registers>(live - 1)) {
    const auto r = static_cast<std::size_t>(std::countr_zero(live));
    const Value& old_value = before.registers[r];
    const Value& new_value = now.registers[r];
    if (old_value.kind != new_value.kind || old_value.offset != new_value.offset ||
        old_value.number.full.umin != new_value.number.full.umin ||
        old_value.number.full.umax != new_value.number.full.umax)
      return true;
  }
  return false;
}

std::string offset_text(const Value& value) {
  std::string out;
  if (value.offset != 0)
    out += format(" {} {}", value.offset < 0 ? "-" : "+",
                  value.offset < 0 ? -value.offset : value.offset);
  if (!value.number.is_constant()) out += format(" + ({})", describe(value.number));
  if (value.number.is_constant() && value.number.value() != 0) {
    out += format(" + {}", static_cast<s64>(value.number.value()));
  }
  return out;
}

}  // namespace

bool covers(const State& before, const State& now, const Relevant& relevant) {
  return Comparison(Comparison::How::inclusion, relevant.strictness).frames(before, now, relevant);
}

bool includes(const State& before, const State& now, std::span<const Registers> live,
              Strictness strictness) {
  SlotSets all;
  all.fill(~u64{0});
  return Comparison(Comparison::How::whole_inclusion, strictness).frames(before, now, {live, all});
}

bool same_rounds(const State& before, const State& now) {
  bool same = before.rounds == now.rounds && before.frames.size() == now.frames.size();
  for (std::size_t at = 0; same && at < now.frames.size(); ++at)
    same = before.frames[at].rounds == now.frames[at].rounds;
  return same;
}

void widen(const State& before, State& now) {
  const auto differs = [](const Value& old_value, const Value& value) {
    return old_value.is_number() && value.is_number() && old_value.precise == Precise::no &&
           old_value.number != value.number;
  };
  for (std::size_t at = 0; at < std::min(before.frames.size(), now.frames.size()); ++at) {
    const Frame& old_frame = before.frames[at];
    if (&old_frame == &std::as_const(now).frames[at]) continue;
    Frame& frame = now.frames[at];
    for (std::size_t r = 0; r < frame.registers.size(); ++r) {
      if (differs(old_frame.registers[r], frame.registers[r]))
        frame.registers[r] = Value::of_number(Scalar::unknown());
    }
    const std::size_t both = std::min(old_frame.slots.size(), frame.slots.size());
    for (std::size_t s = 0; s < both; ++s) {
      const StackSlot &old_slot = old_frame.slots[s], &slot = frame.slots[s];
      if (old_slot.spilled != slot.spilled || slot.spilled == 0) continue;
      if (!differs(old_slot.value, slot.value)) continue;
      frame.slots.edit(s).value = Value::of_number(
          slot.spilled == kSlotBytes ? Scalar::unknown()
                                     : Scalar::range(0, (u64{1} << (8 * slot.spilled)) - 1));
    }
  }
}

bool unchanged(const State& before, const State& now, std::span<const Registers> live) {
  if (before.frames.size() != now.frames.size()) return false;
  if (differs_at_a_glance(before.frame(), now.frame(), live[now.frames.size() - 1])) return false;
  SlotSets all;
  all.fill(~u64{0});
  const Relevant relevant{live, all};
  return Comparison(Comparison::How::equality).frames(before, now, relevant) &&
         Comparison(Comparison::How::equality).frames(now, before, relevant);
}

std::string describe(const Value& value) {
  const std::string maybe = value.null == Null::maybe ? " or null" : "";
  switch (value.kind) {
    case Kind::unset: return "never set";
    case Kind::number: return format("a number: {}", describe(value.number));
    case Kind::context: return "the context" + offset_text(value);
    case Kind::stack: return "the stack" + offset_text(value);
    case Kind::packet:
      return format("the packet{}, {} proved", offset_text(value), counted(value.range, "byte"));
    case Kind::packet_meta:
      return format("the packet's metadata{}, {} proved", offset_text(value),
                    counted(value.range, "byte"));
    case Kind::packet_end: return "the end of the packet";
    case Kind::map: return "a map";
    case Kind::map_value: return "a map value" + offset_text(value) + maybe;
    case Kind::map_key: return "a map key" + offset_text(value);
    case Kind::flow_keys: return "flow keys" + offset_text(value);
    case Kind::socket_common: return "a socket of any kind" + offset_text(value) + maybe;
    case Kind::socket: return "a socket" + offset_text(value) + maybe;
    case Kind::tcp_socket: return "a TCP socket" + offset_text(value) + maybe;
    case Kind::xdp_socket: return "an XDP socket" + offset_text(value) + maybe;
    case Kind::kernel: return "a pointer into the kernel" + offset_text(value) + maybe;
    case Kind::own: return "an object of the program's own" + offset_text(value) + maybe;
    case Kind::kernel_per_cpu: return "a variable of each CPU" + offset_text(value) + maybe;
    case Kind::own_per_cpu: return "an object of each CPU" + offset_text(value) + maybe;
    case Kind::function: return "a function of the program";
    case Kind::dynptr: return "a dynptr" + offset_text(value);
    case Kind::dynptr_object: return "a dynptr on the stack";
    case Kind::iterator: return "an iterator on the stack";
    case Kind::interrupt_flags: return "saved interrupt flags on the stack";
    case Kind::record:
      return format("a ring record of {}{}", counted(value.range, "byte"), offset_text(value)) +
             maybe;
    case Kind::memory:
      return format("memory of {}{}", counted(value.range, "byte"), offset_text(value)) + maybe;
    case Kind::arena: return "a pointer into the arena";
    case Kind::count_: break;
  }
  return "?";
}

}  // namespace skep::verify
