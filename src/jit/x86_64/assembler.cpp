#include "jit/x86_64/assembler.hpp"

#include <bit>
#include <cstring>

#include "base/enum_array.hpp"

namespace skep::jit::x86_64 {
namespace {

// Group 1: digit of 81 /digit, which is also bits 3 to 5 of the register forms.
constexpr EnumArray<Arithmetic, u8> kArithmetic({{Arithmetic::add, 0},
                                                 {Arithmetic::or_, 1},
                                                 {Arithmetic::and_, 4},
                                                 {Arithmetic::sub, 5},
                                                 {Arithmetic::xor_, 6},
                                                 {Arithmetic::cmp, 7}});

struct ShiftRow {
  u8 digit;       // of C1 and D3
  u8 vex_prefix;  // pp of SHLX, SHRX, SARX
};
constexpr EnumArray<Shift, ShiftRow> kShift({{Shift::shl, {4, 1}},
                                             {Shift::shr, {5, 3}},
                                             {Shift::sar, {7, 2}}});

constexpr EnumArray<Unary, u8> kUnary({{Unary::not_, 2},  // digit of F7
                                       {Unary::neg, 3},
                                       {Unary::mul, 4},
                                       {Unary::div, 6},
                                       {Unary::idiv, 7}});

constexpr u8 kRexW = 8, kRexR = 4, kRexX = 2, kRexB = 1;
constexpr u8 kLock = 0xf0, kOperandSize = 0x66;

constexpr u8 code(Reg reg) { return static_cast<u8>(reg); }
constexpr u8 low(u8 reg) { return reg & 7; }
constexpr bool is_high(u8 reg) { return reg >= 8; }
constexpr bool fits_byte(s64 value) { return value == static_cast<s8>(value); }
// spl, bpl, sil and dil need a REX prefix; without one, their numbers mean ah to bh.
constexpr bool needs_rex_as_byte(u8 reg) { return reg >= 4; }

// The lower `bytes` of a value, in room for eight.
u8* put_value(u8* to, s64 value, u32 bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(to, &value, sizeof value);
  return to + bytes;
}

}  // namespace

void Assembler::reserve(std::size_t operations, std::size_t blocks) {
  constexpr std::size_t kBytes = 5, kBlockLabels = 2;  // of an operation, of a block
  raw_.reserve(operations * kBytes);
  places_.reserve(blocks * kBlockLabels + 1, operations + 1);
  jumps_.reserve(blocks);
}

void Assembler::put_immediate(s64 value, u32 bytes) {
  raw_.take(put_value(raw_.room(), value, bytes));
}

// [66] [REX] [0F] opcode ModRM [SIB] [displacement]
void Assembler::form(Width width, Opcode opcode, u8 reg, const Operand& rm,
                     ByteRegister byte_register) {
  u8* to = raw_.room();
  if (width == Width::w16) *to++ = kOperandSize;
  u8 rex = 0;
  if (width == Width::w64) rex |= kRexW;
  if (is_high(reg)) rex |= kRexR;
  if (rm.index && is_high(code(*rm.index))) rex |= kRexX;
  if (is_high(code(rm.base))) rex |= kRexB;
  const bool byte_reg = byte_register == ByteRegister::reg && needs_rex_as_byte(reg);
  const bool byte_rm =
      byte_register == ByteRegister::rm && !rm.is_memory && needs_rex_as_byte(code(rm.base));
  if (rex != 0 || byte_reg || byte_rm) *to++ = 0x40 | rex;
  if (opcode.escape != 0) *to++ = opcode.escape;
  *to++ = opcode.code;
  raw_.take(modrm(to, reg, rm));
}

u8* Assembler::modrm(u8* to, u8 reg, const Operand& rm) {
  const u8 base = low(code(rm.base));
  const u8 middle = static_cast<u8>(low(reg) << 3);
  if (!rm.is_memory) {
    *to++ = 0xc0 | middle | base;
    return to;
  }
  if (!rm.has_base) return modrm_without_base(to, middle, rm);
  // A base of rbp or r13 has no form without displacement; one of rsp or r12 needs a SIB byte.
  const bool none = rm.displacement == 0 && base != low(code(Reg::rbp));
  const bool byte = !none && fits_byte(rm.displacement);
  const u8 mode = none ? 0x00 : byte ? 0x40 : 0x80;
  const bool sib = rm.index || base == low(code(Reg::rsp));
  *to++ = mode | middle | (sib ? u8{4} : base);
  if (sib) {
    const u8 index = rm.index ? low(code(*rm.index)) : u8{4};  // 4: no index
    *to++ = static_cast<u8>(rm.scale << 6) | static_cast<u8>(index << 3) | base;
  }
  return none ? to : put_value(to, rm.displacement, byte ? 1 : 4);
}

// A SIB byte whose base is that of rbp, with mode 0: no base, and a displacement of 32 bits.
u8* Assembler::modrm_without_base(u8* to, u8 middle, const Operand& rm) {
  const u8 index = rm.index ? low(code(*rm.index)) : u8{4};
  *to++ = middle | 4;
  *to++ = static_cast<u8>(rm.scale << 6) | static_cast<u8>(index << 3) | low(code(Reg::rbp));
  return put_value(to, rm.displacement, 4);
}

// ---- arithmetic ----

void Assembler::arithmetic(Arithmetic op, Width width, Operand dst, Reg src) {
  form(width, {0, static_cast<u8>(kArithmetic[op] << 3 | 1)}, code(src), dst);
}

void Assembler::arithmetic(Arithmetic op, Width width, Reg dst, Operand src) {
  form(width, {0, static_cast<u8>(kArithmetic[op] << 3 | 3)}, code(dst), src);
}

void Assembler::arithmetic(Arithmetic op, Width width, Operand dst, s32 immediate) {
  const bool byte = fits_byte(immediate);
  if (!byte && !dst.is_memory && dst.base == Reg::rax) {  // short form without ModRM
    if (width == Width::w64) put(0x40 | kRexW);
    put(static_cast<u8>(kArithmetic[op] << 3 | 5));
  } else {
    form(width, {0, static_cast<u8>(byte ? 0x83 : 0x81)}, kArithmetic[op], dst);
  }
  put_immediate(immediate, byte ? 1 : 4);
}

void Assembler::arithmetic(Lock lock, Arithmetic op, Width width, Operand memory, Reg src) {
  if (lock == Lock::yes) put(kLock);
  arithmetic(op, width, memory, src);
}

void Assembler::compare_narrow(Width width, Operand memory, Reg reg) {
  if (width == Width::w8) return form(width, {0, 0x38}, code(reg), memory, ByteRegister::reg);
  form(width, {0, 0x39}, code(reg), memory);
}

void Assembler::compare_narrow(Width width, Operand memory, u8 immediate) {
  form(width, {0, static_cast<u8>(width == Width::w8 ? 0x80 : 0x83)}, kArithmetic[Arithmetic::cmp],
       memory);
  put(immediate);
}

void Assembler::test(Width width, Reg a, Reg b) { form(width, {0, 0x85}, code(b), direct(a)); }

void Assembler::test(Width width, Reg a, s32 immediate) {
  const bool byte = immediate >= 0 && immediate < 0x80;
  if (byte) {  // the flags that are asked for, ZF and SF = 0, are those of the wide form
    if (a == Reg::rax) {
      put(0xa8);
    } else {
      form(Width::w8, {0, 0xf6}, 0, direct(a), ByteRegister::rm);
    }
  } else {
    if (immediate >= 0) width = Width::w32;
    if (a == Reg::rax) {
      if (width == Width::w64) put(0x40 | kRexW);
      put(0xa9);
    } else {
      form(width, {0, 0xf7}, 0, direct(a));
    }
  }
  put_immediate(immediate, byte ? 1 : 4);
}

void Assembler::unary(Unary op, Width width, Operand operand) {
  form(width, {0, 0xf7}, kUnary[op], operand);
}

void Assembler::multiply(Width width, Reg dst, Operand src) {
  form(width, {0x0f, 0xaf}, code(dst), src);
}

void Assembler::multiply(Width width, Reg dst, Operand src, s32 immediate) {
  const bool byte = fits_byte(immediate);
  form(width, {0, static_cast<u8>(byte ? 0x6b : 0x69)}, code(dst), src);
  put_immediate(immediate, byte ? 1 : 4);
}

void Assembler::sign_into_rdx(Width width) {
  if (width == Width::w64) put(0x40 | kRexW);
  put(0x99);
}

void Assembler::shift(Shift op, Width width, Reg dst, u8 count) {
  form(width, {0, static_cast<u8>(count == 1 ? 0xd1 : 0xc1)}, kShift[op].digit, direct(dst));
  if (count != 1) put(count);
}

void Assembler::shift_by_cl(Shift op, Width width, Reg dst) {
  form(width, {0, 0xd3}, kShift[op].digit, direct(dst));
}

// VEX.LZ.pp.0F38.W F7 /r: the count is in the vvvv field.
void Assembler::shift_by(Shift op, Width width, Reg dst, Operand src, Reg count) {
  const auto inverted = [](bool bit, u8 mask) { return bit ? u8{0} : mask; };
  const bool index_high = src.index && is_high(code(*src.index));
  put(0xc4);
  put(inverted(is_high(code(dst)), 0x80) | inverted(index_high, 0x40) |
      inverted(is_high(code(src.base)), 0x20) | 0x02);
  const u8 wide = width == Width::w64 ? 0x80 : 0;
  put(wide | static_cast<u8>((~code(count) & 0xf) << 3) | kShift[op].vex_prefix);
  put(0xf7);
  modrm(code(dst), src);
}

void Assembler::rotate_left(Width width, Reg dst, u8 count) {
  form(width, {0, 0xc1}, 0, direct(dst));
  put(count);
}

// RORX: VEX.LZ.F2.0F3A F0 /r ib
void Assembler::rotate_right(Width width, Reg dst, Reg src, u8 count) {
  put(0xc4);
  put(static_cast<u8>((is_high(code(dst)) ? 0 : 0x80) | 0x40 | (is_high(code(src)) ? 0 : 0x20) |
                      0x03));
  put(static_cast<u8>((width == Width::w64 ? 0x80 : 0) | 0x7b));
  put(0xf0);
  modrm(code(dst), direct(src));
  put(count);
}

void Assembler::swap_bytes(Width width, Reg dst) {
  const u8 rex = (width == Width::w64 ? kRexW : 0) | (is_high(code(dst)) ? kRexB : 0);
  if (rex != 0) put(0x40 | rex);
  put(0x0f);
  put(0xc8 | low(code(dst)));
}

// ---- moves ----

void Assembler::move(Width width, Reg dst, Reg src) {
  form(width, {0, 0x89}, code(src), direct(dst));
}

void Assembler::move_if(Condition condition, Width width, Reg dst, Reg src) {
  form(width, {0x0f, static_cast<u8>(0x40 | static_cast<u8>(condition))}, code(dst), direct(src));
}

void Assembler::move_immediate(Reg dst, u64 value) {
  if (value == 0) return arithmetic(Arithmetic::xor_, Width::w32, direct(dst), dst);
  const bool unsigned_32 = value == static_cast<u32>(value);
  const bool signed_32 = value == static_cast<u64>(s64{static_cast<s32>(value)});
  if (!unsigned_32 && signed_32) {
    form(Width::w64, {0, 0xc7}, 0, direct(dst));
    return put_immediate(static_cast<s64>(value), 4);
  }
  const u8 rex = (unsigned_32 ? 0 : kRexW) | (is_high(code(dst)) ? kRexB : 0);
  if (rex != 0) put(0x40 | rex);
  put(0xb8 | low(code(dst)));
  put_immediate(static_cast<s64>(value), unsigned_32 ? 4 : 8);
}

void Assembler::load(Width width, Reg dst, Operand memory) {
  if (width == Width::w8) return form(Width::w32, {0x0f, 0xb6}, code(dst), memory);
  if (width == Width::w16) return form(Width::w32, {0x0f, 0xb7}, code(dst), memory);
  form(width, {0, 0x8b}, code(dst), memory);
}

void Assembler::load_signed(Width width, Reg dst, Operand memory) {
  if (width == Width::w8) return form(Width::w64, {0x0f, 0xbe}, code(dst), memory);
  if (width == Width::w16) return form(Width::w64, {0x0f, 0xbf}, code(dst), memory);
  form(Width::w64, {0, 0x63}, code(dst), memory);
}

void Assembler::store(Width width, Operand memory, Reg src) {
  if (width == Width::w8) return form(width, {0, 0x88}, code(src), memory, ByteRegister::reg);
  form(width, {0, 0x89}, code(src), memory);
}

void Assembler::store_immediate(Width width, Operand memory, s32 immediate) {
  form(width, {0, static_cast<u8>(width == Width::w8 ? 0xc6 : 0xc7)}, 0, memory);
  put_immediate(immediate, width == Width::w64 ? 4 : isa::bytes_of(width));
}

void Assembler::clear_wide() { form(Width::w32, {0x0f, 0x57}, 0, direct(Reg::rax)); }  // XORPS

void Assembler::load_wide(Operand memory) { form(Width::w32, {0x0f, 0x10}, 0, memory); }  // MOVUPS

void Assembler::store_wide(Operand memory) { form(Width::w32, {0x0f, 0x11}, 0, memory); }

void Assembler::extend(Width from, Reg dst, Reg src) {
  if (from == Width::w8) {
    return form(Width::w32, {0x0f, 0xb6}, code(dst), direct(src), ByteRegister::rm);
  }
  form(Width::w32, {0x0f, 0xb7}, code(dst), direct(src));
}

void Assembler::extend_signed(Width from, Width to, Reg dst, Reg src) {
  if (from == Width::w8) {
    return form(to, {0x0f, 0xbe}, code(dst), direct(src), ByteRegister::rm);
  }
  if (from == Width::w16) return form(to, {0x0f, 0xbf}, code(dst), direct(src));
  form(to, {0, 0x63}, code(dst), direct(src));
}

void Assembler::load_address(Width width, Reg dst, Operand memory) {
  form(width, {0, 0x8d}, code(dst), memory);
}

// ---- atomic ----

void Assembler::exchange(Width width, Operand memory, Reg reg) {
  if (width == Width::w8) return form(width, {0, 0x86}, code(reg), memory, ByteRegister::reg);
  form(width, {0, 0x87}, code(reg), memory);
}

void Assembler::exchange_add(Lock lock, Width width, Operand memory, Reg reg) {
  if (lock == Lock::yes) put(kLock);
  form(width, {0x0f, 0xc1}, code(reg), memory);
}

void Assembler::compare_exchange(Lock lock, Width width, Operand memory, Reg src) {
  if (lock == Lock::yes) put(kLock);
  form(width, {0x0f, 0xb1}, code(src), memory);
}

// ---- stack and transfers (64 bits without REX.W) ----

void Assembler::push(Reg reg) {
  if (is_high(code(reg))) put(0x40 | kRexB);
  put(0x50 | low(code(reg)));
}

void Assembler::pop(Reg reg) {
  if (is_high(code(reg))) put(0x40 | kRexB);
  put(0x58 | low(code(reg)));
}

void Assembler::push(Operand memory) { form(Width::w32, {0, 0xff}, 6, memory); }
void Assembler::pop(Operand memory) { form(Width::w32, {0, 0x8f}, 0, memory); }
void Assembler::jump(Operand target) { form(Width::w32, {0, 0xff}, 4, target); }
void Assembler::call(Operand target) { form(Width::w32, {0, 0xff}, 2, target); }
void Assembler::ret() { put(0xc3); }

void Assembler::trap() {
  put(0x0f);
  put(0x0b);
}

void Assembler::jump(Label label) { jumps_.push_back({here().at, Jump::always, {}, label.number}); }

void Assembler::jump_if(Condition condition, Label label) {
  jumps_.push_back({here().at, Jump::conditional, condition, label.number});
}

void Assembler::call(Label label) { jumps_.push_back({here().at, Jump::call, {}, label.number}); }

void Assembler::call_outside(u64 target) {
  put(0xe8);
  calls_.emplace_back(here(), target);
  put_immediate(0, 4);
}

}  // namespace skep::jit::x86_64
