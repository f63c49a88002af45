#include "jit/address.hpp"

#include <algorithm>
#include <optional>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

bool is_sum(const Operation& op) {
  return op.kind == Kind::alu && op.alu() == isa::Alu::add && op.width == isa::Width::w64 &&
         !op.has_immediate() && op.left != isa::kFramePointer && op.right != isa::kFramePointer;
}

// Whether `op` reads `r` as its address and nowhere else.
bool is_access_at(const Operation& op, Register r) {
  if (op.left != r || op.index != kNoRegister) return false;
  return op.kind == Kind::load || (op.kind == Kind::store && op.right != r);
}

// The only reader of the sum, when it is an access of this block before which neither sum nor parts
// change.
std::optional<u32> reader_of(const Unit& unit, u32 sum, u32 end) {
  const Operation& op = unit.operations[sum];
  const Registers parts = set_of(op.left) | set_of(op.right), result = set_of(op.dst);
  for (u32 at = sum + 1; at < end; ++at) {
    const Operation& next = unit.operations[at];
    if ((reads(next, unit.trust) & result) != 0) {
      const bool is_last = (next.live_after & result) == 0 || (writes(next) & result) != 0;
      return is_last && is_access_at(next, op.dst) ? std::optional(at) : std::nullopt;
    }
    if (is_call(next.kind) || (writes(next) & (parts | result)) != 0) return std::nullopt;
  }
  return std::nullopt;
}

void fold(Unit& unit, u32 sum, u32 access) {
  const Operation op = unit.operations[sum];
  const Registers parts = set_of(op.left) | set_of(op.right);
  for (u32 at = sum; at < access; ++at) {
    Registers& live = unit.operations[at].live_after;
    live = (live & ~set_of(op.dst)) | parts;
  }
  unit.operations[access].left = op.left;
  unit.operations[access].index = op.right;
  unit.operations[sum].kind = Kind::nothing;
}

}  // namespace

void fold_addresses(Unit& unit) {
  if (unit.trust != Trust::verified) return;
  for (const Block& block : unit.blocks) {
    for (u32 at = block.begin; at < block.end; ++at) {
      if (!is_sum(unit.operations[at])) continue;
      if (const auto access = reader_of(unit, at, block.end)) fold(unit, at, *access);
    }
  }
}

}  // namespace skep::jit
