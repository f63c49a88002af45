#include "jit/select.hpp"

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

// How many ways lead to each block, up to two; functions are entered from outside.
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
  for (const Operation& op : unit.operations) {
    if (op.kind == Kind::call_local) count(op.target);
  }
  return out;
}

bool is_move(const Operation& op) {
  return op.kind == Kind::alu && op.alu() == isa::Alu::mov && op.right != isa::kFramePointer;
}

bool is_branch(const Operation& op) {
  return op.kind == Kind::branch && op.left != isa::kFramePointer && op.right != isa::kFramePointer;
}

// Whether the comparison waits for memory that the same block reads: then a branch that is
// predicted, as most are, lets the rest go on, where a conditional move would wait (LLVM's
// x86-cmov-conversion decides likewise).
bool waits_for_memory(const Unit& unit, const Block& block) {
  const Operation& branch = unit.operations[block.end - 1];
  Registers compared = set_of(branch.left);
  if (!branch.has_immediate()) compared |= set_of(branch.right);
  for (u32 at = block.end - 1; at-- > block.begin;) {
    const Operation& op = unit.operations[at];
    const Registers written = writes(op);
    if ((written & compared) == 0) continue;
    if (op.kind == Kind::load || is_call(op.kind)) return true;
    compared = (compared & ~written) | reads(op, unit.trust);
  }
  return false;
}

// The branch at the end of `block`, when all it decides is whether the move in the next one is
// made.
bool decides_a_move(const Unit& unit, u32 block, const std::vector<u8>& entrances) {
  const Block &first = unit.blocks[block], &second = unit.blocks[block + 1];
  if (first.next != block + 1 || first.branch_to != block + 2 || first.begin == first.end)
    return false;
  if (second.next != block + 2 || second.branch_to != kNoBlock || second.end - second.begin != 1)
    return false;
  return entrances[block + 1] == 1 && is_branch(unit.operations[first.end - 1]) &&
         is_move(unit.operations[second.begin]) && !waits_for_memory(unit, first);
}

void make_select(Unit& unit, u32 block) {
  Block &first = unit.blocks[block], &second = unit.blocks[block + 1];
  Operation& op = unit.operations[first.end - 1];
  const Operation& move = unit.operations[second.begin];
  op.kind = Kind::select;
  op.dst = move.dst;
  op.moved = move.right;
  op.moved_width = move.width;
  op.moved_immediate = move.immediate;
  op.live_after = move.live_after;
  first.branch_to = kNoBlock;
  first.next = block + 2;
  second.end = second.begin;
}

}  // namespace

void select(Unit& unit) {
  if (unit.trust != Trust::verified) return;
  const std::vector<u8> ways = entrances(unit);
  for (const Function& function : unit.functions) {
    for (u32 block = function.first_block; block + 2 < function.end_block; ++block) {
      if (decides_a_move(unit, block, ways)) make_select(unit, block);
    }
  }
}

}  // namespace skep::jit
