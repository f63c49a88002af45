#include "jit/layout.hpp"

#include <utility>

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

bool names_block(Kind kind) {
  constexpr Kinds kNaming = kinds_of(Kind::branch) | kinds_of(Kind::jump) |
                            kinds_of(Kind::may_goto) | kinds_of(Kind::call_local);
  return (kNaming & kinds_of(kind)) != 0;
}

class Layout {
 public:
  explicit Layout(Unit& unit)
      : unit_(unit),
        entrances_(entrances(unit)),
        behind_(unit.blocks.size(), kNoBlock),
        follows_(unit.blocks.size()),
        number_(unit.blocks.size(), kNoBlock) {}

  void run() {
    order_.reserve(unit_.blocks.size());
    for (Function& function : unit_.functions) order(function);
    blocks_.reserve(order_.size());
    for (Function& function : unit_.functions) {
      for (u32 at = function.first_block; at < function.end_block; ++at) place(at, function);
      if (function.use.calls) function.use.across_calls |= function.pinned & function.use.used;
    }
    if (unit_.exception_callback != kNoBlock)
      unit_.exception_callback = number_[unit_.exception_callback];
    unit_.blocks = std::move(blocks_);
  }

 private:
  bool is_last(u32 block, Kind kind) const {
    const Block& each = unit_.blocks[block];
    return each.begin != each.end && unit_.operations[each.end - 1].kind == kind;
  }

  // Whether a block is the end of the function, or runs into it.
  bool leaves(u32 block) const {
    if (is_last(block, Kind::exit)) return true;
    const Block& each = unit_.blocks[block];
    const u32 only = each.next == kNoBlock ? each.branch_to : each.next;
    const bool is_one = (each.next == kNoBlock) != (each.branch_to == kNoBlock);
    return is_one && is_last(only, Kind::exit);
  }

  // ---- the order ----

  void order(Function& function) {
    reach(function.first_block);
    for (u32 at = function.first_block; at < function.end_block; ++at) {
      if (number_[at] != kNoBlock) choose(at, function.first_block);
    }
    const u32 begin = function.first_block, end = function.end_block;
    function.first_block = static_cast<u32>(order_.size());
    for (u32 at = begin; at < end; ++at) {
      if (!follows_[at]) chain(at);
    }
    for (u32 at = begin; at < end; ++at) chain(at);  // loops that nothing but themselves leads to
    function.end_block = static_cast<u32>(order_.size());
  }

  // Marks what can be reached from the first block.
  void reach(u32 first) {
    waiting_.assign(1, first);
    while (!waiting_.empty()) {
      const u32 at = waiting_.back();
      waiting_.pop_back();
      if (at == kNoBlock || std::exchange(number_[at], kReached) == kReached) continue;
      waiting_.push_back(unit_.blocks[at].next);
      waiting_.push_back(unit_.blocks[at].branch_to);
    }
  }

  // What stands behind a block: what it runs into, or what only it leads to.
  void choose(u32 at, u32 first) {
    const Block& block = unit_.blocks[at];
    const u32 to = block.branch_to;
    const bool only_here = to != kNoBlock && to != first && entrances_[to] == 1;
    const bool turns = only_here && to <= at && is_last(at, Kind::branch) && leaves(block.next);
    const bool moves = turns || (only_here && block.next == kNoBlock);
    behind_[at] = moves && opens(to, at) ? to : block.next;
    if (behind_[at] != kNoBlock) follows_[behind_[at]] = true;
  }

  // Whether `last` may stand in front of `first`: where `first` runs into it already, the loop is
  // opened in front of `last`, by a branch that can be turned.
  bool opens(u32 first, u32 last) {
    u32 steps = 0;
    for (u32 at = first; behind_[at] != kNoBlock; at = behind_[at]) {
      if (++steps == kStepsMax) return false;
      if (behind_[at] != last) continue;
      if (!is_last(at, Kind::branch)) return false;
      behind_[at] = kNoBlock;
      follows_[last] = false;
      return true;
    }
    return first != last;
  }

  void chain(u32 at) {
    for (; at != kNoBlock && number_[at] == kReached; at = behind_[at]) {
      number_[at] = static_cast<u32>(order_.size());
      order_.push_back(at);
    }
  }

  // ---- the new code ----

  // The operations stay where they are, but close together.
  void place(u32 at, Function& function) {
    Block& block = blocks_.emplace_back(unit_.blocks[order_[at]]);
    const u32 end = block.end;
    block.end = block.begin;
    for (u32 from = block.begin; from < end; ++from) {
      Operation& op = unit_.operations[from];
      if (op.kind == Kind::nothing) continue;
      note(function.use, op, unit_.trust);
      if (names_block(op.kind)) op.target = number_[op.target];
      if (block.end != from) unit_.operations[block.end] = op;
      ++block.end;
    }
    const u32 behind = at + 1 < function.end_block ? order_[at + 1] : kNoBlock;
    if (block.next != kNoBlock && block.next != behind) leave(block, behind);
    if (block.branch_to != kNoBlock) block.branch_to = number_[block.branch_to];
    if (block.next != kNoBlock) block.next = number_[block.next];
  }

  // The block does not run into its `next`.
  void leave(Block& block, u32 behind) const {
    Operation* const last = block.begin == block.end ? nullptr : &unit_.operations[block.end - 1];
    if (last != nullptr && last->kind == Kind::branch && block.branch_to == behind) {
      last->negated = !last->negated;
      last->target = number_[block.next];
      std::swap(block.branch_to, block.next);
    } else {
      block.jump_to = number_[block.next];
    }
  }

  static constexpr u32 kReached = kNoBlock - 1;
  static constexpr u32 kStepsMax = 64;  // keeps it linear; nests of loops are shallow

  Unit& unit_;
  std::vector<u8> entrances_;
  std::vector<u32> behind_;    // by old number: the one that shall stand behind it
  std::vector<bool> follows_;  // it stands behind another one
  std::vector<u32> number_;    // new ones, by old number
  std::vector<u32> order_;     // old numbers, by new one
  std::vector<u32> waiting_;   // for reach()
  std::vector<Block> blocks_;
};

}  // namespace

void lay_out(Unit& unit) {
  if (unit.trust == Trust::verified) Layout(unit).run();
}

}  // namespace skep::jit
