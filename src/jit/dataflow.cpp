#include "jit/dataflow.hpp"

#include <algorithm>
#include <utility>

namespace skep::jit {
namespace {

using isa::Alu;
using isa::Width;

// Without a jump backward, one pass over the blocks in order has seen all.
bool has_loops(const Unit& unit) {
  for (u32 at = 0; at < unit.blocks.size(); ++at) {
    if (unit.blocks[at].branch_to <= at) return true;
  }
  return false;
}

// ---- forward: upper halves that are zero ----

bool alu_clears_upper(const Operation& op, Registers zero) {
  if (op.alu() == Alu::to_le || op.alu() == Alu::to_be || op.alu() == Alu::bswap) {
    return op.immediate != 64;
  }
  if (op.width == Width::w32) return true;
  const bool right = op.has_immediate() ? op.immediate >= 0 : (zero & set_of(op.right)) != 0;
  const bool left = op.left != kNoRegister && (zero & set_of(op.left)) != 0;
  switch (op.alu()) {
    case Alu::mov: return right;
    case Alu::and_: return left || right;
    case Alu::or_:
    case Alu::xor_: return left && right;
    case Alu::rsh: return left || (op.has_immediate() && (op.immediate & 63) >= 32);
    case Alu::div:
    case Alu::mod: return left;
    default: return false;
  }
}

bool clears_upper(const Operation& op, Registers zero) {
  switch (op.kind) {
    case Kind::alu: return alu_clears_upper(op, zero);
    case Kind::rotate: return op.width != Width::w64;
    case Kind::constant: return static_cast<u64>(op.immediate) >> 32 == 0;
    case Kind::load: return op.extend == Extend::zero && op.width != Width::w64;
    case Kind::atomic: return op.width != Width::w64;
    case Kind::packet_load: return true;
    default: return false;
  }
}

Registers zero_after(const Operation& op, Registers zero) {
  const Registers written = writes(op);
  const Registers kept = zero & ~written;
  if (!clears_upper(op, zero)) return kept;
  return kept | (op.kind == Kind::packet_load ? set_of(isa::kR0) : written);
}

// A move of a register's lower half onto itself that changes nothing.
bool extends_nothing(const Operation& op, Registers zero) {
  return op.kind == Kind::alu && op.alu() == Alu::mov && op.right == op.dst &&
         (op.width == Width::w64 || (zero & set_of(op.dst)) != 0);
}

// ---- backward: halves that are read ----

// Lower halves in bits 0 to 10, upper halves in bits 16 to 26.
using Halves = u32;
constexpr Halves whole(Registers set) { return set | set << 16; }
constexpr Registers any_half(Halves halves) { return (halves | halves >> 16) & kEveryRegister; }
constexpr Halves upper(Register r) { return Halves{1} << (16 + r); }

// Arithmetic whose lower half depends on lower halves only.
bool is_low_only(const Operation& op) {
  switch (op.alu()) {
    case Alu::add:
    case Alu::sub:
    case Alu::mul:
    case Alu::and_:
    case Alu::or_:
    case Alu::xor_:
    case Alu::neg:
    case Alu::mov: return true;
    case Alu::lsh: return op.has_immediate() && (op.immediate & 63) < 32;
    default: return false;
  }
}

// What `op` reads when it computes `width`.
Halves halves_read(const Operation& op, Width width, Trust trust) {
  const Registers left = optional_set(op.left);
  const Registers right = optional_set(op.right);
  const bool narrow = width != Width::w64;
  switch (op.kind) {
    case Kind::alu:
    case Kind::rotate:
    case Kind::branch: return narrow ? left | right : whole(left | right);
    case Kind::store: return whole(left) | (narrow ? right : whole(right));
    default: return whole(reads(op, trust));
  }
}

class Liveness {
 public:
  explicit Liveness(Unit& unit) : unit_(unit), live_in_(unit.blocks.size()) {}

  // Backward, a loop at a time: what is live into blocks that stand later is known. What is not
  // dead is kept, narrowed and marked with what is live after it; blocks stand in the order of
  // their numbers, so that it moves to the end of the operations in place.
  u32 run() {
    to_ = static_cast<u32>(unit_.operations.size());
    find_loops();
    for (auto at = static_cast<u32>(unit_.blocks.size()); at-- > 0;) {
      if (!loops_.empty() && at == loops_.back().last) {
        settle(loops_.back());
        loops_.pop_back();
      }
      keep(at);
    }
    for (u32 at = 0; at < to_; ++at) unit_.operations[at].kind = Kind::nothing;
    return to_;
  }

 private:
  // Blocks that no jump backward leaves or enters in the middle.
  struct Loop {
    u32 first;
    u32 last;
  };
  static constexpr Halves kNever = ~Halves{0};  // no set of registers

  void find_loops() {
    for (u32 at = 0; at < unit_.blocks.size(); ++at) {
      const u32 to = unit_.blocks[at].branch_to;
      if (to > at) continue;  // or there is none
      Loop loop{to, at};
      while (!loops_.empty() && loops_.back().last >= loop.first) {
        loop.first = std::min(loop.first, loops_.back().first);
        loops_.pop_back();
      }
      loops_.push_back(loop);
    }
  }

  void settle(const Loop& loop) {
    last_out_.assign(loop.last - loop.first + 1, kNever);  // what each was computed with
    for (bool changed = true; std::exchange(changed, false);) {
      for (u32 at = loop.last + 1; at-- > loop.first;) {
        const Block& block = unit_.blocks[at];
        Halves live = live_out(block);
        if (std::exchange(last_out_[at - loop.first], live) == live) continue;
        for (u32 op = block.end; op-- > block.begin;) live = before(unit_.operations[op], live);
        changed |= std::exchange(live_in_[at], live) != live;
      }
    }
  }

