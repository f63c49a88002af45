// Loads, stores, atomic operations, and look-ups in arrays.
//
// Verified code addresses memory directly. Confined code computes the address into r11, checks it
// against the frames and the memory of its run, and goes through r11; what it may touch stands in
// the code as constants.
#include <bit>

#include "jit/x86_64/emitter.hpp"

namespace skep::jit::x86_64 {

using isa::Atomic;
using isa::Width;

Operand Emitter::access(const Operation& op, Register base) {
  if (!confined()) {
    Operand out = base == kNoRegister ? memory_at(op.offset) : address(base, op.offset);
    if (op.index != kNoRegister) out.index = home(op.index);
    out.scale = op.scale;
    return out;
  }
  if (op.offset == 0) {
    a_.move(Width::w64, Reg::r11, home(base));
  } else {
    a_.load_address(Width::w64, Reg::r11, address(base, op.offset));
  }
  check_access(op);
  return memory(Reg::r11, 0);
}

// r11 must be from r10 of the program - 512 to the end of the stack, or inside of the memory.
void Emitter::check_access(const Operation& op) {
  const u32 bytes = isa::bytes_of(op.width);
  const Label inside = a_.make_label();
  const Label not_stack = a_.make_label();
  const Label outside = trap_at(op.from, interpret::Trap::outside);
  const auto compare_with = [&](u64 bound) {
    a_.move_immediate(Reg::r10, bound);
    a_.arithmetic(Arithmetic::cmp, Width::w64, direct(Reg::r11), Reg::r10);
  };
  a_.load_address(Width::w64, Reg::r10, memory(Reg::rbp, -static_cast<s32>(isa::kStackBytes)));
  a_.arithmetic(Arithmetic::cmp, Width::w64, direct(Reg::r11), Reg::r10);
  a_.jump_if(Condition::b, not_stack);
  compare_with(confines_.stack_end - bytes);
  a_.jump_if(Condition::be, inside);
  a_.bind(not_stack);
  if (bytes > confines_.memory_bytes) {
    a_.jump(outside);
  } else {
    compare_with(confines_.memory);
    a_.jump_if(Condition::b, outside);
    compare_with(confines_.memory + confines_.memory_bytes - bytes);
    a_.jump_if(Condition::a, outside);
  }
  a_.bind(inside);
}

void Emitter::load(const Operation& op) {
  const Operand from = access(op, op.left);
  if (op.swapped) return load_swapped(op, from);
  if (op.extend == Extend::sign) return a_.load_signed(op.width, home(op.dst), from);
  a_.load(op.width, home(op.dst), from);
}

void Emitter::load_swapped(const Operation& op, Operand from) {
  const Reg dst = home(op.dst);
  if (op.width == Width::w16) {
    a_.load(Width::w16, dst, from);
    return a_.rotate_left(Width::w16, dst, 8);  // the upper bits stay 0
  }
  // Not MOVBE: on an AMD EPYC (Zen 5) it takes 1.1 times as long as both of these.
  a_.load(op.width, dst, from);
  a_.swap_bytes(op.width, dst);
}

void Emitter::store(const Operation& op) {
  const Operand to = access(op, op.left);
  if (op.has_immediate()) {
    return a_.store_immediate(op.width, to, static_cast<s32>(op.immediate));
  }
  a_.store(op.width, to, value(op.right, Reg::r10));
}

// ---- rows of accesses ----

void Emitter::fill(const Operation& op) {
  if (op.piece == 16) a_.clear_wide();
  pieces(op, [&](u32 at, u32 bytes) {
    const Operand to = address(op.left, op.offset + static_cast<s32>(at));
    if (bytes == 16) return a_.store_wide(to);
    a_.store_immediate(isa::width_of(bytes), to, 0);
  });
}

void Emitter::copy(const Operation& op) {
  pieces(op, [&](u32 at, u32 bytes) {
    const Operand from = address(op.left, op.offset + static_cast<s32>(at));
    const Operand to = address(op.right, static_cast<s32>(op.immediate) + static_cast<s32>(at));
    if (bytes == 16) return a_.load_wide(from), a_.store_wide(to);
    a_.load(isa::width_of(bytes), Reg::r11, from);
    a_.store(isa::width_of(bytes), to, Reg::r11);
  });
}

// ---- atomic operations (RFC 9669, 5.3); all orders of x86-64 are at least acquire and release
// ----

// One instruction is one change to its own thread: the lock is for others.
Lock Emitter::lock() const {
  return bindings_.sharing == platform::Sharing::threads ? Lock::yes : Lock::no;
}

void Emitter::atomic(const Operation& op) {
  const Operand place = access(op, op.left);
  const u32 bytes = isa::bytes_of(op.width);
  if (confined() && bytes > 1) {
    a_.test(Width::w32, Reg::r11, static_cast<s32>(bytes - 1));
    a_.jump_if(Condition::ne, trap_at(op.from, interpret::Trap::misaligned));
  }
  if (op.atomic() == Atomic::load_acquire) return a_.load(op.width, home(op.dst), place);
  const Reg source = value(op.right, Reg::r10);
  switch (op.atomic()) {
    case Atomic::add: return a_.arithmetic(lock(), Arithmetic::add, op.width, place, source);
    case Atomic::or_: return a_.arithmetic(lock(), Arithmetic::or_, op.width, place, source);
    case Atomic::and_: return a_.arithmetic(lock(), Arithmetic::and_, op.width, place, source);
    case Atomic::xor_: return a_.arithmetic(lock(), Arithmetic::xor_, op.width, place, source);
    case Atomic::fetch_add: return a_.exchange_add(lock(), op.width, place, source);
    case Atomic::xchg: return a_.exchange(op.width, place, source);
    case Atomic::store_release: return a_.store(op.width, place, source);
    case Atomic::cmpxchg:
      a_.compare_exchange(lock(), op.width, place, source);
      // rax is not written when the comparison holds.
      if (op.width == Width::w32) a_.move(Width::w32, Reg::rax, Reg::rax);
      return;
    case Atomic::fetch_or:
    case Atomic::fetch_and:
    case Atomic::fetch_xor: return atomic_fetch(op, place);
    case Atomic::load_acquire:
    case Atomic::count_: return;
  }
}

// A loop around cmpxchg, which wants rax and one more register. r10 keeps the operand.
void Emitter::atomic_fetch(const Operation& op, Operand place) {
  const Arithmetic row = op.atomic() == Atomic::fetch_or    ? Arithmetic::or_
                         : op.atomic() == Atomic::fetch_and ? Arithmetic::and_
                                                            : Arithmetic::xor_;
  const Reg source = home(op.right);
  const Reg changed = source == Reg::rcx ? Reg::rdx : Reg::rcx;
  const Label again = a_.make_label();
  a_.load_address(Width::w64, Reg::r11, place);
  a_.move(Width::w64, Reg::r10, source);
  if (source != Reg::rax) a_.push(Reg::rax);
  a_.push(changed);
  a_.load(op.width, Reg::rax, memory(Reg::r11, 0));
  a_.bind(again);
  a_.move(op.width, changed, Reg::rax);
  a_.arithmetic(row, op.width, direct(changed), Reg::r10);
  a_.compare_exchange(lock(), op.width, memory(Reg::r11, 0), changed);
  a_.jump_if(Condition::ne, again);
  a_.pop(changed);
  if (source != Reg::rax) {
    a_.move(op.width, source, Reg::rax);
    a_.pop(Reg::rax);
  } else if (op.width == Width::w32) {
    a_.move(Width::w32, Reg::rax, Reg::rax);
  }
}

void Emitter::scale(Reg reg, u64 factor) {
  if (std::has_single_bit(factor)) {
    a_.shift(Shift::shl, Width::w64, reg, static_cast<u8>(std::countr_zero(factor)));
  } else {
    a_.multiply(Width::w64, reg, direct(reg), static_cast<s32>(factor));
  }
}

// r0 = index < entries ? values + index * stride (+ cpu * cpu_stride) : null
void Emitter::array_lookup(const Operation& op) {
  const Label done = a_.make_label();
  element_of(op, [this, done] {
    a_.move_immediate(Reg::rax, 0);
    a_.jump(done);
  });
  a_.bind(done);
}

// The element's address, or what `otherwise` writes, out of the way, when there is none.
void Emitter::element_of(const Operation& op, std::function<void()> otherwise) {
  const platform::ArrayShape& array = array_of(op);
  if (op.row == static_cast<u8>(Key::constant)) return element_at(op.offset, array);
  const Label none = a_.make_label();
  const bool in_register = op.row == static_cast<u8>(Key::in_register);
  const Reg index = in_register ? home(op.left) : Reg::rax;
  if (!in_register) a_.load(Width::w32, Reg::rax, address(2, 0));
  a_.arithmetic(Arithmetic::cmp, Width::w32, direct(index), static_cast<s32>(array.entries));
  a_.jump_if(Condition::ae, none);
  if (in_register) a_.move(Width::w32, Reg::rax, index);
  scale(Reg::rax, array.stride);
  add_address(Reg::rax, array.values);
  add_cpu(array);
  aside([this, none, otherwise = std::move(otherwise)] {
    a_.bind(none);
    otherwise();
  });
}

// Of an index that is known, and in range.
void Emitter::element_at(s32 index, const platform::ArrayShape& array) {
  a_.move_immediate(Reg::rax, array.values + static_cast<u64>(index) * array.stride);
  add_cpu(array);
}

void Emitter::add_address(Reg reg, u64 address) {
  if (address <= u64{INT32_MAX}) {
    return a_.arithmetic(Arithmetic::add, Width::w64, direct(reg), static_cast<s32>(address));
  }
  a_.move_immediate(Reg::r11, address);
  a_.arithmetic(Arithmetic::add, Width::w64, direct(reg), Reg::r11);
}

void Emitter::add_cpu(const platform::ArrayShape& array) {
  if (array.cpu_stride == 0) return;
  a_.load(Width::w32, Reg::r11, memory(Reg::r12, static_cast<s32>(bindings_.cpu_offset)));
  scale(Reg::r11, array.cpu_stride);
  a_.arithmetic(Arithmetic::add, Width::w64, direct(Reg::rax), Reg::r11);
}

}  // namespace skep::jit::x86_64
