// One pass forward until nothing changes: which registers are r10 plus a constant, on every path.
#include "optimize/anchor.hpp"

#include <array>
#include <optional>

#include "jit/dataflow.hpp"

namespace skep::optimize {
namespace {

using isa::Alu;
using jit::Kind;
using jit::kNoBlock;
using jit::kNoRegister;
using jit::Operation;
using jit::Register;

using Distances = std::array<std::optional<s32>, isa::kRegisters>;  // from r10

Distances at_entry() {
  Distances out{};
  out[isa::kFramePointer] = 0;
  return out;
}

std::optional<s32> distance_of(const Operation& op, const Distances& known) {
  if (op.kind != Kind::alu || op.width != isa::Width::w64) return std::nullopt;
  if (op.alu() == Alu::mov && !op.has_immediate()) return known[op.right];
  if (op.alu() != Alu::add || !op.has_immediate() || op.left == kNoRegister || !known[op.left])
    return std::nullopt;
  const s64 sum = *known[op.left] + op.immediate;
  if (sum != static_cast<s16>(sum)) return std::nullopt;
  return static_cast<s32>(sum);
}

void step(const Operation& op, Distances& known) {
  const std::optional<s32> distance = distance_of(op, known);
  const jit::Registers written = jit::writes(op);
  for (Register r = 0; r < isa::kFramePointer; ++r) {
    if ((written & jit::set_of(r)) != 0) known[r] = std::nullopt;
  }
  if (distance && op.dst < isa::kFramePointer) known[op.dst] = distance;
}

class Anchor {
 public:
  explicit Anchor(jit::Unit& unit) : unit_(unit), in_(unit.blocks.size()) {}

  u32 run() {
    in_[0] = at_entry();
    for (bool changed = true; changed;) {
      changed = false;
      for (u32 at = 0; at < unit_.blocks.size(); ++at) changed |= flow(at);
    }
    for (u32 at = 0; at < unit_.blocks.size(); ++at) {
      if (in_[at]) rewrite(at);
    }
    return count_;
  }

 private:
  bool flow(u32 number) {
    if (!in_[number]) return false;
    const jit::Block& block = unit_.blocks[number];
    Distances known = *in_[number];
    for (u32 at = block.begin; at < block.end; ++at) step(unit_.operations[at], known);
    const bool changed = meet(block.branch_to, known);
    return meet(block.next, known) || changed;
  }

  bool meet(u32 block, const Distances& known) {
    if (block == kNoBlock) return false;
    if (!in_[block]) {
      in_[block] = known;
      return true;
    }
    bool changed = false;
    for (Register r = 0; r < isa::kRegisters; ++r) {
      std::optional<s32>& kept = (*in_[block])[r];
      if (!kept || kept == known[r]) continue;
      kept = std::nullopt;
      changed = true;
    }
    return changed;
  }

  void rewrite(u32 number) {
    const jit::Block& block = unit_.blocks[number];
    Distances known = *in_[number];
    for (u32 at = block.begin; at < block.end; ++at) {
      Operation& op = unit_.operations[at];
      const bool access = op.kind == Kind::load || op.kind == Kind::store;
      if (access && op.left != isa::kFramePointer && known[op.left]) {
        const s64 offset = *known[op.left] + s64{op.offset};
        if (offset == static_cast<s16>(offset)) {
          op.left = isa::kFramePointer;
          op.offset = static_cast<s32>(offset);
          ++count_;
        }
      }
      step(op, known);
    }
  }

  jit::Unit& unit_;
  std::vector<std::optional<Distances>> in_;  // by block
  u32 count_ = 0;
};

}  // namespace

u32 anchor(jit::Unit& unit) { return unit.blocks.empty() ? 0 : Anchor(unit).run(); }

}  // namespace skep::optimize
