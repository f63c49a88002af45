#include "jit/promote.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "jit/candidates.hpp"
#include "jit/usage.hpp"

namespace skep::jit {
namespace {

using isa::Alu;
using isa::Width;

// What it takes to be worth a register: one that is left over, or one that must be saved first.
constexpr u32 kFreeWeight = 2, kSavedWeight = 8;
constexpr u32 kLoopShift = 3, kDepthMax = 3;  // a loop counts eight times, up to three of them
constexpr u32 kLookBack = 16;                 // operations, for what makes a value

bool is_spare(Register r) { return r >= kFirstSpare && r < kOperands; }

bool is_plain_move(const Operation& op) {
  return op.kind == Kind::alu && op.alu() == Alu::mov && !op.has_immediate();
}

bool is_commutative(Alu alu) {
  return alu == Alu::add || alu == Alu::mul || alu == Alu::and_ || alu == Alu::or_ ||
         alu == Alu::xor_;
}

class Promoter {
 public:
  Promoter(Unit& unit, Function& function, const RegisterFile& file)
      : unit_(unit), function_(function), file_(file) {}

  void run() {
    find();
    if (!choose()) return;
    copies_.fill(kNoRegister);
    for (u32 at = function_.first_block; at < function_.end_block; ++at) {
      const Block& block = unit_.blocks[at];
      if (!accesses_[at - function_.first_block] || !move(block)) continue;
      clean(block);
    }
  }

 private:
  // How many loops each block is in: those that a jump backward to or in front of it closes.
  std::vector<s32> depths() const {
    const u32 first = function_.first_block;
    std::vector<s32> out(function_.end_block - first + 1);
    const auto closes = [&](u32 at, u32 to) {
      if (to > at) return;  // or there is none
      ++out[to - first];
      --out[at + 1 - first];
    };
    for (u32 at = first; at < function_.end_block; ++at) {
      closes(at, unit_.blocks[at].branch_to);
      closes(at, unit_.blocks[at].next);
    }
    for (std::size_t at = 1; at < out.size(); ++at) out[at] += out[at - 1];
    return out;
  }

  void find() {
    const std::vector<s32> depth = depths();
    accesses_.resize(depth.size());
    for (u32 number = function_.first_block; number < function_.end_block; ++number) {
      const Block& block = unit_.blocks[number];
      const auto loops = static_cast<u32>(depth[number - function_.first_block]);
      const u32 weight = 1u << (kLoopShift * std::min(loops, kDepthMax));
      Kinds kinds = 0;
      for (u32 at = block.begin; at < block.end; ++at) {
        const Operation& op = unit_.operations[at];
        kinds |= kinds_of(op.kind);
        if ((Candidates::kLookedAt & kinds_of(op.kind)) != 0) candidates_.look(op, weight);
      }
      accesses_[number - function_.first_block] = (kinds & Candidates::kLookedAt) != 0;
    }
    candidates_.keep_own(function_.frame);
  }

  // Without spares.
  RegisterUse use() const {
    RegisterUse out;
    for (u32 number = function_.first_block; number < function_.end_block; ++number) {
      const Block& block = unit_.blocks[number];
      for (u32 at = block.begin; at < block.end; ++at) {
        const Operation& op = unit_.operations[at];
        if (op.kind != Kind::nothing) note(out, op, unit_.trust);
      }
    }
    return out;
  }

  // Gives the best of them what is left. False: there is nothing worth it.
  bool choose() {
    const std::vector<Candidate*> best = candidates_.by_weight(kFreeWeight);
    if (best.empty()) return false;
    const LeftOver left = left_over(use(), file_);
    u32 taken = 0;
    for (Candidate* each : best) {
      if (taken == kSpares || taken == left.free + left.saved) break;
      if (taken >= left.free && each->weight < kSavedWeight) break;
      each->spare = static_cast<Register>(kFirstSpare + taken);
      if (each->bytes == 0) function_.preloads[taken] = {each->spare, each->value};
      function_.pinned |= set_of(each->spare);
      ++taken;
    }
    return taken != 0;
  }

  // ---- forward: accesses become moves, and what reads a copy reads the spare ----

  // False: there are none.
  bool move(const Block& block) {
    forget(copied_);
    bool moves = false;
    for (u32 at = block.begin; at < block.end; ++at) {
      Operation& op = unit_.operations[at];
      const bool may_move = (Candidates::kLookedAt & kinds_of(op.kind)) != 0;
      const Register spare = may_move ? candidates_.spare_of(op) : kNoRegister;
      if (spare != kNoRegister) {
        become_move(op, spare);
        moves = true;
      } else if (copied_ != 0) {
        read_spares(op);
      }
      if (moves) note_copies(op);
    }
    return moves;
  }

