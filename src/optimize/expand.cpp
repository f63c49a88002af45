#include "optimize/expand.hpp"

namespace skep::optimize {
namespace {

using isa::Alu;
using isa::Form;
using isa::Instruction;
using isa::Source;
using isa::Width;
using jit::Kind;
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
    case Kind::user_pointer:
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

}  // namespace skep::optimize
