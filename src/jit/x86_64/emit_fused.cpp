// Two or three operations that are one instruction of x86-64, with an operand in memory.
//
// A load whose value is read once, by the operation behind it, is that one's operand; a load, the
// arithmetic on what it brought and the store of the result at the same place are one instruction.
// A look-up whose result is asked for null goes the way of that answer itself. Only verified code:
// confined code looks at each access.
#include "jit/dataflow.hpp"
#include "jit/x86_64/emitter.hpp"

namespace skep::jit::x86_64 {
namespace {

using isa::Alu;
using isa::Width;

bool is_whole(const Operation& load) {
  return load.kind == Kind::load && load.extend == Extend::zero && !load.swapped &&
         (load.width == Width::w32 || load.width == Width::w64);
}

bool reads_address(const Operation& access, Register r) {
  return access.left == r || access.index == r;
}

bool is_same_place(const Operation& a, const Operation& b) {
  return a.left == b.left && a.index == b.index && a.scale == b.scale && a.offset == b.offset &&
         a.width == b.width;
}

// Whether memory has all that `width` wants of what was loaded.
bool has(const Operation& load, Width width) { return load.width >= width && width >= Width::w32; }

bool is_unsigned(isa::Jump jump) {
  switch (jump) {
    case isa::Jump::eq:
    case isa::Jump::ne:
    case isa::Jump::gt:
    case isa::Jump::ge:
    case isa::Jump::lt:
    case isa::Jump::le: return true;
    default: return false;
  }
}

std::optional<Arithmetic> arithmetic_of(const Operation& op) {
  if (op.kind != Kind::alu) return std::nullopt;
  switch (op.alu()) {
    case Alu::add: return Arithmetic::add;
    case Alu::sub: return Arithmetic::sub;
    case Alu::and_: return Arithmetic::and_;
    case Alu::or_: return Arithmetic::or_;
    case Alu::xor_: return Arithmetic::xor_;
    default: return std::nullopt;
  }
}

}  // namespace

// How many operations from `at` on were written as one instruction; 0: none. More than there are:
// and the jump behind them.
u32 Emitter::fused(u32 at, u32 end) {
  const Operation& first = unit_.operations[at];
  if (confined()) return 0;
  if (first.kind == Kind::array_lookup && at + 1 < end) return look_up_or_leave(first, at + 1);
  if (first.kind != Kind::load || at + 1 >= end) return 0;
  const Operation& second = unit_.operations[at + 1];
  if (second.kind == Kind::branch && compare_narrow(first, at + 1)) return 2;
  if (!is_whole(first)) return 0;
  if (at + 2 < end && change_in_memory(first, second, unit_.operations[at + 2])) return 3;
  if (second.kind == Kind::branch) return compare_with_memory(first, second) ? 2 : 0;
  return operand_in_memory(first, second) ? 2 : 0;
}

// t = *place; u = t OP x, or x OP t where that is the same; *place = u
bool Emitter::change_in_memory(const Operation& load, const Operation& op, const Operation& store) {
  const auto row = arithmetic_of(op);
  const Register t = load.dst, u = op.dst;
  if (!row || (op.left == t) == (op.right == t)) return false;
  const Register x = op.left == t ? op.right : op.left;
  if (x == isa::kFramePointer || (op.right == t && *row == Arithmetic::sub)) return false;
  if (store.kind != Kind::store || store.right != u || !is_same_place(load, store)) return false;
  if (reads_address(load, t) || reads_address(store, u)) return false;
  if ((store.live_after & (set_of(t) | set_of(u))) != 0) return false;
  if (load.width == Width::w64 && op.width != Width::w64) return false;
  const Operand place = access(load, load.left);
  if (x == kNoRegister) {
    a_.arithmetic(*row, load.width, place, static_cast<s32>(op.immediate));
  } else {
    a_.arithmetic(*row, load.width, place, home(x));
  }
  return true;
}

// t = *place; dst = left OP t
bool Emitter::operand_in_memory(const Operation& load, const Operation& op) {
  const auto row = arithmetic_of(op);
  const bool product = op.kind == Kind::alu && op.alu() == Alu::mul;
  const Register t = load.dst;
  if ((!row && !product) || op.right != t || op.left == t || op.left == isa::kFramePointer)
    return false;
  if (!has(load, op.width) || ((op.live_after & set_of(t)) != 0 && op.dst != t)) return false;
  // A copy of `left` must not hit the address.
  if (op.dst != op.left && reads_address(load, op.dst)) return false;
  const Reg dst = home(op.dst);
  const Operand place = access(load, load.left);
  into(op.width, dst, op.left);
  product ? a_.multiply(op.width, dst, place) : a_.arithmetic(*row, op.width, dst, place);
  return true;
}

// t = *place; if t JUMP x, or if x JUMP t
bool Emitter::compare_with_memory(const Operation& load, const Operation& op) {
  const Register t = load.dst;
  if (op.jump() == isa::Jump::set || !has(load, op.width)) return false;
  if ((op.live_after & set_of(t)) != 0 || falls_into(unit_, block_, op.target)) return false;
  const Operand place = access(load, load.left);
  if (op.left == t && op.has_immediate()) {
    a_.arithmetic(Arithmetic::cmp, op.width, place, static_cast<s32>(op.immediate));
  } else if (op.left == t && op.right != t && op.right != isa::kFramePointer) {
    a_.arithmetic(Arithmetic::cmp, op.width, place, home(op.right));
  } else if (op.right == t && op.left != t && op.left != isa::kFramePointer) {
    a_.arithmetic(Arithmetic::cmp, op.width, home(op.left), place);
  } else {
    return false;
  }
  jump_if(op);
  return true;
}

// The same of 8 or 16 bits, which both sides have been extended from with zeros.
bool Emitter::compare_narrow(const Operation& load, u32 at) {
  const Operation& op = unit_.operations[at];
  const Register t = load.dst;
  const bool is_narrow = load.width == Width::w8 || load.width == Width::w16;
  if (!is_narrow || load.extend != Extend::zero || load.swapped || !is_unsigned(op.jump()))
    return false;
  if (op.left != t || (op.live_after & set_of(t)) != 0 || falls_into(unit_, block_, op.target))
    return false;
  if (op.has_immediate()) {
    const s64 most = load.width == Width::w8 ? 0xff : 0x7f;
    if (op.immediate < 0 || op.immediate > most) return false;
    a_.compare_narrow(load.width, access(load, load.left), static_cast<u8>(op.immediate));
  } else {
    if (op.right == t || !was_loaded(op.right, load.width, at - 1)) return false;
    a_.compare_narrow(load.width, access(load, load.left), home(op.right));
  }
  jump_if(op);
  return true;
}

// Whether a register holds what a load of that width in front of `at` gave it.
bool Emitter::was_loaded(Register r, Width width, u32 at) const {
  while (at-- > unit_.blocks[block_].begin) {
    const Operation& op = unit_.operations[at];
    if ((writes(op) & set_of(r)) == 0) continue;
    return op.kind == Kind::load && op.width == width && op.extend == Extend::zero && !op.swapped;
  }
  return false;
}

// r0 = the element; if r0 == 0 goto target: the way of an index that is too large is known.
u32 Emitter::look_up_or_leave(const Operation& lookup, u32 at) {
  const Operation& op = unit_.operations[at];
  const bool asks = op.kind == Kind::branch && op.left == isa::kR0 && op.has_immediate() &&
                    op.immediate == 0 && op.width == Width::w64 &&
                    (op.jump() == isa::Jump::eq || op.jump() == isa::Jump::ne);
  if (!asks) return 0;
  const Block& block = unit_.blocks[block_];
  const bool leaves_when_null = (op.jump() == isa::Jump::eq) != op.negated;
  const u32 none = leaves_when_null ? op.target : block.next;
  const u32 some = leaves_when_null ? block.next : op.target;
  element_of(lookup, [this, none] {
    a_.move_immediate(Reg::rax, 0);
    a_.jump(blocks_ + none);
  });
  if (!falls_into(unit_, block_, some)) a_.jump(blocks_ + some);
  // One more than there are: the jump to block.jump_to is made, or never reached.
  return block.jump_to != kNoBlock ? 3 : 2;
}

}  // namespace skep::jit::x86_64
