// BPF instructions, decoded: the form in which every later stage reads them.
//
// A Slot is the 8-byte unit of the encoding (RFC 9669, 3). decode() turns slots into Instructions,
// whose operands are already checked and normalised: a jump names its target by instruction, a wide
// instruction is one element, reserved fields are known to be zero. encode() is its inverse. What
// each operation means stands in the tables of isa/tables.hpp, once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/index.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::isa {

// One 8-byte unit of the encoding, little-endian (RFC 9669, 3.1).
struct Slot {
  u8 opcode;
  u8 registers;  // destination in the low four bits, source in the high four
  s16 offset;
  s32 immediate;

  constexpr u8 dst() const { return registers & 0xf; }
  constexpr u8 src() const { return registers >> 4; }
  friend bool operator==(const Slot&, const Slot&) = default;
};
static_assert(sizeof(Slot) == 8);
inline constexpr u8 kWideOpcode = 0x18, kCallOpcode = 0x85;  // RFC 9669, 5.4 and 4.3

using SlotIndex = Index<struct SlotTag>;  // counts 8-byte slots, as jump offsets do
using InstructionIndex =
    Index<struct InstructionTag>;  // a wide instruction is one of these, two of those

inline constexpr int kRegisters = 11;  // r0 to r10
inline constexpr u8 kR0 = 0, kR1 = 1, kR5 = 5, kR6 = 6, kR9 = 9;
inline constexpr u8 kFramePointer = 10;
inline constexpr u32 kStackBytes = 512;  // of one frame
inline constexpr u32 kFramesMax = 8;
// Of a run: between a function that calls a helper and what the helper calls stands one more
// (verify/called_back.hpp).
inline constexpr u32 kRunFramesMax = 2 * kFramesMax;
inline constexpr u32 kTailCallsMax = 33;

// What an instruction does, and so which of the fields of Instruction mean something.
enum class Form : u8 {
  alu,          // dst = dst OPERATION source                    (operation: Alu; width 32 or 64)
  constant,     // dst = 64-bit immediate, two slots             (operation: Constant)
  load,         // dst = *(width *)(src + offset)
  load_signed,  // dst = *(signed width *)(src + offset)
  store,        // *(width *)(dst + offset) = src or immediate
  atomic,       // *(width *)(dst + offset) OPERATION= src       (operation: Atomic)
  packet_load,  // r0 = packet[src + immediate]                  (operation: Packet), legacy
  jump,         // if dst OPERATION source goto target           (operation: Jump; width 32 or 64)
  jump_always,  // goto target; width 32 is the long form (gotol)
  may_goto,     // goto target when the loop budget is used up
  call,         // r0 = call of immediate, target or dst         (operation: Call)
  exit,         // return r0
  address_space_cast,  // dst = (pointer of another address space) src  (operation:
                       // AddressSpaceCast)
  unknown,             // a slot that no table knows; its 8 bytes are the immediate
  count_
};

enum class Alu : u8 {
  add,
  sub,
  mul,
  div,
  sdiv,
  or_,
  and_,
  lsh,
  rsh,
  neg,
  mod,
  smod,
  xor_,
  mov,
  movsx8,
  movsx16,
  movsx32,
  arsh,
  to_le,
  to_be,
  bswap,  // the immediate is the width in bits: 16, 32 or 64
  count_
};

enum class Jump : u8 { eq, gt, ge, set, ne, sgt, sge, lt, le, slt, sle, count_ };

enum class Atomic : u8 {
  add,
  or_,
  and_,
  xor_,
  fetch_add,
  fetch_or,
  fetch_and,
  fetch_xor,
  xchg,
  cmpxchg,
  load_acquire,
  store_release,
  count_
};

// What the 64 bits of a wide immediate stand for (RFC 9669, 5.4). In a relocated Program the low
// half of a map constant is the number of a map in Program::maps; the high half of map_value is the
// offset into its value.
enum class Constant : u8 {
  number,
  map,
  map_value,
  variable,
  function,
  map_by_index,
  map_value_by_index,
  count_
};

