// Machine code of aarch64 (A64), instruction by instruction.
//
// Each function writes one instruction, except where its comment says more (Arm Architecture
// Reference Manual for A-profile, DDI 0487, C4 and C6; opcodes stand in tables in assembler.cpp).
// Jumps name labels; link() puts a jump over a jump where a conditional one does not reach. Calls
// of outside functions are given a place and a target, because the code's own address is not known
// yet.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/enum_array.hpp"
#include "isa/instruction.hpp"
#include "jit/emitted.hpp"

namespace skep::jit::aarch64 {

using isa::Width;

// sp and zr have the same number; which one it means depends on the instruction.
enum class Reg : u8 {
  // clang-format off
  x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20,
  x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, sp, zr
  // clang-format on
};

// Memory at base + offset, or at base + index, the index times the width of the access when scaled.
// The base may be sp.
struct Memory {
  Reg base = Reg::x0;
  std::optional<Reg> index = {};
  bool scaled = false;
  s32 offset = 0;
};
constexpr Memory memory(Reg base, s32 offset) { return {.base = base, .offset = offset}; }
constexpr Memory memory(Reg base, Reg index) { return {.base = base, .index = index}; }

// dst = left OP (right << shift)
struct Three {
  Reg dst;
  Reg left;
  Reg right;
  u8 shift = 0;
};

enum class Arithmetic : u8 { add, adds, sub, subs, count_ };
// not_: of the right operand.
enum class Logical : u8 { and_, or_, xor_, ands, and_not, or_not, xor_not, ands_not, count_ };
enum class Shift : u8 { lsl, lsr, asr, ror, count_ };
enum class Division : u8 { udiv, sdiv, count_ };
enum class Select : u8 { csel, csinc, csinv, csneg, count_ };
enum class Update : u8 { add, clear, xor_, set, swap, count_ };
enum class Condition : u8 { eq, ne, hs, lo, mi, pl, vs, vc, hi, ls, ge, lt, gt, le };
// How a pair of registers is addressed: base + offset, or the base changes before or after.
enum class Indexing : u8 { offset, before, after, count_ };
enum class Bit : u8 { zero, one };

constexpr Condition inverted(Condition condition) {
  return static_cast<Condition>(static_cast<u8>(condition) ^ 1);
}

// Whether other processors see the accesses of this thread around an atomic one in order.
enum class Order : u8 { relaxed, acquire_release };

// ---- what immediate fields can say ----

// A number of 12 bits, or one shifted by 12 more.
constexpr bool is_arithmetic_immediate(u64 value) {
  return value < 0x1000 || ((value & 0xfff) == 0 && value < 0x1000000);
}
// The 13 bits N:immr:imms that stand for `value`: ones rotated in a repeated element of 2 to 64
// bits. Of 32-bit operations, the lower half of the value.
std::optional<u32> bit_mask(Width width, u64 value);
// Whether one load or store reaches an offset.
constexpr bool reaches(Width width, s64 offset) {
  const s64 bytes = isa::bytes_of(width);
  const bool scaled = offset >= 0 && offset % bytes == 0 && offset / bytes < 0x1000;
  return scaled || (offset >= -256 && offset < 256);
}

class Assembler {
 public:
  // Widths are 32 or 64 bits where nothing else is said; 32-bit results clear the upper half.
  void arithmetic(Arithmetic op, Width width, Three operands);
  // dst (unless flags are set) and left may be sp. Precondition: is_arithmetic_immediate().
  void arithmetic(Arithmetic op, Width width, Reg dst, Reg left, u64 immediate);
  void logical(Logical op, Width width, Three operands);
  // and, or, xor, ands. Precondition: bit_mask() has a value.
  void logical(Logical op, Width width, Reg dst, Reg left, u64 mask);
  void move(Width width, Reg dst, Reg src);  // not sp
  void move_immediate(Reg dst, u64 value);   // the fewest instructions, up to four
  void shift(Shift op, Width width, Reg dst, Reg src, u8 count);  // not ror
  void shift_by(Shift op, Width width, Three operands);           // the count modulo the width
  void rotate_right(Width width, Reg dst, Reg src, u8 count);
  void extend(Width from, Reg dst, Reg src);                         // 8 or 16 bits, zeros
  void extend_signed(Width from, Width to, Reg dst, Reg src);        // 8, 16 or 32 bits
  void swap_bytes(Width width, Reg dst, Reg src);                    // 16 bits: in each half of 32
  void multiply(Width width, Three operands);                        // no shift
  void multiply_add(Width width, Three operands, Reg addend);        // dst = addend + left * right
  void multiply_subtract(Width width, Three operands, Reg minuend);  // dst = minuend - left * right
  void divide(Division op, Width width, Three operands);             // by zero: 0
  void select(Select op, Width width, Three operands, Condition condition);  // left, or OP right

