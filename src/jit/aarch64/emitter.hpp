// Operations to aarch64 machine code.
//
// One function a kind of operation, chosen by a table; arithmetic by a table of its own.
// Conventions of the code:
//   x7                r0: results of calls come in x0 and move here; exits move it there
//   x0 to x4          r1 to r5, as in the C calling convention (AAPCS64, 6)
//   x16 x17 x9 x10 x11  scratch inside of one operation; x18 belongs to the platform
//   x25               the Execution (verified code that needs it)
//   x26               address of the run's tail call counter (verified, if there are tail calls)
//   sp + constant     r10 of the program (verified)
//   x23 x24           r10 of the program and the State (confined)
//   what is left      r6 to r9, as allocate() says; confined code has them in x19 to x22
// A function that calls keeps a frame record, so that profilers can unwind it. A tail call leaves
// its frame as an exit does, then enters the target with the context in x0, the Execution in x1 and
// the address of the counter in x8.
#pragma once

#include <cstddef>
#include <functional>

#include "interpret/trap.hpp"
#include "jit/aarch64/assembler.hpp"
#include "jit/address.hpp"
#include "jit/allocate.hpp"
#include "platform/machine.hpp"

namespace skep::jit::aarch64 {

// What code pages and symbols ask: e_machine; half of the 128 MiB that a call reaches, as near as
// it gets; zeros are udf.
inline constexpr Machine kMachine = {.elf_machine = 183,
                                     .reservation_bytes = u64{64} << 20,
                                     .near_bytes = u64{128} << 20,
                                     .filler = 0};

struct Target {
  bool has_lse = false;  // atomic operations of one instruction (FEAT_LSE)
  u64 code_begin = 0;    // the code will stand somewhere from here
  u64 code_end = 0;      // to here

  // The same place, on a processor that has nothing else than all have.
  Target baseline() const { return {.code_begin = code_begin, .code_end = code_end}; }
};

inline constexpr Addressing kAddressing = {};

// What one register alone decides.
struct Decision {
  enum class By : u8 { zero, not_zero, bit_set, bit_clear };
  By by;
  u8 bit = 0;
};
constexpr Decision::By opposite(Decision::By by) {
  return static_cast<Decision::By>(static_cast<u8>(by) ^ 1);
}

RegisterFile register_file(const Needs& needs);

class Emitter {
 public:
  Emitter(const Unit& unit, const platform::Bindings& bindings, const Target& target,
          const Confines& confines = {});
  Emitted run();

 private:
  using Emit = void (Emitter::*)(const Operation&);
  struct Cold {
    u32 from;  // the BPF instruction
    std::function<void()> emit;
  };
  struct AluRule {
    Emit emit;
    u8 detail = 0;  // an Arithmetic, Logical, Shift, Division or Width, by emit
  };
  struct Frame {
    std::vector<Reg> saved;         // an even number, from the lowest address on
    s32 bytes = 0;                  // below what is saved
    s32 frame_pointer = 0;          // of the program, from sp
    std::optional<s32> loops = {};  // slots, from sp
    std::optional<s32> context = {};
    std::optional<s32> unwind = {};  // where an outer program's exceptions go
  };
  static const EnumArray<Kind, Emit> kEmit;
  static const EnumArray<isa::Alu, AluRule> kAlu;

  // ---- entries, functions and blocks: emitter.cpp ----
  bool confined() const { return unit_.trust == Trust::confined; }
  void confined_entry();
  void tail_counting_entry();
  void function(std::size_t number);
  void block(u32 number);
  void aside(std::function<void()> emit);
  void cold_code();

  // ---- frames: emit_frame.cpp ----
  void lay_out_frame(const Function& function, bool is_main);
  void prologue(const Function& function, bool is_main);
  void zero_stack(const Function& function);
  void epilogue();
  void push(std::span<const Reg> saved);
  void pop(std::span<const Reg> saved);

  // ---- operands: emitter.cpp ----
  Reg home(Register r) const { return static_cast<Reg>(allocation_.home[r]); }
  bool is_frame_pointer(Register r) const { return r == isa::kFramePointer && !confined(); }
  Reg value(Register r, Reg scratch);                            // r10 is computed into scratch
  Reg right_of(const Operation& op, Reg scratch);                // so are immediates; 0 is zr
  void add_constant(Width width, Three operands, u64 constant);  // right: scratch, if it takes one
  void into(Width width, Reg dst, Register src);  // a copy, unless it is there already