  // A register that stands for 32 bits has none above them: reading it is reading all of it.
  static void become_move(Operation& op, Register spare) {
    const bool stores = op.kind == Kind::store;
    if (!stores) op.width = Width::w64;
    op.kind = Kind::alu;
    op.row = static_cast<u8>(Alu::mov);
    op.left = kNoRegister;
    op.offset = 0;
    op.region = verify::Region::none;
    if (stores) {
      op.dst = spare;
    } else {
      op.right = spare;
      op.immediate = 0;
    }
  }

  void read_spares(Operation& op) const {
    constexpr Kinds kFree = kinds_of(Kind::alu) | kinds_of(Kind::rotate) | kinds_of(Kind::load) |
                            kinds_of(Kind::store) | kinds_of(Kind::branch) |
                            kinds_of(Kind::select) | kinds_of(Kind::fill) | kinds_of(Kind::copy);
    if ((kFree & kinds_of(op.kind)) == 0) return;
    for (Register* each : {&op.left, &op.right, &op.index}) {
      if (*each < isa::kRegisters && copies_[*each] != kNoRegister) *each = copies_[*each];
    }
    if (op.kind == Kind::select && op.moved < isa::kRegisters && copies_[op.moved] != kNoRegister)
      op.moved = copies_[op.moved];
  }

  void note_copies(const Operation& op) {
    const Registers written = writes(op);
    forget(written & copied_);
    if ((written & function_.pinned) != 0) forget(copied_);
    if (is_plain_move(op) && op.width == Width::w64 && is_spare(op.right) &&
        op.dst < isa::kRegisters) {
      copies_[op.dst] = op.right;
      copied_ |= set_of(op.dst);
    }
  }

  void forget(Registers copies) {
    copied_ &= ~copies;
    for (; copies != 0; copies &= copies - 1)
      copies_[static_cast<Register>(std::countr_zero(copies))] = kNoRegister;
  }

  // ---- backward: moves that nobody reads go, and values are made where they shall be ----

  void clean(const Block& block) {
    Registers live = 0;
    bool is_last = true;
    for (u32 at = block.end; at-- > block.begin;) {
      Operation& op = unit_.operations[at];
      if (op.kind == Kind::nothing) continue;
      if (std::exchange(is_last, false)) live = op.live_after;
      const bool unread = op.dst < isa::kRegisters && (live & set_of(op.dst)) == 0;
      if (unread && (is_plain_move(op) || op.kind == Kind::constant)) {
        op.kind = Kind::nothing;
        continue;
      }
      if (is_spare(op.dst) && is_plain_move(op) && (live & set_of(op.right)) == 0 &&
          make_in_place(block.begin, at)) {
        op.kind = Kind::nothing;
        continue;
      }
      op.live_after = live | function_.pinned;
      live = (live & ~writes(op)) | reads(op, unit_.trust);
    }
  }

  // x = ...; spare = x, where nobody else wants x: what makes it makes the spare.
  bool make_in_place(u32 begin, u32 move_at) {
    const Operation& moved = unit_.operations[move_at];
    const Register x = moved.right, spare = moved.dst;
    if (x >= isa::kFramePointer) return false;
    for (u32 at = move_at, steps = 0; at-- > begin && steps < kLookBack; ++steps) {
      Operation& op = unit_.operations[at];
      if (op.kind == Kind::nothing) continue;
      if ((writes(op) & set_of(x)) != 0) return give(op, spare, moved.width);
      const Registers touched = reads(op, unit_.trust) | writes(op);
      if ((touched & (set_of(x) | set_of(spare))) != 0) return false;
    }
    return false;
  }

  static bool give(Operation& op, Register spare, Width width) {
    constexpr Kinds kMaking = kinds_of(Kind::alu) | kinds_of(Kind::rotate) | kinds_of(Kind::load) |
                              kinds_of(Kind::constant);
    if ((kMaking & kinds_of(op.kind)) == 0) return false;
    if (width == Width::w32 && (op.width == Width::w64 || op.extend == Extend::sign)) return false;
    if (op.right == spare && op.kind == Kind::alu && op.left != spare && op.left != kNoRegister) {
      if (!is_commutative(op.alu())) return false;
      std::swap(op.left, op.right);
    }
    op.dst = spare;
    return true;
  }

  Unit& unit_;
  Function& function_;
  const RegisterFile& file_;
  Candidates candidates_;
  std::vector<bool> accesses_;  // by block: it has operations that are looked at
  std::array<Register, isa::kRegisters> copies_{};  // the spare that each register equals
  Registers copied_ = 0;                            // those that equal one
};

}  // namespace

void promote(Unit& unit, const RegisterFile& file) {
  if (unit.trust != Trust::verified || file.fixed.count == 0) return;
  for (Function& function : unit.functions) Promoter(unit, function, file).run();
}

}  // namespace skep::jit
