#include "jit/combine.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

using isa::Alu;
using isa::Width;

using ValueId = u32;
constexpr u32 kBytes = 8;  // of a register
constexpr u8 kAllBytes = 0xff;

// Memory that some bytes of a value were loaded from, at one time of the block.
struct Origin {
  ValueId base = 0;
  u32 epoch = 0;
  bool in_arena = false;
  std::array<s32, kBytes> offsets{};  // by byte of the value
  u8 known = 0;                       // bytes that have an offset; the others are 0
};

struct Value {
  ValueId low = 0;   // the value whose lower half this one's is
  ValueId root = 0;  // it is root + delta
  s64 delta = 0;
  // lsh or rsh of `shifted` (of the lower half, for 32 bits) by `count`, by the operation `at`.
  std::optional<Alu> shift{};
  Width width = Width::w64;
  ValueId shifted = 0;
  u32 count = 0;
  u32 at = 0;
  std::optional<Origin> origin{};
};

// ---- origins ----

Origin moved(const Origin& from, s32 bytes) {  // to higher bytes, or lower ones
  Origin out{.base = from.base, .epoch = from.epoch, .in_arena = from.in_arena};
  for (s32 at = 0; at < s32{kBytes}; ++at) {
    const s32 source = at - bytes;
    if (source < 0 || source >= s32{kBytes} || (from.known >> source & 1) == 0) continue;
    out.offsets[static_cast<u32>(at)] = from.offsets[static_cast<u32>(source)];
    out.known |= static_cast<u8>(1 << at);
  }
  return out;
}

Origin lowest(Origin from, u32 bytes) {
  from.known &= static_cast<u8>(kAllBytes >> (kBytes - bytes));
  return from;
}

Origin swapped(const Origin& from, u32 bytes) {
  Origin out{.base = from.base, .epoch = from.epoch, .in_arena = from.in_arena};
  for (u32 at = 0; at < bytes; ++at) {
    const u32 source = bytes - 1 - at;
    if ((from.known >> source & 1) == 0) continue;
    out.offsets[at] = from.offsets[source];
    out.known |= static_cast<u8>(1 << at);
  }
  return out;
}

std::optional<Origin> merged(const Origin& a, const Origin& b) {
  if (a.base != b.base || a.epoch != b.epoch || (a.known & b.known) != 0) return std::nullopt;
  Origin out = a;
  out.known |= b.known;
  for (u32 at = 0; at < kBytes; ++at) {
    if ((b.known >> at & 1) != 0) out.offsets[at] = b.offsets[at];
  }
  return out;
}

// The load that would bring all of it: its width, where it begins, and whether the bytes are the
// other way round.
struct WideLoad {
  Width width = Width::w16;
  s32 offset = 0;
  bool swapped = false;
};

std::optional<WideLoad> as_load(const Origin& origin) {
  for (const Width width : {Width::w16, Width::w32, Width::w64}) {
    const u32 bytes = isa::bytes_of(width);
    if (origin.known != kAllBytes >> (kBytes - bytes)) continue;
    const s32 step = origin.offsets[1] - origin.offsets[0];
    if (step != 1 && step != -1) return std::nullopt;
    for (u32 at = 1; at < bytes; ++at) {
      if (origin.offsets[at] - origin.offsets[at - 1] != step) return std::nullopt;
    }
    return WideLoad{width, std::min(origin.offsets[0], origin.offsets[bytes - 1]), step < 0};
  }
  return std::nullopt;
}

// ---- a block ----

class Combiner {
 public:
  explicit Combiner(Unit& unit) : unit_(unit) {}

  void run() {
    for (const Block& block : unit_.blocks) {
      if (!block.may_be_combined) continue;
      values_.clear();
      held_.fill(kUnseen);
      for (at_ = block.begin; at_ < block.end; ++at_) one(unit_.operations[at_]);
    }
  }

