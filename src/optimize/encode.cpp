#include "optimize/encode.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "isa/control_flow.hpp"

namespace skep::optimize {
namespace {

using isa::Alu;
using isa::Form;
using isa::Instruction;
using isa::Source;
using isa::Width;
using jit::Block;
using jit::Kind;
using jit::kNoBlock;
using jit::kNoRegister;
using jit::Operation;
using jit::Register;

using Instructions = std::vector<Instruction>;

bool fits(s64 offset) { return offset == static_cast<s16>(offset); }

Instruction load(Width width, Register dst, Register base, s64 offset) {
  return {.form = Form::load,
          .width = width,
          .dst = dst,
          .src = base,
          .offset = static_cast<s16>(offset)};
}
Instruction store(Width width, Register base, s64 offset, Register source) {
  return {.form = Form::store,
          .width = width,
          .source = Source::reg,
          .dst = base,
          .src = source,
          .offset = static_cast<s16>(offset)};
}

std::optional<Instructions> expand_load(const Operation& op) {
  if (op.left == kNoRegister || op.index != kNoRegister || !fits(op.offset)) return std::nullopt;
  Instruction wide = load(op.width, op.dst, op.left, op.offset);
  if (op.extend == jit::Extend::sign) wide.form = Form::load_signed;
  Instructions out = {wide};
  if (op.swapped) {
    out.push_back({.form = Form::alu,
                   .operation = static_cast<u8>(Alu::to_be),
                   .width = Width::w32,
                   .dst = op.dst,
                   .immediate = isa::bits_of(op.width)});
  }
  return out;
}

std::optional<Instructions> expand_store(const Operation& op) {
  if (op.left == kNoRegister || op.index != kNoRegister || !fits(op.offset)) return std::nullopt;
  if (!op.has_immediate()) return Instructions{store(op.width, op.left, op.offset, op.right)};
  return Instructions{{.form = Form::store,
                       .width = op.width,
                       .dst = op.left,
                       .offset = static_cast<s16>(op.offset),
                       .immediate = op.immediate}};
}

// A register that nobody reads behind the operation, and that it does not read.
std::optional<Register> free_register(const Operation& op) {
  const jit::Registers taken =
      op.live_after | jit::set_of(op.left) | (op.right == kNoRegister ? 0 : jit::set_of(op.right));
  for (Register r = 0; r < isa::kFramePointer; ++r) {
    if ((taken & jit::set_of(r)) == 0) return r;
  }
  return std::nullopt;
}

// The widest access at both places: the frame's are aligned, or the kernel refuses them.
u32 piece_of(const Operation& op, u32 done) {
  u32 bytes = 8;
  while (bytes > op.target - done) bytes /= 2;
  const auto misaligned = [&](Register base, s64 offset) {
    return base == isa::kFramePointer && offset % bytes != 0;
  };
  while (misaligned(op.left, op.offset + s64{done}) ||
         (op.kind == Kind::copy && misaligned(op.right, op.immediate + done))) {
    bytes /= 2;
  }
  return bytes;
}

std::optional<Instructions> expand_row(const Operation& op) {
  const auto through = free_register(op);
  if (!through || !fits(op.offset) || !fits(op.offset + s64{op.target})) return std::nullopt;
  if (op.kind == Kind::copy && !fits(op.immediate + op.target)) return std::nullopt;
  Instructions out;
  if (op.kind == Kind::fill) {
    out.push_back({.form = Form::alu, .operation = static_cast<u8>(Alu::mov), .dst = *through});
  }
  for (u32 done = 0; done < op.target;) {
    const u32 bytes = piece_of(op, done);
    const Width width = isa::width_of(bytes);
    if (op.kind == Kind::copy) {
      out.push_back(load(width, *through, op.left, op.offset + s64{done}));
      out.push_back(store(width, op.right, op.immediate + done, *through));
    } else {
      out.push_back(store(width, op.left, op.offset + s64{done}, *through));
    }
    done += bytes;
  }
  return out;
}

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

std::optional<std::vector<Instruction>> expand(const Operation& op) {
  switch (op.kind) {
    case Kind::load: return expand_load(op);
    case Kind::store: return expand_store(op);
    case Kind::fill:
    case Kind::copy: return expand_row(op);
    case Kind::alu:
    case Kind::rotate:
    case Kind::constant:
    case Kind::nothing:
    case Kind::atomic:
    case Kind::array_lookup:
    case Kind::map_lookup:
    case Kind::packet_load:
    case Kind::branch:
    case Kind::select:
    case Kind::jump:
    case Kind::may_goto:
    case Kind::call_helper:
    case Kind::call_indirect:
    case Kind::call_local:
    case Kind::tail_call:
    case Kind::throw_exception:
    case Kind::exit:
    case Kind::count_: return std::nullopt;
  }
  return std::nullopt;
}

Result<std::vector<Step>> encode(const Body& body, const Lowered& lowered) {
  return Encoder(body, lowered).run();
}

}  // namespace skep::optimize
