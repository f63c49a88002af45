#include "jit/select.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "jit/dataflow.hpp"
#include "jit/emitted.hpp"

namespace skep::jit {
namespace {

constexpr u32 kQuickOperations = 2;

// Arithmetic that is as quick as a branch, and does not fail.
bool is_quick(const Operation& op) {
  if (op.kind != Kind::alu || op.left == isa::kFramePointer || op.right == isa::kFramePointer)
    return false;
  switch (op.alu()) {
    case isa::Alu::mov:
    case isa::Alu::add:
    case isa::Alu::sub:
    case isa::Alu::and_:
    case isa::Alu::or_:
    case isa::Alu::xor_:
    case isa::Alu::neg: return true;
    case isa::Alu::lsh:
    case isa::Alu::rsh:
    case isa::Alu::arsh: return op.has_immediate();
    default: return false;
  }
}

bool is_move(const Operation& op) { return is_quick(op) && op.alu() == isa::Alu::mov; }

bool is_branch(const Operation& op) {
  return op.kind == Kind::branch && op.left != isa::kFramePointer && op.right != isa::kFramePointer;
}

// Where the arithmetic of a block ends: in front of the jump, if there is one.
u32 arm_end(const Unit& unit, const Block& block) {
  const bool jumps = block.begin != block.end && unit.operations[block.end - 1].kind == Kind::jump;
  return block.end - (jumps ? 1 : 0);
}

// Whether a block does nothing but give one register a value, in few operations.
bool computes_one_value(const Unit& unit, const Block& block) {
  const u32 end = arm_end(unit, block), count = end - block.begin;
  if (count == 0 || count > kQuickOperations) return false;
  const Register dst = unit.operations[block.begin].dst;
  for (u32 at = block.begin; at < end; ++at) {
    const Operation& op = unit.operations[at];
    if (!is_quick(op) || op.dst != dst) return false;
    // A move in the middle would leave what it replaces; lowering makes none.
    if (at != block.begin && op.left != dst && op.right != dst) return false;
  }
  return true;
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

// The branch at the end of `block`, when all it decides is whether the next one gives a register
// its value.
bool decides_a_value(const Unit& unit, u32 block, const std::vector<u8>& entrances) {
  const Block &first = unit.blocks[block], &second = unit.blocks[block + 1];
  if (first.next != block + 1 || first.branch_to == kNoBlock || first.begin == first.end)
    return false;
  // Both ways lead to the same place: behind the next block, or where it jumps to.
  const bool falls = second.branch_to == kNoBlock;
  if ((falls ? second.next : second.branch_to) != first.branch_to) return false;
  if (!falls && arm_end(unit, second) == second.end) return false;
  return entrances[block + 1] == 1 && is_branch(unit.operations[first.end - 1]) &&
         computes_one_value(unit, second) && !waits_for_memory(unit, first);
}

// What the arm computes goes to the temporary register instead of `dst`.
void compute_aside(std::span<Operation> arm, Register dst) {
  for (Operation& op : arm) {
    const bool first = &op == arm.data();
    if (!first && op.left == dst) op.left = kTemporary;
    if (!first && op.right == dst) op.right = kTemporary;
    op.dst = kTemporary;
  }
}

// The operations of both blocks stand one behind the other: the branch moves behind those of the
// arm, as a select of what they computed; a move alone becomes part of it.
void make_select(Unit& unit, u32 block) {
  Block &first = unit.blocks[block], &second = unit.blocks[block + 1];
  const u32 branch = first.end - 1, end = arm_end(unit, second);
  const auto begin = unit.operations.begin();
  std::rotate(begin + branch, begin + first.end, begin + end);
  Operation& op = unit.operations[end - 1];
  const std::span arm(unit.operations.data() + branch, end - first.end);
  const Operation last = arm.back();
  op.kind = Kind::select;
  op.dst = last.dst;
  for (Operation& each : arm) each.live_after = op.live_after | reads(op, unit.trust);
  op.live_after = last.live_after;
  if (arm.size() == 1 && is_move(last)) {
    op.moved = last.right;
    op.moved_width = last.width;
    op.offset = static_cast<s32>(last.immediate);  // all that an instruction has
    arm[0].kind = Kind::nothing;
  } else {
    op.moved = kTemporary;
    compute_aside(arm, last.dst);
  }
  first.end = second.end;
  first.branch_to = second.branch_to;
  first.next = second.next;
  second = {.begin = second.end, .end = second.end, .from = second.from, .charge = second.charge};
}

// if c goto A; goto B; A: ... is unless c goto B; A: ...
void straighten(Unit& unit, u32 block, const std::vector<u8>& entrances) {
  Block &first = unit.blocks[block], &second = unit.blocks[block + 1];
  if (first.next != block + 1 || first.is_empty() || second.end - second.begin != 1) return;
  Operation& branch = unit.operations[first.end - 1];
  const Operation& jump = unit.operations[second.begin];
  if (branch.kind != Kind::branch || jump.kind != Kind::jump || entrances[block + 1] != 1) return;
  if (!falls_into(unit, block + 1, branch.target)) return;
  first.next = std::exchange(branch.target, jump.target);
  first.branch_to = branch.target;
  branch.negated = !branch.negated;
  second = {.begin = second.end, .end = second.end, .from = second.from, .charge = second.charge};
}

void straighten(Unit& unit, const Function& function, const std::vector<u8>& entrances) {
  for (u32 block = function.first_block; block + 2 < function.end_block; ++block) {
    straighten(unit, block, entrances);
  }
}

// A block that runs into one that nothing else leads to is one with it.
void merge(Unit& unit, u32 block, const std::vector<u8>& entrances) {
  Block& first = unit.blocks[block];
  while (first.branch_to == kNoBlock && first.next != kNoBlock && entrances[first.next] == 1 &&
         falls_into(unit, block, first.next)) {
    Block& second = unit.blocks[first.next];
    if (first.is_empty()) first.begin = second.begin;
    first.end = second.end;
    first.branch_to = second.branch_to;
    first.next = second.next;
    second = {.begin = second.end, .end = second.end, .from = second.from, .charge = second.charge};
  }
}

}  // namespace

void straighten(Unit& unit) {
  const std::vector<u8> ways = entrances(unit);
  for (const Function& function : unit.functions) straighten(unit, function, ways);
}

void select(Unit& unit) {
  if (unit.trust != Trust::verified) return;
  const std::vector<u8> ways = entrances(unit);
  for (const Function& function : unit.functions) {
    for (u32 block = function.first_block; block + 2 < function.end_block; ++block) {
      if (decides_a_value(unit, block, ways)) make_select(unit, block);
    }
    straighten(unit, function, ways);
  }
  const std::vector<u8> left = entrances(unit);
  for (const Function& function : unit.functions) {
    for (u32 block = function.first_block; block < function.end_block; ++block) {
      merge(unit, block, left);
    }
  }
}

}  // namespace skep::jit
