// The machine-neutral form between BPF instructions and machine code.
//
// A Unit is everything that is compiled together: functions of blocks of Operations. Operations
// name BPF registers and have three addresses (dst = left OP right), so that a pair like `r2 = r10;
// r2 += -8` is one of them. Lowering makes them, dataflow removes and narrows some, allocation
// gives each register a home, and a target's emitter writes each as machine code. Targets know
// nothing of BPF's encoding.
#pragma once

#include <array>
#include <vector>

#include "isa/tables.hpp"
#include "verify/verify.hpp"

namespace skep::jit {

enum class Kind : u8 {
  alu,       // dst = left ALU right; mov and movsx read right only
  rotate,    // dst = left rotated by immediate bits to the left; no instruction of BPF
  constant,  // dst = immediate
  nothing,   // what became part of another one
  load,      // dst = *(width *)(left + (index << scale) + offset), extended
  store,     // *(width *)(left + (index << scale) + offset) = right
  fill,      // `bytes` bytes at left + offset = 0
  copy,      // `bytes` bytes at right + immediate = those at left + offset, which they do not meet
  user_pointer,     // dst = left as user space sees it; ends in reach_arena(), targets have none
  atomic,           // *(width *)(left + offset) ATOMIC right
  array_lookup,     // r0 = address of the element with a Key, or null (bpf_map_lookup_elem)
  map_lookup,       // r0 = address of the value of the key at r2, or null, by the map's own body
  packet_load,      // r0 = packet[right + immediate], or the function ends with 0
  branch,           // if left JUMP right goto target, or unless when it is negated
  select,           // unless left JUMP right, dst = moved, or `offset`
  jump,             // goto target
  may_goto,         // goto target when the frame's loop budget is used up
  call_helper,      // r0 = helper immediate; with the row Call::kfunc a function of the kernel's
  call_indirect,    // r0 = the helper whose number is in left
  call_local,       // r0 = the function that begins with block target
  tail_call,        // leaves for another program, or r0 = -1
  throw_exception,  // the program ends with r1, or with what its exception callback makes of it
  exit,             // returns r0
  count_
};

using Register = u8;                           // of BPF, 0 to 10
inline constexpr Register kNoRegister = 0xff;  // the operand is the immediate, or there is none
// Holds a value for the next operation only; every target has a scratch register for it.
inline constexpr Register kTemporary = isa::kRegisters;
// Registers that BPF does not have: what promote() moves there has one for all of the function.
inline constexpr Register kFirstSpare = kTemporary + 1;
inline constexpr Register kSpares = 6;
inline constexpr std::size_t kOperands = kFirstSpare + kSpares;
using Registers = u32;  // a set of them
constexpr Registers set_of(Register r) { return Registers{1} << r; }
inline constexpr Registers kArguments = 0x3e;  // r1 to r5
inline constexpr Registers kEveryRegister = 0x7ff;

// The index of an array_lookup: *(u32 *)r2, the lower half of `left`, or `offset`, which is in
// range.
enum class Key : u8 { in_memory, in_register, constant };

enum class Extend : u8 { zero, sign };

// Forty bytes: compiling is mostly reading and writing these.
struct Operation {
  Kind kind = Kind::exit;
  u8 row = 0;  // an isa::Alu, isa::Jump, isa::Atomic or Key, by kind
  isa::Width width = isa::Width::w64;
  Extend extend = Extend::zero;  // of loads
  bool swapped = false;          // of loads that extend with zeros: the bytes the other way round
  bool negated = false;          // of branches
  u8 scale = 0;                  // of an index: 0 to 3
  u8 piece = 8;                  // of fill and copy: the widest access to make, 8 or 16
  verify::Region region = verify::Region::none;  // where loads and stores were proved to be
  Register dst = kNoRegister;
  Register left = kNoRegister;
  Register right = kNoRegister;
  Register index = kNoRegister;  // of loads and stores
  Register moved = kNoRegister;  // of selects
  isa::Width moved_width = isa::Width::w64;
  s32 offset = 0;
  u32 target = 0;            // a block; of fill and copy: bytes
  u32 from = 0;              // the BPF instruction, for faults and tables of offsets
  Registers live_after = 0;  // what is read after it; filled by dataflow
  s64 immediate = 0;         // of array_lookup and map_lookup: the number of the map

  isa::Alu alu() const { return static_cast<isa::Alu>(row); }
  isa::Jump jump() const { return static_cast<isa::Jump>(row); }
  isa::Atomic atomic() const { return static_cast<isa::Atomic>(row); }
  bool has_immediate() const { return right == kNoRegister; }
};

static_assert(sizeof(Operation) == 40);

inline constexpr u32 kNoBlock = ~0u;

struct Block {
  u32 begin = 0;  // into Unit::operations
  u32 end = 0;
  u32 from = 0;              // first BPF instruction
  u32 charge = 0;            // BPF instructions in it: what it costs a run that pays
  u32 branch_to = kNoBlock;  // successors
  u32 next = kNoBlock;
  u32 jump_to = kNoBlock;        // by a jump behind its operations: `next` is elsewhere
  bool may_be_combined = false;  // something in it shifts by a constant, or swaps bytes

  bool is_empty() const { return begin == end && jump_to == kNoBlock; }
};

using Kinds = u32;  // a set of them
constexpr Kinds kinds_of(Kind kind) { return Kinds{1} << static_cast<u32>(kind); }
static_assert(kCount<Kind> <= 32);

// What the code of a function does with registers.
struct RegisterUse {
  Registers used = 0;          // read or written
  Registers across_calls = 0;  // live across one
  bool calls = false;
};

struct Function {
  u32 first_block = 0;
  u32 end_block = 0;
  verify::FrameUse frame;
  RegisterUse use{};  // filled by lay_out()
  // What its spares have from the start, by number; filled by promote().
  struct Preload {
    Register spare = kNoRegister;
    s64 value = 0;
  };
  std::array<Preload, kSpares> preloads{};
  Registers pinned =
      0;  // its spares: live wherever it is; live_after says so in blocks that name one

  // Of what lower() made. Passes add none that anybody asks for, and what they remove may stay.
  Kinds kinds = 0;
  bool has(Kind kind) const { return (kinds & kinds_of(kind)) != 0; }
};

// Whether somebody proved the program safe. Confined code checks accesses, frames and fuel itself,
// and its functions may jump into each other: it is compiled as one function with several entries.
enum class Trust : u8 { verified, confined };

struct Unit {
  Trust trust = Trust::verified;
  bool pays = false;  // for each block when it is entered, as confined code always does
  std::vector<Operation> operations;
  std::vector<Block> blocks;
  std::vector<Function> functions;
  u32 exception_callback = kNoBlock;  // where it begins

  // As of a Function.
  Kinds kinds = 0;
  bool has_arena = false;       // an access of one
  bool has_per_cpu = false;     // a look-up in an array of each CPU
  bool has_extensions = false;  // a move of a register's lower half onto itself
  bool has(Kind kind) const { return (kinds & kinds_of(kind)) != 0; }
};

inline constexpr Kinds kCalls = kinds_of(Kind::call_helper) | kinds_of(Kind::call_indirect) |
                                kinds_of(Kind::call_local) | kinds_of(Kind::map_lookup) |
                                kinds_of(Kind::tail_call) | kinds_of(Kind::packet_load) |
                                kinds_of(Kind::throw_exception);
constexpr bool is_call(Kind kind) { return (kCalls & kinds_of(kind)) != 0; }

}  // namespace skep::jit