enum class Packet : u8 { absolute, indirect, count_ };

// Pointers into an arena are of address space 1, in which user space sees them; 0 is the kernel's.
enum class AddressSpaceCast : u8 { to_kernel, to_arena, count_ };

enum class Call : u8 { helper, local, kfunc, indirect, count_ };

// Bytes that an operation reads or writes, as an enum so that no other number can stand there.
enum class Width : u8 { w8, w16, w32, w64, count_ };
constexpr u32 bytes_of(Width width) { return 1u << static_cast<u32>(width); }
constexpr u32 bits_of(Width width) { return 8u << static_cast<u32>(width); }
// The width of 1, 2, 4 or 8 bytes.
constexpr Width width_of(u32 bytes) {
  return bytes == 8 ? Width::w64 : bytes == 4 ? Width::w32 : bytes == 2 ? Width::w16 : Width::w8;
}

enum class Source : u8 { immediate, reg };

// Fields that a form does not use are zero, so that instructions compare by value.
struct Instruction {
  Form form = Form::exit;
  u8 operation = 0;  // an Alu, Constant, Atomic, Packet, Jump, Call or AddressSpaceCast, by form
  Width width = Width::w64;
  Source source = Source::immediate;  // of alu, store and jump
  u8 dst = 0;
  u8 src = 0;
  s16 offset = 0;             // of memory accesses, in bytes; of a kfunc call, its module
  InstructionIndex target{};  // of jumps, may_goto, local calls and function constants
  SlotIndex slot{};           // where it stood in the encoding: the number people see
  s64 immediate = 0;

  constexpr Alu alu() const { return static_cast<Alu>(operation); }
  constexpr Jump jump() const { return static_cast<Jump>(operation); }
  constexpr Atomic atomic() const { return static_cast<Atomic>(operation); }
  constexpr Constant constant() const { return static_cast<Constant>(operation); }
  constexpr Packet packet() const { return static_cast<Packet>(operation); }
  constexpr Call call() const { return static_cast<Call>(operation); }
  constexpr AddressSpaceCast cast() const { return static_cast<AddressSpaceCast>(operation); }
  constexpr bool is_wide() const { return form == Form::constant; }
  constexpr bool has_register_source() const { return source == Source::reg; }
  constexpr u32 map_number() const { return static_cast<u32>(static_cast<u64>(immediate)); }
  constexpr u32 map_value_offset() const {
    return static_cast<u32>(static_cast<u64>(immediate) >> 32);
  }

  friend bool operator==(const Instruction&, const Instruction&) = default;
};
static_assert(sizeof(Instruction) == 24);

using Code = std::vector<Instruction>;

// Decodes a whole program. Refused, with the slot's number: unknown opcodes, reserved fields that
// are not zero, registers above r10, a cut wide instruction, jumps and local calls that leave the
// program or land inside a wide instruction (RFC 9669, 3 to 5).
// To show what can be read, slots that are none of these instructions can be kept, as
// Form::unknown.
enum class Unknown : u8 { refuse, keep };
Result<Code> decode(std::span<const Slot> slots, Unknown unknown = Unknown::refuse);

// What an instruction that decode() does not know may be, for people.
inline constexpr std::string_view kUnknownHint =
    "it may be of a newer instruction set than this skep knows: those of clang's -mcpu=v1 to v4, "
    "may_goto, addr_space_cast, load_acquire and store_release";
// "ff 00 00 00 00 00 00 00": the slot of an unknown instruction.
std::string bytes_of_unknown(const Instruction& instruction);

// The encoding of `code`, with jump offsets computed from targets. Refused: a jump too far for its
// 16-bit offset, an immediate that does not fit. `slot` of the instructions is not read: they are
// laid out in order.
Result<std::vector<Slot>> encode(std::span<const Instruction> code);

// Sets `slot` of every instruction to where encode() would put it.
void assign_slots(std::span<Instruction> code);

}  // namespace skep::isa