 private:
  ValueId add(Value value) {
    const auto id = static_cast<ValueId>(values_.size());
    if (value.low == kOwn) value.low = id;
    if (value.root == kOwn) value.root = id, value.delta = 0;
    values_.push_back(value);
    return id;
  }
  static constexpr ValueId kOwn = ~0u, kUnseen = ~0u - 1;
  static Value unknown() { return {.low = kOwn, .root = kOwn}; }
  ValueId fresh() { return add(unknown()); }
  // Registers get the numbers of their values when something reads them.
  void see(Register r) {
    if (r < isa::kRegisters && held_[r] == kUnseen) held_[r] = fresh();
  }
  const Value& in(Register r) const { return values_[held_[r]]; }

  void one(Operation& op) {
    see(op.left);
    see(op.right);
    switch (op.kind) {
      case Kind::alu: return alu(op);
      case Kind::load: return load(op);
      default: break;
    }
    const bool changes_memory = op.kind == Kind::store || op.kind == Kind::atomic ||
                                op.kind == Kind::array_lookup || is_call(op.kind);
    if (changes_memory) ++epoch_;
    for (Registers left = writes(op) & kEveryRegister; left != 0; left &= left - 1) {
      held_[static_cast<Register>(std::countr_zero(left))] = kUnseen;
    }
  }

  void load(const Operation& op) {
    Value out = unknown();
    if (op.extend == Extend::zero) {
      const Value& base = in(op.left);
      const s64 first = base.delta + op.offset;
      if (first == static_cast<s32>(first) && first < INT32_MAX - s32{kBytes}) {
        Origin origin{.base = base.root, .epoch = epoch_};
        origin.in_arena = op.region == verify::Region::arena;
        const u32 bytes = isa::bytes_of(op.width);
        origin.known = static_cast<u8>(kAllBytes >> (kBytes - bytes));
        for (u32 at = 0; at < bytes; ++at)
          origin.offsets[at] = static_cast<s32>(first) + static_cast<s32>(at);
        out.origin = origin;
      }
    }
    held_[op.dst] = add(out);
  }

  void alu(Operation& op) {
    Value out = unknown();
    switch (op.alu()) {
      case Alu::mov:
        if (op.has_immediate()) break;
        if (op.width == Width::w64) {
          held_[op.dst] = held_[op.right];
          return;
        }
        out.low = in(op.right).low;
        if (in(op.right).origin) out.origin = lowest(*in(op.right).origin, 4);
        break;
      case Alu::lsh:
      case Alu::rsh: shift(op, out); break;
      case Alu::and_: mask(op, out); break;
      case Alu::or_:
      case Alu::xor_: join(op, out); break;
      case Alu::add:
        if (op.has_immediate() && op.width == Width::w64) {
          out.root = in(op.left).root;
          out.delta = in(op.left).delta + op.immediate;
        } else {
          join(op, out);
        }
        break;
      case Alu::to_be:
      case Alu::bswap: swap(op, out); break;
      default: break;
    }
    held_[op.dst] = add(out);
  }

  void shift(const Operation& op, Value& out) const {
    if (!op.has_immediate()) return;
    const Value& left = in(op.left);
    const u32 bits = isa::bits_of(op.width);
    out.shift = op.alu();
    out.width = op.width;
    out.shifted = op.width == Width::w64 ? held_[op.left] : left.low;
    out.count = static_cast<u32>(op.immediate) & (bits - 1);
    out.at = at_;
    if (!left.origin || out.count % 8 != 0) return;
    const Origin from = op.width == Width::w64 ? *left.origin : lowest(*left.origin, 4);
    const s32 bytes = static_cast<s32>(out.count / 8);
    out.origin = moved(from, op.alu() == Alu::lsh ? bytes : -bytes);
    if (op.width == Width::w32) out.origin = lowest(*out.origin, 4);
  }

  void mask(const Operation& op, Value& out) const {
    if (!op.has_immediate() || !in(op.left).origin) return;
    for (const u32 bytes : {1u, 2u, 4u}) {
      const u64 mask = (u64{1} << (8 * bytes)) - 1;
      const u64 given =
          op.width == Width::w64 ? static_cast<u64>(op.immediate) : static_cast<u32>(op.immediate);
      if (given == mask) out.origin = lowest(*in(op.left).origin, bytes);
    }
  }

