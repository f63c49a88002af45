// Loads, stores, atomic operations, and look-ups in arrays.
//
// Verified code addresses memory directly. Confined code computes the address into x16, checks it
// against the frames and the memory of its run, and goes through x16; what it may touch stands in
// the code as constants.
#include <bit>

#include "jit/aarch64/emitter.hpp"

namespace skep::jit::aarch64 {

using isa::Atomic;

Memory Emitter::access(const Operation& op) {
  if (confined()) return memory(pointer(op), 0);
  if (op.index != kNoRegister) return access_indexed(op);
  return place(op.width, op.left, op.offset, Reg::x16);
}

Memory Emitter::place(Width width, Register left, s32 distance, Reg scratch) {
  const bool in_frame = is_frame_pointer(left);
  const Reg base = in_frame ? Reg::sp : home(left);
  const s32 offset = distance + (in_frame ? frame_.frame_pointer : 0);
  if (reaches(width, offset)) return memory(base, offset);
  a_.move_immediate(scratch, static_cast<u64>(s64{offset}));
  return memory(base, scratch);
}

// The machine has base + index, and base + offset.
Memory Emitter::access_indexed(const Operation& op) {
  const Reg base = home(op.left), index = home(op.index);
  if (op.offset == 0) return memory(base, index);
  a_.arithmetic(Arithmetic::add, Width::w64, {Reg::x16, base, index});
  if (reaches(op.width, op.offset)) return memory(Reg::x16, op.offset);
  a_.move_immediate(Reg::x17, static_cast<u64>(s64{op.offset}));
  return memory(Reg::x16, Reg::x17);
}

// The register that has the address of an access; checked, if the code is confined.
Reg Emitter::pointer(const Operation& op) {
  const auto offset = static_cast<u64>(s64{op.offset});
  if (is_frame_pointer(op.left)) {
    const u64 from_sp = offset + static_cast<u64>(frame_.frame_pointer);
    add_constant(Width::w64, {Reg::x16, Reg::sp, Reg::x17}, from_sp);
    return Reg::x16;
  }
  if (!confined() && op.offset == 0) return home(op.left);
  add_constant(Width::w64, {Reg::x16, home(op.left), Reg::x17}, offset);
  if (confined()) check_access(op);
  return Reg::x16;
}

// x16 must be from r10 of the program - 512 to the end of the stack, or inside of the memory.
void Emitter::check_access(const Operation& op) {
  const u64 bytes = isa::bytes_of(op.width);
  const Label inside = a_.make_label();
  const Label not_stack = a_.make_label();
  const Label outside = trap_at(op.from, interpret::Trap::outside);
  const auto compare_with = [this](u64 bound) {
    a_.move_immediate(Reg::x17, bound);
    a_.arithmetic(Arithmetic::subs, Width::w64, {Reg::zr, Reg::x16, Reg::x17});
  };
  a_.arithmetic(Arithmetic::sub, Width::w64, Reg::x17, Reg::x23, u64{isa::kStackBytes});
  a_.arithmetic(Arithmetic::subs, Width::w64, {Reg::zr, Reg::x16, Reg::x17});
  a_.jump_if(Condition::lo, not_stack);
  compare_with(confines_.stack_end - bytes);
  a_.jump_if(Condition::ls, inside);
  a_.bind(not_stack);
  if (bytes > confines_.memory_bytes) {
    a_.jump(outside);
  } else {
    compare_with(confines_.memory);
    a_.jump_if(Condition::lo, outside);
    compare_with(confines_.memory + confines_.memory_bytes - bytes);
    a_.jump_if(Condition::hi, outside);
  }
  a_.bind(inside);
}

void Emitter::load(const Operation& op) {
  const Memory from = access(op);
  const Reg dst = home(op.dst);
  if (op.extend == Extend::sign) return a_.load_signed(op.width, dst, from);
  a_.load(op.width, dst, from);
  if (op.swapped) a_.swap_bytes(op.width, dst, dst);
}

void Emitter::store(const Operation& op) {
  const Memory to = access(op);
  if (!op.has_immediate()) return a_.store(op.width, to, value(op.right, Reg::x9));
  const u32 bits = isa::bits_of(op.width);
  const u64 stored = static_cast<u64>(op.immediate) & (bits == 64 ? ~u64{0} : (u64{1} << bits) - 1);
  if (stored == 0) return a_.store(op.width, to, Reg::zr);
  a_.move_immediate(Reg::x9, stored);
  a_.store(op.width, to, Reg::x9);
}

// ---- atomic operations (RFC 9669, 5.3) ----

// As the kernel's (Documentation/atomic_t.txt, "ORDERING"): what gives a value is fully ordered,
// what gives none is not. Nobody else sees the order of one thread's accesses.
Order Emitter::order(Atomic atomic) const {
  const bool fetches = isa::kAtomic[atomic].fetch != isa::Fetch::nothing;
  return fetches && bindings_.sharing == platform::Sharing::threads ? Order::acquire_release
                                                                    : Order::relaxed;
}

void Emitter::atomic(const Operation& op) {
  const Reg address = pointer(op);
  const u32 bytes = isa::bytes_of(op.width);
  if (confined() && bytes > 1) {
    a_.logical(Logical::ands, Width::w64, Reg::zr, address, bytes - 1);
    a_.jump_if(Condition::ne, trap_at(op.from, interpret::Trap::misaligned));
  }
  if (op.atomic() == Atomic::load_acquire) {
    return a_.load_acquire(op.width, home(op.dst), address);
  }
  const Reg source = value(op.right, Reg::x9);
  if (op.atomic() == Atomic::store_release) return a_.store_release(op.width, source, address);
  if (target_.has_lse) return atomic_at_once(op, address, source);
  atomic_in_a_loop(op, address, source);
}

// What memory had goes where the row says, 32 bits of it without the upper half.
void Emitter::atomic_at_once(const Operation& op, Reg address, Reg source) {
  const Order order = this->order(op.atomic());
  const bool fetches = isa::kAtomic[op.atomic()].fetch != isa::Fetch::nothing;
  const Assembler::Exchange exchange{
      .old = fetches ? home(op.dst) : Reg::zr, .src = source, .address = address};
  switch (op.atomic()) {
    case Atomic::add:
    case Atomic::fetch_add: return a_.update(Update::add, order, op.width, exchange);
    case Atomic::or_:
    case Atomic::fetch_or: return a_.update(Update::set, order, op.width, exchange);
    case Atomic::xor_:
    case Atomic::fetch_xor: return a_.update(Update::xor_, order, op.width, exchange);
    case Atomic::and_:
    case Atomic::fetch_and:
      a_.logical(Logical::or_not, Width::w64, {Reg::x10, Reg::zr, source});
      return a_.update(Update::clear, order, op.width, {exchange.old, Reg::x10, address});
    case Atomic::xchg: return a_.update(Update::swap, order, op.width, exchange);
    case Atomic::cmpxchg: return a_.compare_and_swap(order, op.width, exchange);
    case Atomic::load_acquire:
    case Atomic::store_release:
    case Atomic::count_: return;
  }
}

// Until nobody came between load and store. x10 has what memory had, x11 what it gets.
void Emitter::atomic_in_a_loop(const Operation& op, Reg address, Reg source) {
  const Order order = this->order(op.atomic());
  const Label again = a_.make_label(), done = a_.make_label();
  a_.bind(again);
  a_.load_exclusive(order, op.width, Reg::x10, address);
  if (op.atomic() == Atomic::cmpxchg) {
    a_.arithmetic(Arithmetic::subs, op.width, {Reg::zr, Reg::x10, home(op.dst)});
    a_.jump_if(Condition::ne, done);
  }
  change(op, {Reg::x11, Reg::x10, source});
  a_.store_exclusive(order, op.width, {Reg::x17, Reg::x11, address});
  a_.jump_unless_zero(Width::w32, Reg::x17, again);
  if (order == Order::acquire_release) a_.barrier();
  a_.bind(done);
  if (op.dst != kNoRegister) a_.move(op.width, home(op.dst), Reg::x10);
}

// dst = what memory becomes when it was left and the operand is right.
void Emitter::change(const Operation& op, Three operands) {
  switch (op.atomic()) {
    case Atomic::add:
    case Atomic::fetch_add: return a_.arithmetic(Arithmetic::add, op.width, operands);
    case Atomic::or_:
    case Atomic::fetch_or: return a_.logical(Logical::or_, op.width, operands);
    case Atomic::and_:
    case Atomic::fetch_and: return a_.logical(Logical::and_, op.width, operands);
    case Atomic::xor_:
    case Atomic::fetch_xor: return a_.logical(Logical::xor_, op.width, operands);
    case Atomic::xchg:
    case Atomic::cmpxchg: return a_.move(op.width, operands.dst, operands.right);
    case Atomic::load_acquire:
    case Atomic::store_release:
    case Atomic::count_: return;
  }
}

// ---- look-ups ----

// dst = left + right * factor
void Emitter::add_scaled(Three operands, u64 factor) {
  if (std::has_single_bit(factor)) {
    operands.shift = static_cast<u8>(std::countr_zero(factor));
    return a_.arithmetic(Arithmetic::add, Width::w64, operands);
  }
  a_.move_immediate(Reg::x17, factor);
  a_.multiply_add(Width::w64, {operands.dst, operands.right, Reg::x17}, operands.left);
}

// r0 = index < entries ? values + index * stride (+ cpu * cpu_stride) : null
void Emitter::array_lookup(const Operation& op) {
  const platform::ArrayShape& array = bindings_.arrays[static_cast<std::size_t>(op.immediate)];
  const Label done = a_.make_label();
  const Reg element = home(isa::kR0);
  if (op.row == static_cast<u8>(Key::constant)) {
    a_.move_immediate(element, array.values + static_cast<u64>(op.offset) * array.stride);
  } else {
    const Label null = a_.make_label();
    const Reg index = index_of(op);
    compare_index(index, array.entries);
    a_.jump_if(Condition::hs, null);
    a_.move_immediate(Reg::x16, array.values);
    add_scaled({element, Reg::x16, index}, array.stride);
    aside([this, null, done, element] {
      a_.bind(null);
      a_.move_immediate(element, 0);
      a_.jump(done);
    });
  }
  if (array.cpu_stride != 0) {
    // An Execution is no larger than one offset reaches.
    a_.load(Width::w32, Reg::x16, memory(Reg::x25, static_cast<s32>(bindings_.cpu_offset)));
    add_scaled({element, element, Reg::x16}, array.cpu_stride);
  }
  a_.bind(done);
}

// The index of a look-up, with nothing in its upper half.
Reg Emitter::index_of(const Operation& op) {
  const Reg element = home(isa::kR0);
  if (op.row == static_cast<u8>(Key::in_register)) {
    a_.move(Width::w32, element, home(op.left));
    return element;
  }
  a_.load(Width::w32, element, place(Width::w32, 2, 0, Reg::x16));
  return element;
}

void Emitter::compare_index(Reg index, u32 entries) {
  if (is_arithmetic_immediate(entries)) {
    return a_.arithmetic(Arithmetic::subs, Width::w32, Reg::zr, index, entries);
  }
  a_.move_immediate(Reg::x17, entries);
  a_.arithmetic(Arithmetic::subs, Width::w32, {Reg::zr, index, Reg::x17});
}

}  // namespace skep::jit::aarch64
