// Parts of random programs that use the stack, and pointers that are one of several.
#include "support/random_writer.hpp"

namespace skep::test {

namespace {

s16 place_of(u32 slot) { return static_cast<s16>(-8 * (static_cast<s32>(slot) + 1)); }

}  // namespace

void Writer::spill() {
  const u8 r = choices_.one_in(2) ? number() : any_register();
  if (now_[r].what == Belief::nothing) return;
  const u32 slot = choices_.below(now_[r].what == Belief::number ? kSlots : kPointerSlots);
  const bool narrow = now_[r].what == Belief::number && choices_.one_in(3);
  put(store_reg(narrow ? Width::w32 : Width::w64, 10, place_of(slot), r));
  slots_[slot] = narrow ? Belief{} : now_[r];
  if (choices_.one_in(3) && now_[r].what == Belief::number) make_bounded(r, 1 + choices_.below(40));
}

void Writer::fill() {
  const u32 slot = choices_.below(kSlots);
  const u8 dst = target();
  if (slots_[slot].what == Belief::nothing || choices_.one_in(6)) {
    put(load(choices_.one_in(2) ? Width::w32 : Width::w8, dst, 10, place_of(slot)));
    now_[dst] = {Belief::number, 0};
    return;
  }
  put(load(Width::w64, dst, 10, place_of(slot)));
  now_[dst] = slots_[slot];
}

// A number in less than a slot, filled as it was spilled, in part, or with what lies next to it.
void Writer::spill_narrow() {
  const u8 r = number(), dst = target();
  if (now_[r].what != Belief::number) return;
  if (choices_.one_in(2)) make_bounded(r, 1 + choices_.below(40));
  const Width spilled = width(), filled = choices_.one_in(2) ? spilled : width();
  const u32 bytes = bytes_of(spilled), last = kPlainBytes / bytes;
  const u32 at = choices_.below(last) * bytes;
  put(store_reg(spilled, 10, static_cast<s16>(kPlain + static_cast<s32>(at)), r));
  slots_[3] = slots_[4] = {};
  if (choices_.one_in(4)) {  // part of it is overwritten
    const u32 other = choices_.below(kPlainBytes);
    put(store(Width::w8, 10, static_cast<s16>(kPlain + static_cast<s32>(other)),
              choices_.below(256)));
  }
  const Belief was = now_[r];
  const u32 from = spilled == filled ? at : at / bytes_of(filled) * bytes_of(filled);
  const s16 place = static_cast<s16>(kPlain + static_cast<s32>(from));
  const bool is_signed = filled != Width::w64 && choices_.one_in(4);
  put(is_signed ? load_signed(filled, dst, 10, place) : load(filled, dst, 10, place));
  const bool is_same = spilled == filled && was.bytes <= 40 && was.bytes != 0;
  now_[dst] = {Belief::number, is_same ? was.bytes : 0};
}

// Bytes somewhere on the stack.
void Writer::vary_stack() {
  const u8 n = number(), pointer = target();
  if (n == pointer) return;
  const Width w = choices_.one_in(3) ? width() : Width::w8;
  make_bounded(n, 1 + choices_.below(kPlainBytes - bytes_of(w) + 1));
  put(mov_reg(pointer, 10));
  put(alu(Alu::add, pointer, kPlain + static_cast<s32>(errs())));
  put(alu_reg(Alu::add, pointer, n));
  now_[pointer] = {};
  if (choices_.one_in(2)) {
    const u8 stored = choices_.one_in(2) ? number() : kNoRegister;
    const bool is_register = stored != kNoRegister && stored != pointer;
    put(is_register ? store_reg(w, pointer, 0, stored) : store(w, pointer, 0, choices_.below(256)));
    slots_ = {};
    return;
  }
  put(load(w, pointer, pointer, 0));
  now_[pointer] = {Belief::number, w == Width::w8 ? 256u : 0u};
}

// A pointer to the stack, to globals, or to what another one leads to: which is decided as it runs.
void Writer::choose_pointer() {
  const u8 pointer = target(), n = number(), other = holding(Belief::value);
  if (pointer == n || pointer == other || n == other) return;
  put(mov_reg(pointer, 10));
  put(alu(Alu::add, pointer, kPlain));
  u32 room = kPlainBytes;
  const bool has_other = other != kNoRegister && now_[other].what == Belief::value;
  put(jump(static_cast<Jump>(choices_.below(kCount<Jump>)), n, choices_.below(40), here() + 2));
  if (has_other && choices_.one_in(2)) {
    put(mov_reg(pointer, other));
    room = std::min(room, now_[other].bytes);
  } else {
    put_value(pointer, kGlobals, 8 * choices_.below(2));
  }
  now_[pointer] = {Belief::value, room};
  slots_[3] = slots_[4] = {};
}

void Writer::change_atomically() {
  const u8 pointer = choices_.one_in(3) ? u8{10} : holding(Belief::value);
  if (pointer == kNoRegister) return;
  const bool on_stack = pointer == 10;
  const u8 n = number();
  const auto op = static_cast<Atomic>(choices_.below(kCount<Atomic>));
  const Width w = choices_.one_in(2) ? Width::w32 : Width::w64;
  const u32 bytes = bytes_of(w), room = on_stack ? kPlainBytes : now_[pointer].bytes;
  if (room < bytes || n == pointer) return;
  const s32 first = on_stack ? kPlain : 0;
  const s16 at = static_cast<s16>(first + static_cast<s32>(choices_.below(room / bytes) * bytes));
  if (on_stack) slots_[3] = slots_[4] = {};
  if (op == Atomic::cmpxchg) {
    if (pointer == 0 || is_locked(0)) return;
    put(mov(0, choices_.below(3)));
    now_[0] = {Belief::number, 0};
  }
  if (op == Atomic::load_acquire) {
    const u8 dst = target();
    if (dst == pointer) return;
    put(atomic(op, w, dst, at, pointer));
    now_[dst] = {Belief::number, 0};
    return;
  }
  const Fetch fetch = kAtomic[op].fetch;
  if (fetch == Fetch::source && is_locked(n)) return;
  put(atomic(op, w, pointer, at, n));
  if (fetch == Fetch::source) now_[n] = {Belief::number, 0};
}

}  // namespace skep::test
