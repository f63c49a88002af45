// Where each BPF register lives in a function: values to machine registers.
//
// BPF was made so that its eleven registers fit into those of the machines it runs on. r0 to r5
// always have the homes that the machine's calling convention gives a result and five arguments, so
// that calls move nothing. r6 to r9 take a register that calls leave alone only where they live
// across a call; else one that costs no saving. Spares (jit/promote.hpp) take what is left. The
// target describes its registers in a RegisterFile; numbers are the target's.
#pragma once

#include <array>

#include "jit/operation.hpp"

namespace skep::jit {

using MachineRegister = u8;
using MachineRegisters = u32;  // a set of them
constexpr MachineRegisters machine_set(MachineRegister r) { return MachineRegisters{1} << r; }

// Registers in the order in which they are taken.
struct MachineRegisterList {
  std::array<MachineRegister, 8> registers{};
  u8 count = 0;

  constexpr void push_back(MachineRegister r) { registers[count++] = r; }
  constexpr const MachineRegister* begin() const { return registers.data(); }
  constexpr const MachineRegister* end() const { return registers.data() + count; }
};

struct RegisterFile {
  MachineRegisterList fixed;      // homes of r0 to r5
  MachineRegisterList volatiles;  // calls clobber them; no fixed homes among them
  MachineRegisterList preserved;  // functions give them back as they found them
  MachineRegister temporary = 0;  // home of kTemporary
};

struct Allocation {
  std::array<MachineRegister, kOperands> home{};
  Registers used = 0;            // BPF registers that the function reads or writes
  MachineRegisters to_save = 0;  // preserved ones that it writes
  bool calls = false;
};

// r10 gets no home here: it is the stack pointer plus a constant.
Allocation allocate(const RegisterUse& use, const RegisterFile& file);

// How many registers nobody takes, that a value may live in for all of the function.
struct LeftOver {
  u32 free = 0;   // at no cost
  u32 saved = 0;  // those that must be saved
};
LeftOver left_over(const RegisterUse& use, const RegisterFile& file);

}  // namespace skep::jit
