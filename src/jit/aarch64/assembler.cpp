// Arithmetic and constants; assembler_memory.cpp has the rest.
#include "jit/aarch64/assembler.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "jit/aarch64/fields.hpp"

namespace skep::jit::aarch64 {
namespace {

using namespace fields;

// Opcodes of the 32-bit forms, by the groups of DDI 0487, C4.1.
constexpr u32 kBit12 = u32{1} << 22;  // of add and sub with an immediate: it is shifted by 12

constexpr EnumArray<Arithmetic, u32> kArithmetic({{Arithmetic::add, 0x00000000},
                                                  {Arithmetic::adds, 0x20000000},
                                                  {Arithmetic::sub, 0x40000000},
                                                  {Arithmetic::subs, 0x60000000}});
constexpr u32 kArithmeticRegister = 0x0b000000, kArithmeticImmediate = 0x11000000;

constexpr u32 kNot = u32{1} << 21;
constexpr EnumArray<Logical, u32> kLogical({{Logical::and_, 0x00000000},
                                            {Logical::or_, 0x20000000},
                                            {Logical::xor_, 0x40000000},
                                            {Logical::ands, 0x60000000},
                                            {Logical::and_not, kNot},
                                            {Logical::or_not, kNot | 0x20000000},
                                            {Logical::xor_not, kNot | 0x40000000},
                                            {Logical::ands_not, kNot | 0x60000000}});
constexpr u32 kLogicalRegister = 0x0a000000, kLogicalImmediate = 0x12000000;

constexpr u32 kMovn = 0x12800000, kMovz = 0x52800000, kMovk = 0x72800000;
constexpr u32 kSbfm = 0x13000000, kUbfm = 0x53000000, kExtr = 0x13800000;
constexpr u32 kBitfield64 = k64 | u32{1} << 22;  // sf and N

constexpr EnumArray<Shift, u32> kShiftBy({{Shift::lsl, 0x1ac02000},
                                          {Shift::lsr, 0x1ac02400},
                                          {Shift::asr, 0x1ac02800},
                                          {Shift::ror, 0x1ac02c00}});
constexpr EnumArray<Division, u32> kDivision({{Division::udiv, 0x1ac00800},
                                              {Division::sdiv, 0x1ac00c00}});
constexpr EnumArray<Select, u32> kSelect({{Select::csel, 0x1a800000},
                                          {Select::csinc, 0x1a800400},
                                          {Select::csinv, 0x5a800000},
                                          {Select::csneg, 0x5a800400}});
constexpr u32 kMadd = 0x1b000000, kMsub = 0x1b008000;
constexpr u32 kRev16 = 0x5ac00400, kRev32 = 0x5ac00800, kRev64 = k64 | 0x5ac00c00;

// Quarters, of 16 bits.
constexpr u32 differing(u64 a, u64 b) {
  u32 count = 0;
  for (u64 rest = a ^ b; rest != 0; rest >>= 16) count += (rest & 0xffff) != 0 ? 1 : 0;
  return count;
}
constexpr u64 ones(u32 bits) { return bits == 64 ? ~u64{0} : (u64{1} << bits) - 1; }

}  // namespace

// The element is the shortest that repeats; its ones are in a row, or around its ends.
std::optional<u32> bit_mask(Width width, u64 value) {
  if (width == Width::w32) value = (value & ones(32)) | value << 32;
  if (value == 0 || value == ~u64{0}) return std::nullopt;
  u32 bits = 64;
  while (bits > 2 && (value & ones(bits / 2)) == (value >> (bits / 2) & ones(bits / 2))) bits /= 2;
  const u64 element = value & ones(bits), rest = ~value & ones(bits);
  const auto in_a_row = [](u64 set) {
    return ((set >> std::countr_zero(set)) & ((set >> std::countr_zero(set)) + 1)) == 0;
  };
  u32 rotated = 0;
  if (in_a_row(element)) {
    rotated = (bits - static_cast<u32>(std::countr_zero(element))) % bits;
  } else if (in_a_row(rest)) {
    rotated = static_cast<u32>(std::countl_one(element << (64 - bits)));
  } else {
    return std::nullopt;
  }
  const u32 last = static_cast<u32>(std::popcount(element)) - 1;
  const u32 imms = bits == 64 ? last : (~(2 * bits - 1) & 0x3f) | last;
  return (bits == 64 ? u32{1} << 12 : 0) | rotated << 6 | imms;
}

// ---- arithmetic ----

void Assembler::arithmetic(Arithmetic op, Width width, Three operands) {
  EXPECT(operands.left != Reg::sp && operands.right != Reg::sp && operands.dst != Reg::sp);
  put(kArithmeticRegister | kArithmetic[op] | sf(width) | of(operands) | u32{operands.shift} << 10);
}

void Assembler::arithmetic(Arithmetic op, Width width, Reg dst, Reg left, u64 immediate) {
  EXPECT(is_arithmetic_immediate(immediate) && left != Reg::zr);
  const bool high = immediate >= 0x1000;
  const u32 field = static_cast<u32>(high ? immediate >> 12 : immediate) << 10;
  put(kArithmeticImmediate | kArithmetic[op] | sf(width) | (high ? kBit12 : 0) | field | rn(left) |
      rd(dst));
}

void Assembler::logical(Logical op, Width width, Three operands) {
  put(kLogicalRegister | kLogical[op] | sf(width) | of(operands) | u32{operands.shift} << 10);
}

void Assembler::logical(Logical op, Width width, Reg dst, Reg left, u64 mask) {
  const auto field = bit_mask(width, mask);
  EXPECT(field && (kLogical[op] & kNot) == 0);
  put(kLogicalImmediate | kLogical[op] | sf(width) | *field << 10 | rn(left) | rd(dst));
}

void Assembler::move(Width width, Reg dst, Reg src) {
  EXPECT(dst != Reg::sp && src != Reg::sp);
  logical(Logical::or_, width, {dst, Reg::zr, src});
}

void Assembler::shift(Shift op, Width width, Reg dst, Reg src, u8 count) {
  const u32 last = isa::bits_of(width) - 1;
  EXPECT(op != Shift::ror && count <= last);
  const u32 first = op == Shift::lsl ? (last + 1 - count) & last : count;
  const u32 end = op == Shift::lsl ? last - count : last;
  const u32 opcode = op == Shift::asr ? kSbfm : kUbfm;
  put(opcode | (width == Width::w64 ? kBitfield64 : 0) | first << 16 | end << 10 | rn(src) |
      rd(dst));
}

void Assembler::shift_by(Shift op, Width width, Three operands) {
  put(kShiftBy[op] | sf(width) | of(operands));
}

void Assembler::rotate_right(Width width, Reg dst, Reg src, u8 count) {
  EXPECT(count < isa::bits_of(width));
  put(kExtr | (width == Width::w64 ? kBitfield64 : 0) | of({dst, src, src}) | u32{count} << 10);
}

void Assembler::extend(Width from, Reg dst, Reg src) {
  put(kUbfm | (isa::bits_of(from) - 1) << 10 | rn(src) | rd(dst));
}

void Assembler::extend_signed(Width from, Width to, Reg dst, Reg src) {
  put(kSbfm | (to == Width::w64 ? kBitfield64 : 0) | (isa::bits_of(from) - 1) << 10 | rn(src) |
      rd(dst));
}

void Assembler::swap_bytes(Width width, Reg dst, Reg src) {
  EXPECT(width != Width::w8);
  const u32 opcode = width == Width::w16 ? kRev16 : width == Width::w32 ? kRev32 : kRev64;
  put(opcode | rn(src) | rd(dst));
}

void Assembler::multiply(Width width, Three operands) { multiply_add(width, operands, Reg::zr); }

void Assembler::multiply_add(Width width, Three operands, Reg addend) {
  put(kMadd | sf(width) | of(operands) | field_of(addend) << 10);
}

void Assembler::multiply_subtract(Width width, Three operands, Reg minuend) {
  put(kMsub | sf(width) | of(operands) | field_of(minuend) << 10);
}

void Assembler::divide(Division op, Width width, Three operands) {
  put(kDivision[op] | sf(width) | of(operands));
}

void Assembler::select(Select op, Width width, Three operands, Condition condition) {
  put(kSelect[op] | sf(width) | of(operands) | static_cast<u32>(condition) << 12);
}

// ---- constants ----

void Assembler::wide_move(u32 opcode, Reg dst, u64 value, u32 at) {
  put(opcode | at << 21 | static_cast<u32>(value >> (16 * at) & 0xffff) << 5 | rd(dst));
}

// The quarters that differ from `filler`, one instruction each; at least one.
void Assembler::move_chain(Width width, Reg dst, u64 value, u64 filler) {
  const u32 quarters = isa::bits_of(width) / 16;
  bool first = true;
  for (u32 at = 0; at < quarters; ++at) {
    const bool is_last_chance = first && at == quarters - 1;
    if ((value >> (16 * at) & 0xffff) == (filler & 0xffff) && !is_last_chance) continue;
    if (!first) {
      wide_move(kMovk | sf(width), dst, value, at);
    } else if (filler == 0) {
      wide_move(kMovz | sf(width), dst, value, at);
    } else {
      wide_move(kMovn | sf(width), dst, ~value, at);
    }
    first = false;
  }
}

// A mask of which one quarter is replaced, or more, where all that stay are the same. Whether that
// takes less than `most` instructions.
bool Assembler::move_mask(Reg dst, u64 value, u32 most) {
  const auto quarter = [value](u32 at) { return value >> (16 * (at % 4)) & 0xffff; };
  for (u32 at = 0; at < 16; ++at) {
    const u32 replaced = at % 4;
    const u64 alone = (value & ~(u64{0xffff} << (16 * replaced))) | quarter(at / 4)
                                                                        << (16 * replaced);
    const u64 repeated = quarter(at) * 0x0001000100010001;
    for (u64 mask : {alone, repeated}) {
      if (!bit_mask(Width::w64, mask) || 1 + differing(value, mask) >= most) continue;
      logical(Logical::or_, Width::w64, dst, Reg::zr, mask);
      for (u32 k = 0; k < 4; ++k) {
        if (quarter(k) != (mask >> (16 * k) & 0xffff)) wide_move(kMovk | k64, dst, value, k);
      }
      return true;
    }
  }
  return false;
}

void Assembler::move_immediate(Reg dst, u64 value) {
  const bool narrow = value >> 32 == 0;
  const Width width = narrow ? Width::w32 : Width::w64;
  const u64 all_ones = narrow ? 0xffffffff : ~u64{0};
  const u32 from_zeros = std::max(differing(value, 0), u32{1});
  const u32 from_ones = std::max(differing(value, all_ones), u32{1});
  const u32 fewest = std::min(from_zeros, from_ones);
  if (fewest > 1 && bit_mask(width, value))
    return logical(Logical::or_, width, dst, Reg::zr, value);
  if (fewest > 2 && move_mask(dst, value, fewest)) return;
  if (fewest > 3 && value >> 32 == (value & ones(32))) {
    move_immediate(dst, value >> 32);
    return logical(Logical::or_, Width::w64, {dst, dst, dst, 32});
  }
  move_chain(width, dst, value, fewest == from_zeros ? 0 : ~u64{0});
}

}  // namespace skep::jit::aarch64
