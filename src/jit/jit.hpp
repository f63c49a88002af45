// The compiler: machine code from verified programs.
//
// In: a VerifiedProgram and its Bindings. Out: a Compiled program in sealed pages (written, then
// made executable, never both). Refused: nothing but a lack of memory. The way of a program through
// the folder:
//   lower      BPF instructions to machine-neutral operations      jit/lower.hpp
//   combine    several operations to one that the machine has       jit/combine.hpp
//   simplify   what nobody reads goes                               jit/dataflow.hpp
//   find keys  look-ups in arrays without their keys in memory      jit/lookups.hpp
//   select     branches over little to conditional moves            jit/select.hpp
//   fold       what makes addresses into the accesses               jit/address.hpp
//   widen      rows of stores to copies and fills                   jit/widen.hpp
//   promote    places of the frame to registers that are left       jit/promote.hpp
//   lay out    blocks in an order with fewer jumps                  jit/layout.hpp
//   allocate   values to registers                                 jit/allocate.hpp
//   encode     operations to machine code                          jit/x86_64/ or jit/aarch64/
//   seal       code to executable pages                            jit/code_pages.hpp
// compile_confined() is the one way to compile a program that was not verified: each access is
// checked against the buffer it is given and its stack, and fuel bounds its run.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "interpret/interpret.hpp"
#include "platform/machine.hpp"
#include "verify/verify.hpp"

namespace skep::jit {

using Entry = u64 (*)(void* context, void* execution);

// Machine code of one program. The pages live as long as it does.
class Compiled {
 public:
  u64 run(void* context, void* execution) const { return entry_(context, execution); }
  Entry entry() const { return entry_; }
  // Where a tail call enters, for Bindings::tail_call.
  const void* tail_entry() const { return tail_entry_; }
  std::span<const std::byte> code() const { return code_; }
  // In the order of the code, which need not be that of the instructions; in front of the first
  // stands how the program is entered. What became part of another instruction has none.
  std::span<const platform::CodePlace> places() const { return places_; }

 private:
  friend class Compiler;
  Compiled() = default;
  Entry entry_ = nullptr;
  const void* tail_entry_ = nullptr;
  std::span<const std::byte> code_;
  std::vector<platform::CodePlace> places_;
  std::shared_ptr<const void> pages_;
};

// Takes the addresses for machine code now, so that those near to the engine, where calls are
// direct, are not taken by something large that is mapped before the first program is compiled.
void reserve_addresses_nearby();

Result<Compiled> compile(const verify::VerifiedProgram& program,
                         const platform::Bindings& bindings);

// Compiles and runs a program that nobody proved safe, once. The same results and faults as
// interpret::run_confined().
Result<u64> run_confined(const isa::Code& code, const platform::Bindings& bindings,
                         const interpret::Confinement& confinement);

}  // namespace skep::jit
