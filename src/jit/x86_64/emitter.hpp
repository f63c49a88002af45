// Operations to x86-64 machine code.
//
// One function a kind of operation, chosen by a table; arithmetic by a table of its own.
// Conventions of the code:
//   rax rdi rsi rdx rcx r8   r0 to r5, as in the C calling convention
//   r10 r11                  scratch inside of one operation
//   r12                      the Execution (verified code that needs it), or the State (confined
//   code) rbp                      address of the run's tail call counter (verified, if there are
//   tail calls), or r10 of
//                            the program (confined)
//   rsp + constant           r10 of the program (verified)
//   what is left             r6 to r9, as allocate() says; confined code has them in rbx, r13, r14
//   and r15
// A tail call leaves its frame as an exit does, then enters the target with the context in rdi, the
// Execution in rsi and the address of the counter in rax.
#pragma once

#include <cstddef>
#include <functional>

#include "interpret/trap.hpp"
#include "jit/address.hpp"
#include "jit/allocate.hpp"
#include "jit/x86_64/assembler.hpp"
#include "platform/machine.hpp"

namespace skep::jit::x86_64 {

// What code pages and symbols ask: e_machine; a fraction of the 2 GiB that a call reaches; int3.
inline constexpr Machine kMachine = {.elf_machine = 62,
                                     .reservation_bytes = u64{256} << 20,
                                     .near_bytes = u64{1024} << 20,
                                     .filler = 0xcc};

struct Target {
  bool has_bmi2 = false;
  u64 code_begin = 0;  // the code will stand somewhere from here
  u64 code_end = 0;    // to here

  // The same place, on a processor that has nothing else than all have.
  Target baseline() const { return {.code_begin = code_begin, .code_end = code_end}; }
};

inline constexpr Addressing kAddressing = {
    .index_and_offset = true, .scaled = true, .absolute = true};

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
    u8 detail = 0;  // an Arithmetic, Shift or Width, by emit
  };
  struct Frame {
    std::vector<Reg> pushed;
    s32 bytes = 0;                  // below what is pushed
    s32 frame_pointer = 0;          // of the program, from rsp
    std::optional<s32> loops = {};  // slots, from rsp
    std::optional<s32> context = {};
    std::optional<s32> unwind = {};  // where an outer program's exceptions go
  };
  static const EnumArray<Kind, Emit> kEmit;
  static const EnumArray<isa::Alu, AluRule> kAlu;

  // ---- frames and blocks: emitter.cpp ----
  bool confined() const { return unit_.trust == Trust::confined; }
  void confined_entry();
  void tail_counting_entry();
  void function(std::size_t number);
  void lay_out_frame(const Function& function, bool is_main);
  void prologue(const Function& function, bool is_main);
  void epilogue();
  void block(u32 number);
  void aside(std::function<void()> emit);
  void cold_code();

  // ---- operands: emitter.cpp ----
  Reg home(Register r) const { return static_cast<Reg>(allocation_.home[r]); }
  bool is_frame_pointer(Register r) const { return r == isa::kFramePointer && !confined(); }
  Reg value(Register r, Reg scratch);  // r10 is computed into scratch
  Operand address(Register base, s32 offset) const;
  void into(isa::Width width, Reg dst, Register src);  // a copy, unless it is there already
  bool is_live(const Operation& op, Reg reg) const;    // holds something that is read after op

  // ---- arithmetic: emit_alu.cpp ----
  void alu(const Operation& op);
  void add(const Operation& op);
  void arithmetic(const Operation& op);
  void mask(const Operation& op);
  void multiply(const Operation& op);
  bool multiply_by_sum(const Operation& op, u64 factor);
  void shift(const Operation& op);
  void shift_by_register(const Operation& op);
  void rotate(const Operation& op);
  void divide(const Operation& op);
  bool divide_by_constant(const Operation& op);
  void divide_in_rax(const Operation& op, Reg divisor);
  void negate(const Operation& op);
  void move(const Operation& op);
  void move_signed(const Operation& op);
  void truncate(const Operation& op);
  void swap(const Operation& op);
  void constant(const Operation& op);

  // ---- memory: emit_memory.cpp ----
  Operand access(const Operation& op, Register base);
  void check_access(const Operation& op);
  void nothing(const Operation&) {}
  void user_pointer(const Operation&) { EXPECT(false); }  // reach_arena() has made others of it
  void load(const Operation& op);
  void load_swapped(const Operation& op, Operand from);
  void store(const Operation& op);
  void fill(const Operation& op);
  void copy(const Operation& op);
  void atomic(const Operation& op);
  void atomic_fetch(const Operation& op, Operand memory);
  Lock lock() const;
  void array_lookup(const Operation& op);
  void scale(Reg reg, u64 factor);
  const platform::ArrayShape& array_of(const Operation& op) const {
    return bindings_.arrays[static_cast<std::size_t>(op.immediate)];
  }

  void element_of(const Operation& op, std::function<void()> otherwise);
  void element_at(s32 index, const platform::ArrayShape& array);
  void add_address(Reg reg, u64 address);
  void add_cpu(const platform::ArrayShape& array);

  // ---- several at once: emit_fused.cpp ----
  u32 fused(u32 at, u32 end);
  bool change_in_memory(const Operation& load, const Operation& op, const Operation& store);
  bool operand_in_memory(const Operation& load, const Operation& op);
  bool compare_narrow(const Operation& load, u32 at);
  bool was_loaded(Register r, isa::Width width, u32 at) const;
  bool compare_with_memory(const Operation& load, const Operation& op);
  u32 look_up_or_leave(const Operation& lookup, u32 at);

  // ---- control: emit_control.cpp ----
  void jump_if(const Operation& op);
  void branch(const Operation& op);
  void select(const Operation& op);
  void jump(const Operation& op);
  void may_goto(const Operation& op);
  void exit(const Operation& op);
  void call_helper(const Operation& op);
  void map_lookup(const Operation& op);
  void call_indirect(const Operation& op);
  void call_local(const Operation& op);
  void tail_call(const Operation& op);
  void packet_load(const Operation& op);

  // ---- exceptions, and runs that are stopped: emit_throw.cpp ----
  void throw_exception(const Operation& op);
  void save_all();
  void note_landing();
  void forget_landing();
  void land();
  void note_stop(u32 instruction);

  void call_body(u64 address);
  void execution_into(Reg reg);
  void forget_arguments();
  void pay(const Block& block);
  Label trap_at(u32 instruction, interpret::Trap trap);
  void compare(const Operation& op);

  Operand budget(std::size_t field) const {
    return memory(Reg::r12, static_cast<s32>(bindings_.budget_offset + field));
  }
  Operand fuel_left() const {
    return confined() ? state(offsetof(State, fuel))
                      : budget(offsetof(platform::Budget, instructions));
  }
  Operand unwind_to() const { return memory(Reg::r12, static_cast<s32>(bindings_.unwind_offset)); }
  Operand state(std::size_t field) const { return memory(Reg::r12, static_cast<s32>(field)); }

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
  Registers pinned_ = 0;  // of the function
  Frame frame_;
  u32 block_ = 0;
};

}  // namespace skep::jit::x86_64
