// Runs a program in the kernel on given bytes: BPF_PROG_TEST_RUN.
//
// For programs on packets the bytes are the packet, for syscall and raw tracepoint programs the
// context. Types that the kernel does not run this way are Fault::unsupported. Source:
// Documentation/bpf/bpf_prog_run.rst.
#pragma once

#include <span>
#include <vector>

#include "kernel/app.hpp"

namespace skep::kernel {

struct TestResult {
  u32 return_value = 0;
  u32 mean_ns = 0;                  // of a run; 0 where the kernel does not measure
  std::vector<std::byte> output{};  // the packet or the context as the program left it
};

// `repeat` is for packets only: the others run once.
Result<TestResult> test_run(const LoadedProgram& program, std::span<const std::byte> input,
                            u64 repeat = 1);

}  // namespace skep::kernel