  // Precondition: reaches(), unless there is an index.
  void load(Width width, Reg dst, Memory from);         // zero-extends
  void load_signed(Width width, Reg dst, Memory from);  // 8 to 32 bits, to 64
  void store(Width width, Memory to, Reg src);
  // Pairs of 64 bits; the offset is a multiple of 8 from -512 to 504.
  void load_pair(Indexing indexing, Reg first, Reg second, Memory from);
  void store_pair(Indexing indexing, Reg first, Reg second, Memory to);

  // 8 to 64 bits, at the address in a register that may be sp.
  void load_exclusive(Order order, Width width, Reg dst, Reg address);
  // failed: 0 when stored.
  void store_exclusive(Order order, Width width, Three failed_src_address);
  void load_acquire(Width width, Reg dst, Reg address);
  void store_release(Width width, Reg src, Reg address);
  // LSE: old = *address; *address = old OP src. old may be zr.
  struct Exchange {
    Reg old;
    Reg src;
    Reg address;
  };
  void update(Update op, Order order, Width width, Exchange exchange);
  // LSE: `old` is compared and gets what memory had.
  void compare_and_swap(Order order, Width width, Exchange exchange);
  void barrier();  // dmb ish

  void jump(Reg target);
  void call(Reg target);
  void ret();
  void trap();  // udf

  Label make_label() { return make_labels(1); }
  Label make_labels(u32 count) { return places_.make_labels(count); }  // the first of them
  void bind(Label label) { places_.bind(label, here()); }
  void jump(Label label);
  void jump_if(Condition condition, Label label);
  void jump_if_zero(Width width, Reg reg, Label label);
  void jump_unless_zero(Width width, Reg reg, Label label);
  void jump_if_bit(Bit value, Reg reg, u8 bit, Label label);
  void call(Label label);
  void call_outside(u64 target);

  // What follows is code of that instruction of the program.
  void mark(u32 instruction) { places_.mark(instruction, here()); }
  u32 marked() const { return places_.marked(); }

  Linked link() const;

 private:
  friend class Linker;
  // Where the distance stands in a jump, in words.
  enum class Distance : u8 { imm26, imm19, imm14, count_ };
  struct JumpPlace {
    u32 at;    // in raw_, without any jump
    u32 word;  // without its distance
    Distance distance;
    u32 label;
  };

  void put(u32 word) { raw_.push_back(word); }
  void put_jump(u32 word, Distance distance, Label label);
  void access(u32 opcode, Width width, Reg reg, const Memory& memory);
  void pair(u32 load_bit, Indexing indexing, Three registers, s32 offset);
  void wide_move(u32 opcode, Reg dst, u64 value, u32 at);
  void move_chain(Width width, Reg dst, u64 value, u64 filler);
  bool move_mask(Reg dst, u64 value, u32 most);
  Place here() const { return {static_cast<u32>(raw_.size()), static_cast<u32>(jumps_.size())}; }

  std::vector<u32> raw_;  // words, without jumps
  std::vector<JumpPlace> jumps_;
  Places places_;
  std::vector<std::pair<Place, u64>> calls_;
};

// Calls of outside functions get their distances, now that the code has an address.
void resolve_calls(Linked& linked, u64 address);

// Whether a direct call reaches: 26 bits of words, signed.
constexpr bool call_reaches(s64 distance) {
  constexpr s64 kReach = s64{1} << 27;
  return distance >= -kReach && distance < kReach;
}

}  // namespace skep::jit::aarch64
