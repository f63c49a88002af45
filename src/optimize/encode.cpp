#include "optimize/encode.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "optimize/expand.hpp"

namespace skep::optimize {
namespace {

using isa::Form;
using isa::Instruction;
using jit::Block;
using jit::Kind;
using jit::kNoBlock;
using jit::Operation;

std::optional<isa::Jump> opposite(isa::Jump jump) {
  switch (jump) {
    case isa::Jump::eq: return isa::Jump::ne;
    case isa::Jump::ne: return isa::Jump::eq;
    case isa::Jump::gt: return isa::Jump::le;
    case isa::Jump::le: return isa::Jump::gt;
    case isa::Jump::ge: return isa::Jump::lt;
    case isa::Jump::lt: return isa::Jump::ge;
    case isa::Jump::sgt: return isa::Jump::sle;
    case isa::Jump::sle: return isa::Jump::sgt;
    case isa::Jump::sge: return isa::Jump::slt;
    case isa::Jump::slt: return isa::Jump::sge;
    case isa::Jump::set:
    case isa::Jump::count_: return std::nullopt;
  }
  return std::nullopt;
}

// ---- a body ----

class Encoder {
 public:
  Encoder(const Body& body, const Lowered& lowered)
      : body_(body), lowered_(lowered), unit_(lowered.unit) {}

  Result<std::vector<Step>> run() {
    const auto count = static_cast<u32>(unit_.blocks.size());
    find_reached();
    first_.resize(count, 0);
    for (u32 at = 0; at < count; ++at) {
      first_[at] = static_cast<u32>(out_.size());
      if (reached_[at]) TRY(block(at));
    }
    for (const auto& [step, target] : aims_) {
      out_[step].instruction.target = isa::InstructionIndex(first_[target]);
    }
    return std::move(out_);
  }

 private:
  static constexpr u32 kHopsMax = 16;

  const Operation* only_jump(u32 block) const {
    const Block& at = unit_.blocks[block];
    if (at.end - at.begin != 1) return nullptr;
    const Operation& op = unit_.operations[at.begin];
    return op.kind == Kind::jump ? &op : nullptr;
  }

  bool is_empty(u32 block) const { return unit_.blocks[block].begin == unit_.blocks[block].end; }

  // The first block with something in it that control falls into from the beginning of `block`.
  u32 fallen_into(u32 block) const {
    while (is_empty(block) && unit_.blocks[block].next != kNoBlock)
      block = unit_.blocks[block].next;
    return block;
  }

  u32 final_target(u32 block) const {
    for (u32 hop = 0; hop < kHopsMax; ++hop) {
      block = fallen_into(block);
      const Operation* jump = only_jump(block);
      if (jump == nullptr) return block;
      block = jump->target;
    }
    return fallen_into(block);
  }

  void find_reached() {
    reached_.assign(unit_.blocks.size(), false);
    std::vector<u32> open = {fallen_into(0)};
    while (!open.empty()) {
      const u32 at = open.back();
      open.pop_back();
      if (reached_[at]) continue;
      reached_[at] = true;
      const Block& block = unit_.blocks[at];
      if (block.branch_to != kNoBlock) open.push_back(final_target(block.branch_to));
      if (block.next != kNoBlock) open.push_back(fallen_into(block.next));
    }
  }

  u32 next_reached(u32 block) const {
    for (u32 at = block + 1; at < reached_.size(); ++at) {
      if (reached_[at]) return at;
    }
    return kNoBlock;
  }

  Result<void> block(u32 number) {
    const Block& block = unit_.blocks[number];
    for (u32 at = block.begin; at < block.end; ++at) {
      TRY(operation(number, unit_.operations[at]));
    }
    if (block.next == kNoBlock) return {};
    const u32 next = fallen_into(block.next);
    if (next != next_reached(number)) jump_to(next, out_.back().origin);
    return {};
  }

  void jump_to(u32 target, Origin origin) {
    aim(final_target(target));
    out_.push_back(
        {.instruction = {.form = Form::jump_always}, .origin = origin, .is_original = false});
  }

  void aim(u32 block) { aims_.emplace_back(static_cast<u32>(out_.size()), block); }

  Result<void> operation(u32 number, const Operation& op) {
    const bool jumps =
        op.kind == Kind::branch || op.kind == Kind::jump || op.kind == Kind::may_goto;
    const u32 target = jumps ? final_target(op.target) : kNoBlock;
    if (op.kind == Kind::jump && target == next_reached(number)) return {};
    if (lowered_.is_unchanged(op)) {
      for (u32 at = lowered_.begin[op.from]; at <= op.from; ++at) {
        if (at == op.from && jumps) aim(target);
        out_.push_back(body_.steps[at]);
      }
      return {};
    }
    if (op.kind == Kind::branch) return branch(number, op, target);
    const auto made = expand(op);
    if (!made) return refuse(op);
    for (const Instruction& each : *made) add(each, op);
    return {};
  }

  Error refuse(const Operation& op) const {
    return {Fault::unsupported, format("no instruction says what became of number {}", op.from)};
  }

  void add(const Instruction& instruction, const Operation& op) {
    out_.push_back(
        {.instruction = instruction, .origin = body_.steps[op.from].origin, .is_original = false});
  }

  // The opposite of what stood there.
  Result<void> branch(u32 number, const Operation& op, u32 target) {
    Instruction i = body_.steps[op.from].instruction;
    const auto jump = opposite(i.jump());
    if (op.negated && jump) {
      i.operation = static_cast<u8>(*jump);
      aim(target);
      add(i, op);
      return {};
    }
    const u32 next = unit_.blocks[number].next;
    if (!op.negated || next == kNoBlock) return refuse(op);
    aim(final_target(next));
    add(i, op);
    jump_to(target, out_.back().origin);
    return {};
  }

  const Body& body_;
  const Lowered& lowered_;
  const jit::Unit& unit_;
  std::vector<bool> reached_;
  std::vector<u32> first_;                 // by block: its first step
  std::vector<std::pair<u32, u32>> aims_;  // steps, and the blocks that they jump to
  std::vector<Step> out_;
};

}  // namespace

Result<std::vector<Step>> encode(const Body& body, const Lowered& lowered) {
  return Encoder(body, lowered).run();
}

}  // namespace skep::optimize
