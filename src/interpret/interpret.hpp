// The interpreter: the reference semantics of every instruction, straight from the instruction
// tables.
//
// In: a VerifiedProgram and its Bindings. Out: r0. A run asks a Memory about every access and
// reports one that is outside as an error with its instruction: fuzzing uses it to look for holes
// in the verifier, the debugger to stop there. The engine that trusts the proof is src/threaded.
// run_confined() is the one way to interpret a program that was not verified: it sees only the
// buffer it is given and its stack, and stops when its fuel is used up.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "interpret/step.hpp"
#include "platform/machine.hpp"
#include "verify/verify.hpp"

namespace skep::interpret {

// A program bound to the addresses of its maps and helpers, ready to run from any number of
// threads.
class Image {
 public:
  static Image bind(const verify::VerifiedProgram& program, const platform::Bindings& bindings);

  const isa::Code& code() const { return code_; }
  // One for each instruction of code(), ready to run.
  const Step* steps() const { return steps_.data(); }
  const platform::Bindings& bindings() const { return bindings_; }
  u64 zeroed() const { return zeroed_; }

 private:
  friend struct Binder;  // interpret/binder.hpp
  Image() = default;
  isa::Code code_;
  std::vector<Step> steps_;
  u64 zeroed_ = 0;               // of the first frame, see Binder::zeroed
  platform::Bindings bindings_;  // without its spans, which may not outlive bind()
};

enum class Touch : u8 { read, write };

// Knows which bytes are program memory at this moment: context, packet, map values, ring records.
// The interpreter adds the stack frames by itself.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual bool allows(u64 address, u32 bytes, Touch touch) = 0;
};

// A run with every access checked. Fault::rejected names the instruction, the address and
// the size; a run of more than `fuel` instructions is Fault::exhausted (counted by blocks, see
// interpret/fuel.hpp). The stack starts zeroed, and calls leave zeros in r1 to r5.
Result<u64> run_checked(const Image& image, void* context, void* execution, Memory& memory,
                        u64 fuel);

// What an unverified program may touch: `memory`, to which r1 points (r2 is its size), and its own
// stack.
struct Confinement {
  std::span<std::byte> memory;
  u64 fuel = 1'000'000;  // instructions
  // The stack, for runs that are to see the same addresses in every engine: kConfinedStackBytes,
  // aligned to 16 and zeroed at the start of the run. Empty: the engine's own.
  std::span<std::byte> stack = {};
};
inline constexpr u32 kConfinedStackBytes = isa::kFramesMax * isa::kStackBytes;

// Interprets a program that nobody proved safe. Every access is checked; helpers are called only if
// bound, and get a null Execution. Registers start at zero but for r1, r2 and r10. An indirect call
// takes the number of a helper from its register.
Result<u64> run_confined(const isa::Code& code, const platform::Bindings& bindings,
                         const Confinement& confinement);

}  // namespace skep::interpret
