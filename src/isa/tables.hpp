// The meaning of every BPF operation, stated once (RFC 9669, 4 and 5).
//
// Decoder, assembler, disassembler, interpreter, constant folding and the tests of the JITs read
// these rows; nobody else spells "sdiv". A row's eval functions are its definition: pure, total,
// and free of undefined behaviour. The corners are decided in
// docs/decisions/0003-arithmetic-corners.md.
#pragma once

#include <bit>
#include <concepts>
#include <limits>
#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "isa/instruction.hpp"

namespace skep::isa {

// Which conformance group of RFC 9669, 2.4 an operation is in; 32 or 64 follows from its width.
enum class Group : u8 { base, divmul, atomic, packet, callx };

template <class T>
inline constexpr T kShiftMask = sizeof(T) * 8 - 1;

// ---- arithmetic
// --------------------------------------------------------------------------------------------------

enum class Operands : u8 { binary, unary, register_only, byte_order };

struct AluRow {
  std::string_view name;    // in words, for messages
  std::string_view symbol;  // between the operands of the assembler, "+=" for binary ones
  u8 code;                  // opcode bits 4-7
  s16 offset;               // tells sdiv from div, smod from mod, movsx from mov
  Operands operands;
  Group group;
  u64 (*eval64)(u64 dst, u64 source);
  u32 (*eval32)(u32 dst, u32 source);
};

namespace detail {

template <class T>
using Signed = std::make_signed_t<T>;

// Two's complement without overflow: MIN / -1 wraps to MIN, MIN % -1 is 0.
template <class T>
constexpr T divide_signed(T dividend, T divisor) {
  if (divisor == 0) return 0;
  if (divisor == static_cast<T>(-1)) return static_cast<T>(0) - dividend;
  return static_cast<T>(static_cast<Signed<T>>(dividend) / static_cast<Signed<T>>(divisor));
}

template <class T>
constexpr T modulo_signed(T dividend, T divisor) {
  if (divisor == 0) return dividend;
  if (divisor == static_cast<T>(-1)) return 0;
  return static_cast<T>(static_cast<Signed<T>>(dividend) % static_cast<Signed<T>>(divisor));
}

template <class Narrow, class T>
constexpr T extend_signed(T value) {
  return static_cast<T>(static_cast<Signed<T>>(static_cast<Narrow>(value)));
}

constexpr u64 swap_bytes(u64 value, u64 bits) {
  if (bits == 16) return __builtin_bswap16(static_cast<u16>(value));
  if (bits == 32) return __builtin_bswap32(static_cast<u32>(value));
  return __builtin_bswap64(value);
}

constexpr u64 truncate(u64 value, u64 bits) {
  return bits == 64 ? value : value & ((u64{1} << bits) - 1);
}

constexpr AluRow alu(std::string_view name, std::string_view symbol, u8 code, s16 offset,
                     Operands operands, Group group, auto eval) {
  return {name,     symbol, code, offset,
          operands, group,  eval, eval};  // one generic lambda, both widths
}

}  // namespace detail

// clang-format off
inline constexpr EnumArray<Alu, AluRow> kAlu({
    // RFC 9669, 4.1
    {Alu::add, detail::alu("add", "+=", 0x0, 0, Operands::binary, Group::base, []<class T>(T d, T s) -> T { return d + s; })},
    {Alu::sub, detail::alu("sub", "-=", 0x1, 0, Operands::binary, Group::base, []<class T>(T d, T s) -> T { return d - s; })},
    {Alu::mul, detail::alu("mul", "*=", 0x2, 0, Operands::binary, Group::divmul, []<class T>(T d, T s) -> T { return d * s; })},
    {Alu::div, detail::alu("div", "/=", 0x3, 0, Operands::binary, Group::divmul,
                           []<class T>(T d, T s) -> T { return s == 0 ? 0 : d / s; })},
    {Alu::sdiv, detail::alu("sdiv", "s/=", 0x3, 1, Operands::binary, Group::divmul,
                            []<class T>(T d, T s) -> T { return detail::divide_signed(d, s); })},
    {Alu::or_, detail::alu("or", "|=", 0x4, 0, Operands::binary, Group::base, []<class T>(T d, T s) -> T { return d | s; })},
    {Alu::and_, detail::alu("and", "&=", 0x5, 0, Operands::binary, Group::base, []<class T>(T d, T s) -> T { return d & s; })},
    {Alu::lsh, detail::alu("lsh", "<<=", 0x6, 0, Operands::binary, Group::base,
                           []<class T>(T d, T s) -> T { return d << (s & kShiftMask<T>); })},
    {Alu::rsh, detail::alu("rsh", ">>=", 0x7, 0, Operands::binary, Group::base,
                           []<class T>(T d, T s) -> T { return d >> (s & kShiftMask<T>); })},
    {Alu::neg, detail::alu("neg", "-", 0x8, 0, Operands::unary, Group::base, []<class T>(T d, T) -> T { return T{0} - d; })},
    {Alu::mod, detail::alu("mod", "%=", 0x9, 0, Operands::binary, Group::divmul,
                           []<class T>(T d, T s) -> T { return s == 0 ? d : d % s; })},
    {Alu::smod, detail::alu("smod", "s%=", 0x9, 1, Operands::binary, Group::divmul,
                            []<class T>(T d, T s) -> T { return detail::modulo_signed(d, s); })},
    {Alu::xor_, detail::alu("xor", "^=", 0xa, 0, Operands::binary, Group::base, []<class T>(T d, T s) -> T { return d ^ s; })},
    {Alu::mov, detail::alu("mov", "=", 0xb, 0, Operands::binary, Group::base, []<class T>(T, T s) -> T { return s; })},
    {Alu::movsx8, detail::alu("movsx8", "s8", 0xb, 8, Operands::register_only, Group::base,
                              []<class T>(T, T s) -> T { return detail::extend_signed<s8>(s); })},
    {Alu::movsx16, detail::alu("movsx16", "s16", 0xb, 16, Operands::register_only, Group::base,
                               []<class T>(T, T s) -> T { return detail::extend_signed<s16>(s); })},
    {Alu::movsx32, detail::alu("movsx32", "s32", 0xb, 32, Operands::register_only, Group::base,
                               []<class T>(T, T s) -> T { return detail::extend_signed<s32>(s); })},
    {Alu::arsh, detail::alu("arsh", "s>>=", 0xc, 0, Operands::binary, Group::base,
                            []<class T>(T d, T s) -> T {
                              return static_cast<T>(static_cast<detail::Signed<T>>(d) >> (s & kShiftMask<T>));
                            })},
    // RFC 9669, 4.2. The machine is little-endian, so to_le only truncates; source is the width in bits.
    {Alu::to_le, {"le", "le", 0xd, 0, Operands::byte_order, Group::base,
                  [](u64 d, u64 bits) -> u64 { return detail::truncate(d, bits); },
                  [](u32 d, u32 bits) -> u32 { return static_cast<u32>(detail::truncate(d, bits)); }}},
    {Alu::to_be, {"be", "be", 0xd, 0, Operands::byte_order, Group::base,
                  [](u64 d, u64 bits) -> u64 { return detail::swap_bytes(d, bits); },
                  [](u32 d, u32 bits) -> u32 { return static_cast<u32>(detail::swap_bytes(d, bits)); }}},
    {Alu::bswap, {"bswap", "bswap", 0xd, 0, Operands::byte_order, Group::base,
                  [](u64 d, u64 bits) -> u64 { return detail::swap_bytes(d, bits); },
                  [](u32 d, u32 bits) -> u32 { return static_cast<u32>(detail::swap_bytes(d, bits)); }}},
});
// clang-format on
static_assert(std::endian::native == std::endian::little, "skep runs on little-endian machines");
static_assert(kAlu[Alu::div].eval64(7, 0) == 0 && kAlu[Alu::mod].eval32(7, 0) == 7);
static_assert(kAlu[Alu::sdiv].eval64(u64{1} << 63, ~u64{0}) == u64{1} << 63);
static_assert(kAlu[Alu::arsh].eval32(0x80000000u, 31) == 0xffffffffu);

// ---- jumps
// -------------------------------------------------------------------------------------------------------

struct JumpRow {
  std::string_view name;
  std::string_view symbol;
  u8 code;        // opcode bits 4-7
  Jump negated;   // the relation that holds when this one does not; `set` has none and names itself
  Jump mirrored;  // the relation with its operands exchanged
  bool (*eval64)(u64 dst, u64 source);
  bool (*eval32)(u32 dst, u32 source);
};

namespace detail {
constexpr JumpRow jump(std::string_view name, std::string_view symbol, u8 code, Jump negated,
                       Jump mirrored, auto eval) {
  return {name, symbol, code, negated, mirrored, eval, eval};
}
}  // namespace detail

// clang-format off
inline constexpr EnumArray<Jump, JumpRow> kJump({
    // RFC 9669, 4.3
    {Jump::eq, detail::jump("jeq", "==", 0x1, Jump::ne, Jump::eq, []<class T>(T d, T s) { return d == s; })},
    {Jump::gt, detail::jump("jgt", ">", 0x2, Jump::le, Jump::lt, []<class T>(T d, T s) { return d > s; })},
    {Jump::ge, detail::jump("jge", ">=", 0x3, Jump::lt, Jump::le, []<class T>(T d, T s) { return d >= s; })},
    {Jump::set, detail::jump("jset", "&", 0x4, Jump::set, Jump::set, []<class T>(T d, T s) { return (d & s) != 0; })},
    {Jump::ne, detail::jump("jne", "!=", 0x5, Jump::eq, Jump::ne, []<class T>(T d, T s) { return d != s; })},
    {Jump::sgt, detail::jump("jsgt", "s>", 0x6, Jump::sle, Jump::slt,
                             []<class T>(T d, T s) { return static_cast<detail::Signed<T>>(d) > static_cast<detail::Signed<T>>(s); })},
    {Jump::sge, detail::jump("jsge", "s>=", 0x7, Jump::slt, Jump::sle,
                             []<class T>(T d, T s) { return static_cast<detail::Signed<T>>(d) >= static_cast<detail::Signed<T>>(s); })},
    {Jump::lt, detail::jump("jlt", "<", 0xa, Jump::ge, Jump::gt, []<class T>(T d, T s) { return d < s; })},
    {Jump::le, detail::jump("jle", "<=", 0xb, Jump::gt, Jump::ge, []<class T>(T d, T s) { return d <= s; })},
    {Jump::slt, detail::jump("jslt", "s<", 0xc, Jump::sge, Jump::sgt,
                             []<class T>(T d, T s) { return static_cast<detail::Signed<T>>(d) < static_cast<detail::Signed<T>>(s); })},
    {Jump::sle, detail::jump("jsle", "s<=", 0xd, Jump::sgt, Jump::sge,
                             []<class T>(T d, T s) { return static_cast<detail::Signed<T>>(d) <= static_cast<detail::Signed<T>>(s); })},
});
// clang-format on

// ---- atomics
// -----------------------------------------------------------------------------------------------------

// What the instruction writes besides memory.
enum class Fetch : u8 { nothing, source, r0, destination };

struct AtomicRow {
  std::string_view
      name;  // as in the assembler: atomic_fetch_add, xchg_64, cmpxchg32_32 take it as their stem
  std::string_view
      symbol;     // "+=" where the assembler writes `lock *(u64 *)(r1 + 0) += r2`, else empty
  s32 immediate;  // RFC 9669, 5.3; acquire and release as in Linux since 6.15
  Fetch fetch;
  u64 (*eval)(u64 memory,
              u64 source);  // the new content of memory; of cmpxchg, when the comparison holds
};

// clang-format off
inline constexpr EnumArray<Atomic, AtomicRow> kAtomic({
    {Atomic::add, {"add", "+=", 0x00, Fetch::nothing, [](u64 m, u64 s) { return m + s; }}},
    {Atomic::or_, {"or", "|=", 0x40, Fetch::nothing, [](u64 m, u64 s) { return m | s; }}},
    {Atomic::and_, {"and", "&=", 0x50, Fetch::nothing, [](u64 m, u64 s) { return m & s; }}},
    {Atomic::xor_, {"xor", "^=", 0xa0, Fetch::nothing, [](u64 m, u64 s) { return m ^ s; }}},
    {Atomic::fetch_add, {"atomic_fetch_add", "", 0x01, Fetch::source, [](u64 m, u64 s) { return m + s; }}},
    {Atomic::fetch_or, {"atomic_fetch_or", "", 0x41, Fetch::source, [](u64 m, u64 s) { return m | s; }}},
    {Atomic::fetch_and, {"atomic_fetch_and", "", 0x51, Fetch::source, [](u64 m, u64 s) { return m & s; }}},
    {Atomic::fetch_xor, {"atomic_fetch_xor", "", 0xa1, Fetch::source, [](u64 m, u64 s) { return m ^ s; }}},
    {Atomic::xchg, {"xchg", "", 0xe1, Fetch::source, [](u64, u64 s) { return s; }}},
    {Atomic::cmpxchg, {"cmpxchg", "", 0xf1, Fetch::r0, [](u64, u64 s) { return s; }}},
    {Atomic::load_acquire, {"load_acquire", "", 0x100, Fetch::destination, [](u64 m, u64) { return m; }}},
    {Atomic::store_release, {"store_release", "", 0x110, Fetch::nothing, [](u64, u64 s) { return s; }}},
});
// clang-format on

// ---- casts between address spaces
// ------------------------------------------------------------------------------------------------

struct AddressSpaceCastRow {
  u8 destination;
  u8 source;

