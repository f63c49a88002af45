#include "optimize/reduce.hpp"

#include <algorithm>
#include <optional>

#include "jit/address.hpp"
#include "jit/combine.hpp"
#include "jit/dataflow.hpp"
#include "jit/select.hpp"
#include "jit/widen.hpp"
#include "optimize/anchor.hpp"
#include "optimize/expand.hpp"

namespace skep::optimize {
namespace {

using jit::Block;
using jit::Kind;
using jit::kNoRegister;
using jit::Operation;
using jit::Register;
using verify::Region;

constexpr u32 kDepthMax = 32;
constexpr std::size_t kStraightenedMax = 4096;  // instructions

u32& count(Changes& changes, Change change) { return changes[static_cast<std::size_t>(change)]; }

// ---- loads ----

// Where the bytes of a value were loaded, found through what computes it in its block.
class RegionSearch {
 public:
  RegionSearch(const std::vector<Operation>& operations, u32 begin)
      : operations_(operations), begin_(begin) {}

  // Of the operands of the operation at `at`; nothing when they are not of one region.
  std::optional<Region> run(u32 at) {
    operands(at, 0);
    return is_one_ ? region_ : std::nullopt;
  }

 private:
  void operands(u32 at, u32 depth) {
    const Operation& op = operations_[at];
    if (op.left != kNoRegister) value(op.left, at, depth);
    if (op.right != kNoRegister && op.right != op.left) value(op.right, at, depth);
  }

  void value(Register r, u32 at, u32 depth) {
    while (at-- > begin_) {
      const Operation& op = operations_[at];
      if ((jit::writes(op) & jit::set_of(r)) == 0) continue;
      if (op.kind == Kind::load) return note(op.region);
      if (op.kind != Kind::alu || depth == kDepthMax) break;
      return operands(at, depth + 1);
    }
    is_one_ = false;
  }

  void note(Region region) {
    if (region_ && *region_ != region) is_one_ = false;
    region_ = region;
  }

  const std::vector<Operation>& operations_;
  u32 begin_;
  std::optional<Region> region_;
  bool is_one_ = true;
};

bool takes_any_address(Region region) {
  return region == Region::packet || region == Region::map_value || region == Region::record;
}

bool is_aligned_in_frame(const Operation& op) {
  return op.left == isa::kFramePointer &&
         op.offset % static_cast<s32>(isa::bytes_of(op.width)) == 0;
}

// Keeps the wide loads that the verifier takes, and nothing else of what combine() did.
void keep_loads(jit::Unit& unit, const std::vector<Operation>& before, Changes& changes) {
  for (const Block& block : unit.blocks) {
    for (u32 at = block.begin; at < block.end; ++at) {
      Operation& op = unit.operations[at];
      if (op.kind == before[at].kind && op.kind != Kind::alu) continue;
      if (op.kind == Kind::load) {
        const auto region = RegionSearch(before, block.begin).run(at);
        op.region = region.value_or(Region::none);
      }
      const bool kept =
          op.kind == Kind::load &&
          (takes_any_address(op.region) || (op.region == Region::stack && is_aligned_in_frame(op)));
      if (!kept) op = before[at];
      if (kept) ++count(changes, Change::joined);
    }
  }
}

// ---- rows ----

bool is_row(const Operation& op) { return op.kind == Kind::fill || op.kind == Kind::copy; }

bool may_be_wide(const Operation& op, bool writes) {
  const Register base = writes && op.kind == Kind::copy ? op.right : op.left;
  return base == isa::kFramePointer || takes_any_address(op.region);
}

u32 length(const std::vector<Operation>& operations, u32 begin, u32 end) {
  u32 out = 0;
  for (u32 at = begin; at < end; ++at) out += operations[at].kind != Kind::nothing ? 1 : 0;
  return out;
}

// Whether every access of the row that stood there may be a wide one.
bool was_flexible(const std::vector<Operation>& before, u32 begin, u32 end) {
  for (u32 at = begin; at < end; ++at) {
    if (before[at].kind != Kind::nothing && !may_be_wide(before[at], false)) return false;
  }
  return true;
}

// Takes back the rows that BPF cannot say in fewer instructions.
void keep_rows(jit::Unit& unit, const std::vector<Operation>& before, Changes& changes) {
  for (const Block& block : unit.blocks) {
    for (u32 at = block.begin; at < block.end; ++at) {
      if (!is_row(unit.operations[at]) || is_row(before[at])) continue;
      u32 end = at, made = 0;
      bool can_be_said = true;
      for (; end < block.end; ++end) {
        const Operation& op = unit.operations[end];
        if (!is_row(op) && (op.kind != Kind::nothing || before[end].kind == Kind::nothing)) {
          if (before[end].kind != Kind::nothing) break;
          continue;
        }
        if (!is_row(op)) continue;
        const auto said = expand(op);
        can_be_said &= said.has_value();
        if (said) made += static_cast<u32>(said->size());
      }
      const bool better = can_be_said && made < length(before, at, end);
      if (better && was_flexible(before, at, end)) {
        ++count(changes, Change::widened);
      } else {
        std::copy(before.begin() + at, before.begin() + end, unit.operations.begin() + at);
      }
      at = end - 1;
    }
  }
}

u32 negated(const jit::Unit& unit) {
  return static_cast<u32>(std::ranges::count(unit.operations, true, &Operation::negated));
}

}  // namespace

void reduce(Lowered& body, Changes& changes) {
  jit::Unit& unit = body.unit;
  const std::vector<Operation> lowered = unit.operations;
  jit::combine(unit);
  keep_loads(unit, lowered, changes);
  count(changes, Change::anchored) += anchor(unit);
  count(changes, Change::removed) += jit::simplify(unit);
  // The verifier walks the ways of a branch in another order then. Long programs, which it may be
  // just short of giving up on, keep theirs.
  if (body.first.size() <= kStraightenedMax) jit::straighten(unit);
  count(changes, Change::straightened) += negated(unit);
  jit::fold_addresses(unit, {.indexed = false});
  const std::vector<Operation> folded = unit.operations;
  jit::widen(unit);
  keep_rows(unit, folded, changes);
  jit::drop_nothing(unit);
}

}  // namespace skep::optimize
