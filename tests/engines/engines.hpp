// Every way to run a program, side by side.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "builder.hpp"
#include "interpret/binder.hpp"
#include "jit/compile.hpp"
#include "threaded/threaded.hpp"

namespace skep::engines {

// What can be seen of a run: r0 or the words of the fault, and the memory afterwards.
struct Outcome {
  std::string result;
  std::vector<u8> memory;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline std::string show(const Result<u64>& result) {
  return result ? format("0x{:x}", *result) : result.error().message;
}

using Confined = Result<u64> (*)(const Code&, const platform::Bindings&,
                                 const interpret::Confinement&);

// Both engines see the same addresses: one stack, and one buffer that is filled anew.
inline Outcome run_confined(Confined engine, const Code& code, const std::vector<u8>& memory,
                            u64 fuel = 1'000'000, const platform::Bindings& bindings = {}) {
  alignas(16) static std::byte stack[interpret::kConfinedStackBytes];
  static std::vector<u8> shared;
  shared = memory;
  const auto result =
      engine(code, bindings,
             {.memory = std::as_writable_bytes(std::span(shared)), .fuel = fuel, .stack = stack});
  return {show(result), shared};
}

// Runs on both engines, expects the same, and gives it.
inline Outcome run_both(const Code& code, const std::vector<u8>& memory = {}, u64 fuel = 1'000'000,
                        const platform::Bindings& bindings = {}) {
  const Outcome want = run_confined(interpret::run_confined, code, memory, fuel, bindings);
  const Outcome got = run_confined(jit::run_confined, code, memory, fuel, bindings);
  EXPECT_EQ(got.result, want.result) << "JIT and interpreter disagree";
  EXPECT_EQ(got.memory, want.memory) << "JIT and interpreter leave different memory";
  return want;
}

// Of code that nobody verified: any byte of it may be reached through any pointer.
inline verify::FrameUse any_frame(u32 stack_bytes) {
  return {stack_bytes, {}, {-static_cast<s32>(stack_bytes), stack_bytes}};
}

// Where functions begin: the first instruction, and the targets of local calls. All use their
// frames alike.
inline std::vector<jit::SourceFunction> functions_of(const Code& code,
                                                     const verify::FrameUse& frame) {
  std::vector<bool> begins(code.size());
  begins[0] = true;
  for (const Instruction& i : code) {
    if (is_local_call(i)) begins[i.target.value()] = true;
  }
  std::vector<jit::SourceFunction> out;
  for (u32 at = 0; at < code.size(); ++at) {
    if (begins[at]) out.push_back({format("f{}", at), at, at, frame});
    out.back().end = at + 1;
  }
  return out;
}
inline std::vector<jit::SourceFunction> functions_of(const Code& code, u32 stack_bytes) {
  return functions_of(code, any_frame(stack_bytes));
}

// What a verifier would say of where accesses are: of the frame, and at another register.
inline std::vector<verify::Fact> facts_of(const Code& code, u8 base, verify::Region region) {
  std::vector<verify::Fact> out(code.size());
  for (u32 at = 0; at < code.size(); ++at) {
    const bool loads = code[at].form == Form::load || code[at].form == Form::load_signed;
    if (!loads && code[at].form != Form::store) continue;
    const u8 accessed = loads ? code[at].src : code[at].dst;
    if (accessed == kFramePointer) out[at].region = verify::Region::stack;
    if (accessed == base) out[at].region = region;
  }
  return out;
}

// A program as if it were proved. The test vouches for it.
inline jit::Source vouched(const Code& code, std::span<const verify::Fact> facts = {},
                           const verify::FrameUse& frame = any_frame(kStackBytes)) {
  jit::Source source;
  source.name = "test";
  source.code = code;
  source.functions = functions_of(code, frame);
  source.facts = facts;
  return source;
}

// Code for what this processor has, or for what all have.
enum class Features : u8 { present, baseline };

inline jit::Compiled compile(const Code& code, const platform::Bindings& bindings = {},
                             Features features = Features::present,
                             std::span<const verify::Fact> facts = {}) {
  auto machine = jit::this_machine().value();
  if (features == Features::baseline) machine = machine.baseline();
  return jit::Compiler::compile(vouched(code, facts), bindings, machine).value();
}

inline threaded::Image thread(const Code& code, const platform::Bindings& bindings = {},
                              std::span<const verify::Fact> facts = {}) {
  return threaded::Image::bind(vouched(code, facts), bindings);
}

// The reference, straight from the tables, of a program that needs no bounds.
class Reference {
 public:
  explicit Reference(const Code& code, const platform::Bindings& bindings = {})
      : image_(interpret::Binder::bind(code, bindings)) {}

  u64 run(void* context, void* execution) const {
    AllMemory memory;
    return interpret::run_checked(image_, context, execution, memory, 1'000'000'000).value();
  }
  const interpret::Image* image() const { return &image_; }

 private:
  class AllMemory final : public interpret::Memory {
   public:
    bool allows(u64, u32, interpret::Touch) override { return true; }
  };
  interpret::Image image_;
};

}  // namespace skep::engines