  constexpr s32 immediate() const { return destination << 16 | source; }
};

// Linux since 6.9 (check_alu_op() in kernel/bpf/verifier.c); no other pair exists.
inline constexpr EnumArray<AddressSpaceCast, AddressSpaceCastRow> kAddressSpaceCast({
    {AddressSpaceCast::to_kernel, {0, 1}},
    {AddressSpaceCast::to_arena, {1, 0}},
});

// ---- the encoding's own vocabulary (RFC 9669, 3.2)
// -----------------------------------------------------------------

enum Class : u8 {
  kLd = 0,
  kLdx = 1,
  kSt = 2,
  kStx = 3,
  kAlu32 = 4,
  kJmp = 5,
  kJmp32 = 6,
  kAlu64 = 7
};
enum Mode : u8 {
  kImm = 0,
  kAbs = 1,
  kInd = 2,
  kMem = 3,
  kMemSx = 4,
  kAtomicMode = 6
};  // opcode bits 5-7
inline constexpr u8 kSourceRegister = 0x08;
inline constexpr u8 kEndCode = 0xd, kMovCode = 0xb, kNegCode = 0x8;
inline constexpr u8 kAddressSpaceCastOpcode = kAlu64 | kSourceRegister | kMovCode << 4;
inline constexpr s16 kAddressSpaceCastOffset = 1;  // tells the cast from mov and movsx
inline constexpr u8 kJumpAlwaysCode = 0x0, kCallCode = 0x8, kExitCode = 0x9, kMayGotoCode = 0xe;

// Size field, opcode bits 3-4: w, h, b, dw.
constexpr Width width_of_size(u8 opcode) {
  constexpr Width kWidths[] = {Width::w32, Width::w16, Width::w8, Width::w64};
  return kWidths[(opcode >> 3) & 3];
}
constexpr u8 size_of_width(Width width) {
  constexpr u8 kSizes[] = {0x10, 0x08, 0x00, 0x18};  // by Width: b, h, w, dw
  return kSizes[static_cast<u8>(width)];
}
static_assert(width_of_size(0x18) == Width::w64 && size_of_width(Width::w8) == 0x10);

}  // namespace skep::isa