  void swap(Operation& op, Value& out) const {
    if (!in(op.left).origin) return;
    const u32 bytes = static_cast<u32>(op.immediate) / 8;
    const Origin from = lowest(*in(op.left).origin, bytes);
    out.origin = swapped(from, bytes);
    become_load(op, *out.origin);
  }

  // Two parts of one number: their bits do not meet, so that or, xor and add are the same.
  void join(Operation& op, Value& out) {
    if (op.has_immediate()) return;
    const Value &left = in(op.left), &right = in(op.right);
    if (become_rotate(op, left, right)) return;
    if (!left.origin || !right.origin) return;
    std::optional<Origin> both = merged(*left.origin, *right.origin);
    if (both && op.width == Width::w32) both = lowest(*both, 4);
    if (!both) return;
    out.origin = both;
    become_load(op, *both);
  }

  // ---- what comes in the place of an operation ----

  // A register that holds that value, before the operation.
  template <class Is>
  std::optional<Register> holder(Is is) const {
    for (Register r = 0; r < isa::kRegisters; ++r) {
      if (held_[r] != kUnseen && is(held_[r])) return r;
    }
    return std::nullopt;
  }

  void become_load(Operation& op, const Origin& origin) const {
    if (origin.epoch != epoch_) return;
    const auto wide = as_load(origin);
    if (!wide) return;
    const auto base = holder([&](ValueId id) { return values_[id].root == origin.base; });
    if (!base) return;
    const s64 offset = wide->offset - in(*base).delta;
    if (offset != static_cast<s32>(offset)) return;
    op.kind = Kind::load;
    op.swapped = wide->swapped;
    op.width = wide->width;
    op.extend = Extend::zero;
    op.left = *base;
    op.right = kNoRegister;
    op.offset = static_cast<s32>(offset);
    op.region = origin.in_arena ? verify::Region::arena : verify::Region::none;
  }

  bool become_rotate(Operation& op, const Value& a, const Value& b) {
    const bool opposite =
        a.shift && b.shift && *a.shift != *b.shift && a.width == b.width && a.shifted == b.shifted;
    if (!opposite || a.count == 0 || a.count + b.count != isa::bits_of(a.width)) return false;
    if (a.width == Width::w64 && op.width != Width::w64) return false;
    const u32 count = *a.shift == Alu::lsh ? a.count : b.count;
    const auto source = holder([&](ValueId id) {
      return a.width == Width::w64 ? id == a.shifted : values_[id].low == a.shifted;
    });
    if (source) {
      rotate(op, *source, a.width, count);
      return true;
    }
    return rotate_earlier(op, std::max(a.at, b.at), a.width, count);
  }

  static void rotate(Operation& op, Register source, Width width, u32 count) {
    op.kind = Kind::rotate;
    op.left = source;
    op.right = kNoRegister;
    op.width = width;
    op.immediate = count;
  }

  // The second shift takes the place of what it shifts: it becomes the rotate, and nobody may look
  // before `op` does.
  bool rotate_earlier(Operation& op, u32 second, Width width, u32 count) {
    Operation& earlier = unit_.operations[second];
    if (earlier.kind != Kind::alu || earlier.dst != op.dst) return false;
    for (u32 at = second + 1; at < at_; ++at) {
      const Operation& between = unit_.operations[at];
      if (((reads(between, unit_.trust) | writes(between)) & set_of(op.dst)) != 0) return false;
    }
    if (op.left != op.dst && op.right != op.dst) return false;
    rotate(earlier, earlier.left, width, count);
    op.kind = Kind::alu;
    op.row = static_cast<u8>(Alu::mov);
    op.width = Width::w64;
    op.left = kNoRegister;
    op.right = op.dst;
    return true;
  }

  Unit& unit_;
  std::vector<Value> values_;
  std::array<ValueId, isa::kRegisters> held_{};
  u32 at_ = 0;
  u32 epoch_ = 0;
};

}  // namespace

void combine(Unit& unit) {
  if (unit.trust == Trust::verified) Combiner(unit).run();
}

}  // namespace skep::jit