  // ---- arithmetic: emit_alu.cpp ----
  void alu(const Operation& op);
  void arithmetic(const Operation& op);
  void logical(const Operation& op);
  void multiply(const Operation& op);
  bool multiply_by_constant(const Operation& op);
  void shift(const Operation& op);
  void rotate(const Operation& op);
  void divide(const Operation& op);
  bool divide_by_constant(const Operation& op);
  void negate(const Operation& op);
  void move(const Operation& op);
  void move_signed(const Operation& op);
  void truncate(const Operation& op);
  void swap(const Operation& op);
  void constant(const Operation& op);

  // ---- rows of accesses: emit_rows.cpp ----
  void fill(const Operation& op);
  void copy(const Operation& op);
  void copy_pair(const Operation& op, s32 from, s32 to);

  // ---- memory: emit_memory.cpp ----
  // base + distance; a distance that does not fit is in scratch.
  Memory place(Width width, Register base, s32 distance, Reg scratch);
  Memory access(const Operation& op);
  Memory access_indexed(const Operation& op);
  Reg pointer(const Operation& op);
  void check_access(const Operation& op);
  void nothing(const Operation&) {}
  void user_pointer(const Operation&) { EXPECT(false); }  // reach_arena() has made others of it
  void load(const Operation& op);
  void store(const Operation& op);
  void atomic(const Operation& op);
  void atomic_at_once(const Operation& op, Reg address, Reg source);
  void atomic_in_a_loop(const Operation& op, Reg address, Reg source);
  void change(const Operation& op, Three operands);
  Order order(isa::Atomic atomic) const;
  void array_lookup(const Operation& op);
  Reg index_of(const Operation& op);
  void compare_index(Reg index, u32 entries);
  void add_scaled(Three operands, u64 factor);

  // ---- control: emit_control.cpp ----
  void branch(const Operation& op);
  void select(const Operation& op);
  void jump(const Operation& op);
  void may_goto(const Operation& op);
  void exit(const Operation& op);
  static std::optional<Decision> decide_by_register(const Operation& op);
  void compare(const Operation& op);
  void pay(const Block& block);
  Label trap_at(u32 instruction, interpret::Trap trap);

  // ---- calls: emit_calls.cpp ----
  void call_helper(const Operation& op);
  void map_lookup(const Operation& op);
  void call_indirect(const Operation& op);
  void call_local(const Operation& op);
  void call_local_confined(const Operation& op);
  void tail_call(const Operation& op);
  void packet_load(const Operation& op);

  // ---- exceptions, and runs that are stopped: emit_throw.cpp ----
  void throw_exception(const Operation& op);
  void save_all();
  void note_landing();
  void forget_landing();
  void land();
  void back_to_first_frame();
  void note_stop(u32 instruction);

  void call_body(u64 address);
  void call_outside(u64 address);
  void execution_into(Reg reg);
  void forget_arguments();

  Memory budget(std::size_t field) const {
    return memory(Reg::x25, static_cast<s32>(bindings_.budget_offset + field));
  }
  Memory fuel_left() const {
    return confined() ? state(offsetof(State, fuel))
                      : budget(offsetof(platform::Budget, instructions));
  }
  Memory unwind_to() const { return memory(Reg::x25, static_cast<s32>(bindings_.unwind_offset)); }
  Memory state(std::size_t field) const { return memory(Reg::x24, static_cast<s32>(field)); }

  const Unit& unit_;
  const platform::Bindings& bindings_;
  Target target_;
  Confines confines_;
  Needs needs_;

  Assembler a_;
  Label blocks_{};          // one of each block, by number
  Label entries_{};         // the same; only those of functions are bound
  std::vector<Cold> cold_;  // behind the function
  Label leave_{};           // of confined code: back to C
  Label landing_{};         // where exceptions go
  Label stopped_{};         // where a run without budget goes
  Allocation allocation_;
  Frame frame_;
  u32 block_ = 0;
};

}  // namespace skep::jit::aarch64
