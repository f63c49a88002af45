// Runs a program in the kernel on given bytes: BPF_PROG_TEST_RUN.
//
// Programs on packets get the packet, and with it a structure that tells of it if there is one;
// those of type syscall, raw tracepoint and sk_lookup get a context. Types that the kernel does not
// run this way are Fault::unsupported. Source: Documentation/bpf/bpf_prog_run.rst.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "kernel/app.hpp"

namespace skep::kernel {

struct TestInput {
  std::span<const std::byte> packet{};                  // data_in
  std::optional<std::span<const std::byte>> context{};  // ctx_in
  u64 repeat = 1;                                       // for packets only: the others run once
};

struct TestResult {
  u32 return_value = 0;
  u32 mean_ns = 0;                   // of a run; 0 where the kernel does not measure
  std::vector<std::byte> packet{};   // as the program left it
  std::vector<std::byte> context{};  // the same; when one was given
};

// Whether such programs run on a context alone.
bool takes_context_alone(platform::ProgramType type);

Result<TestResult> test_run(const LoadedProgram& program, const TestInput& input);

}  // namespace skep::kernel