  void keep(u32 at) {
    Operation* const operations = unit_.operations.data();
    Block& block = unit_.blocks[at];
    Halves live = live_out(block);
    u32 to = to_;
    const u32 begin = block.begin;
    for (u32 from = std::exchange(block.end, to); from-- > begin;) {
      Operation& op = operations[from];
      const Registers written = writes(op);
      if (is_dead(op, written, live)) continue;
      op.width = width_wanted(op, live);
      op.live_after = any_half(live);
      live = before(op, written, op.width, live);
      if (--to != from) operations[to] = op;
    }
    block.begin = to_ = to;
    live_in_[at] = live;
  }

  Halves live_out(const Block& block) const {
    Halves live = 0;
    if (block.branch_to != kNoBlock) live |= live_in_[block.branch_to];
    if (block.next != kNoBlock) live |= live_in_[block.next];
    return live;
  }

  Halves before(const Operation& op, Halves live) const {
    const Registers written = writes(op);
    if (is_dead(op, written, live)) return live;
    return before(op, written, width_wanted(op, live), live);
  }

  Halves before(const Operation& op, Registers written, Width width, Halves live) const {
    return (live & ~whole(written)) | halves_read(op, width, unit_.trust);
  }

  bool is_dead(const Operation& op, Registers written, Halves live) const {
    const bool onto_itself = op.kind == Kind::alu && op.right == op.dst && op.alu() == Alu::mov;
    if ((live & whole(written)) != 0 && !onto_itself) return false;
    if (!is_pure(op, unit_.trust)) return false;
    if ((live & whole(written)) == 0) return true;
    return op.width == Width::w64 || (live & upper(op.dst)) == 0;
  }

  static Width width_wanted(const Operation& op, Halves live) {
    const bool low = op.kind == Kind::alu && (live & upper(op.dst)) == 0 && is_low_only(op);
    return low ? Width::w32 : op.width;
  }

  Unit& unit_;
  std::vector<Halves> live_in_;
  std::vector<Loop> loops_;  // apart from each other, in the order of the blocks
  std::vector<Halves> last_out_;
  u32 to_ = 0;  // where what was kept last begins
};

// ---- the forward pass ----

class UpperZeros {
 public:
  explicit UpperZeros(Unit& unit)
      : unit_(unit),
        zero_in_(unit.blocks.size(), kEveryRegister),
        last_in_(unit.blocks.size(), kNever) {}

  void run() {
    for (const Function& function : unit_.functions) zero_in_[function.first_block] = 0;
    for (const Operation& op : unit_.operations) {
      if (op.kind == Kind::call_local) zero_in_[op.target] = 0;
    }
    if (has_loops(unit_)) {
      for (bool changed = true; std::exchange(changed, false);) {
        for (const Block& block : unit_.blocks) changed |= flow(block);
      }
    }
    for (std::size_t at = 0; at < unit_.blocks.size(); ++at) drop_extensions(at);
  }

 private:
  static constexpr Registers kNever = ~Registers{0};  // no set of registers

  bool meet(u32 block, Registers zero) {
    if (block == kNoBlock) return false;
    const Registers before = zero_in_[block];
    zero_in_[block] &= zero;
    return zero_in_[block] != before;
  }

  bool flow(const Block& block) {
    const auto number = static_cast<std::size_t>(&block - unit_.blocks.data());
    Registers zero = zero_in_[number];
    if (std::exchange(last_in_[number], zero) == zero) return false;
    for (u32 at = block.begin; at < block.end; ++at) zero = zero_after(unit_.operations[at], zero);
    const bool branch_changed = meet(block.branch_to, zero);
    return meet(block.next, zero) || branch_changed;
  }

  // What remains of such a move, `a = a`, is pure and nobody's: the backward pass takes a 64-bit
  // one away. Without loops, what a block begins with is known when its turn comes.
  void drop_extensions(std::size_t number) {
    const Block& block = unit_.blocks[number];
    Registers zero = zero_in_[number];
    for (u32 at = block.begin; at < block.end; ++at) {
      Operation& op = unit_.operations[at];
      if (extends_nothing(op, zero)) op.width = Width::w64;
      zero = zero_after(op, zero);
    }
    meet(block.branch_to, zero);
    meet(block.next, zero);
  }

  Unit& unit_;
  std::vector<Registers> zero_in_;
  std::vector<Registers> last_in_;  // what each block was last computed with
};

}  // namespace

std::vector<u8> entrances(const Unit& unit) {
  std::vector<u8> out(unit.blocks.size());
  const auto count = [&](u32 block) {
    if (block != kNoBlock && out[block] < 2) ++out[block];
  };
  for (const Block& block : unit.blocks) {
    count(block.branch_to);
    count(block.next);
  }
  for (const Function& function : unit.functions) count(function.first_block);
  return out;
}

void drop_nothing(Unit& unit) {
  u32 kept = 0;
  for (Block& block : unit.blocks) {
    const u32 begin = std::exchange(block.begin, kept);
    for (u32 at = begin; at < block.end; ++at) {
      if (unit.operations[at].kind == Kind::nothing) continue;
      if (kept != at) unit.operations[kept] = unit.operations[at];
      ++kept;
    }
    block.end = kept;
  }
  unit.operations.resize(kept);
}

u32 simplify(Unit& unit) {
  if (unit.has_extensions) UpperZeros(unit).run();
  return Liveness(unit).run();
}

}  // namespace skep::jit
