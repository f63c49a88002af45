#include "kernel/test_run.hpp"

#include <cerrno>
#include <limits>

#include "base/text.hpp"
#include "kernel/bpf.hpp"

namespace skep::kernel {
namespace {

using platform::ProgramType;

constexpr std::size_t kGrowthMax =
    1024;  // bytes that a program may put in front of or behind a packet

bool takes_context(ProgramType type) {
  return type == ProgramType::syscall || type == ProgramType::raw_tracepoint ||
         type == ProgramType::raw_tracepoint_writable || type == ProgramType::sk_lookup;
}

Error no_test_run(const LoadedProgram& program) {
  return {Fault::unsupported,
          format("this kernel does not run programs of type {} on given bytes",
                 platform::row(program.entry.type).name),
          "skep run --engine kernel attaches them"};
}

}  // namespace

Result<TestResult> test_run(const LoadedProgram& program, std::span<const std::byte> input,
                            u64 repeat) {
  platform::TestRun run{};
  TestResult result;
  run.program_fd = static_cast<u32>(program.descriptor.get());
  const bool has_context = takes_context(program.entry.type);
  if (has_context && repeat > 1) {
    return Error(Fault::usage,
                 format("programs of type {} run once: the kernel repeats runs on packets only",
                        platform::row(program.entry.type).name));
  }
  if (has_context) {
    // The context of a syscall program comes back where it was; with ctx_out the kernel refuses it
    // (bpf_prog_test_run_syscall in net/bpf/test_run.c).
    result.output.assign(input.begin(), input.end());
    run.ctx_in = platform::address_of(result.output.data());
    run.ctx_size_in = static_cast<u32>(result.output.size());
  } else {
    result.output.resize(input.size() + kGrowthMax);
    run.data_in = platform::address_of(input.data());
    run.data_size_in = static_cast<u32>(input.size());
    run.data_out = platform::address_of(result.output.data());
    run.data_size_out = static_cast<u32>(result.output.size());
    run.repeat = static_cast<u32>(std::min<u64>(repeat, std::numeric_limits<s32>::max()));
  }
  const s64 returned = bpf(Command::test_run, run);
  if (returned == -524 || returned == -EOPNOTSUPP) return no_test_run(program);
  TRY(done(returned, format("run program {}", program.entry.name), kBpf));
  result.return_value = run.retval;
  result.mean_ns = run.duration;
  if (!has_context)
    result.output.resize(std::min<std::size_t>(run.data_size_out, result.output.size()));
  return result;
}

}  // namespace skep::kernel
