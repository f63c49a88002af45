// Where each BPF register lives in a function: values to machine registers.
//
// BPF was made so that its eleven registers fit into those of the machines it runs on. r0 to r5
// always have the homes that the machine's calling convention gives a result and five arguments, so
// that calls move nothing. r6 to r9 take a register that calls leave alone only where they live
// across a call; else one that costs no saving. The target describes its registers in a
// RegisterFile; numbers are the target's.
#pragma once

#include <array>
#include <span>

#include "jit/operation.hpp"

namespace skep::jit {

using MachineRegister = u8;
using MachineRegisters = u32;  // a set of them
constexpr MachineRegisters machine_set(MachineRegister r) { return MachineRegisters{1} << r; }

struct RegisterFile {
  std::array<MachineRegister, 6> fixed;        // homes of r0 to r5
  std::span<const MachineRegister> volatiles;  // calls clobber them; no fixed homes among them
  std::span<const MachineRegister> preserved;  // functions give them back as they found them
  MachineRegister temporary;                   // home of kTemporary
};

struct Allocation {
  std::array<MachineRegister, kOperands> home{};
  Registers used = 0;            // BPF registers that the function reads or writes
  MachineRegisters to_save = 0;  // preserved ones that it writes
  bool calls = false;
};

// Precondition: lay_out() has filled what the function uses. r10 gets no home here: it is the stack
// pointer plus a constant.
Allocation allocate(const Function& function, const RegisterFile& file);

}  // namespace skep::jit
