// Random accesses to an arena: through pointers that are computed, kept in the frame, cast to what
// user space sees and back; whole and part of a word, aligned or not, and atomic.
//
// They stay within the first bytes of one page, which user space has touched, so that engines
// differ in nothing. No number that is made of an address is left in a register.
#pragma once

#include "random_code.hpp"

namespace skep::engines {

inline constexpr u32 kArenaBytes = 512;  // that programs touch

class ArenaGenerator : public Generator {
 protected:
  using Generator::Generator;

  u8 kept() { return std::array<u8, 3>{0, 7, 8}[below(3)]; }  // values that parts leave alone

  // Uses r1 to r5, which hold anything afterwards, and 8 bytes of the frame at `spill`. The address
  // of the first byte is 96 to 432, less or more by what accesses add.
  void arena(u32 map, s16 spill) {
    u8 pointer = 1;
    put(address_in(map, 96 + 8 * below(8)));
    put(cast(AddressSpaceCast::to_kernel, 1));
    if (below(2) == 0) {
      put(mov_reg(5, kept()));
      put(alu(Alu::and_, 5, 0xf8));
      put(alu_reg(Alu::add, 1, 5));
    }
    if (below(3) == 0) put(alu(Alu::add, 1, 8 * (static_cast<s64>(below(9)) - 4)));
    if (below(4) == 0) {
      put(store_reg(Width::w64, kFramePointer, spill, 1));
      pointer = 2;
      put(load(Width::w64, pointer, kFramePointer, spill));
    }
    for (u32 count = 1 + below(5); count > 0; --count) {
      if (below(6) == 0) {
        put(cast(AddressSpaceCast::to_arena, pointer));
        put(cast(AddressSpaceCast::to_kernel, pointer));
      }
      arena_access(pointer);
    }
    put(store(Width::w64, kFramePointer, spill, 0));
  }

 private:
  static Instruction address_in(u32 map, u32 offset) {
    Instruction out = constant(1, u64{offset} << 32 | map);
    out.operation = static_cast<u8>(Constant::map_value);
    return out;
  }
  static Instruction cast(AddressSpaceCast to, u8 reg) {
    return {.form = Form::address_space_cast,
            .operation = static_cast<u8>(to),
            .source = Source::reg,
            .dst = reg,
            .src = reg};
  }

  void arena_access(u8 pointer) {
    const Width w = width();
    const auto at = static_cast<s16>(static_cast<s32>(below(128)) - 64);
    switch (below(6)) {
      case 0: return put(store(w, pointer, at, immediate()));
      case 1: return put(store_reg(w, pointer, at, kept()));
      case 2: return put(load_signed(static_cast<Width>(below(3)), kept(), pointer, at));
      case 3: return arena_atomic(pointer);
      default: return put(load(w, kept(), pointer, at));
    }
  }

  // Without those that Linux refuses on x86-64 (bpf_jit_supports_insn of its compiler).
  void arena_atomic(u8 pointer) {
    constexpr Atomic kOperations[] = {Atomic::add,     Atomic::or_,          Atomic::and_,
                                      Atomic::xor_,    Atomic::fetch_add,    Atomic::xchg,
                                      Atomic::cmpxchg, Atomic::load_acquire, Atomic::store_release};
    const Atomic op = kOperations[below(std::size(kOperations))];
    const Width w = op >= Atomic::load_acquire ? width() : alu_width();
    const auto at = static_cast<s16>(8 * (static_cast<s32>(below(16)) - 8));
    put(op == Atomic::load_acquire ? atomic(op, w, kept(), at, pointer)
                                   : atomic(op, w, pointer, at, kept()));
  }
};

}  // namespace skep::engines
