#include "kernel/test_run.hpp"

#include <array>
#include <cerrno>
#include <limits>

#include "base/text.hpp"
#include "kernel/bpf.hpp"

namespace skep::kernel {
namespace {

using platform::ProgramType;

constexpr std::size_t kGrowthMax =
    1024;  // bytes that a program may put in front of or behind a packet
constexpr std::size_t kContextBytesMax = 256;  // of a packet: struct __sk_buff, and room

Error no_test_run(const LoadedProgram& program) {
  return {Fault::unsupported,
          format("this kernel does not run programs of type {} on given bytes",
                 platform::row(program.entry.type).name),
          "skep run --engine kernel attaches them"};
}

Result<void> check_input(const LoadedProgram& program, const TestInput& input) {
  const ProgramType type = program.entry.type;
  if (!takes_context_alone(type)) return {};
  if (!input.packet.empty()) {
    return Error(Fault::usage, format("programs of type {} take a context and no packet",
                                      platform::row(type).name));
  }
  if (input.repeat > 1) {
    return Error(Fault::usage,
                 format("programs of type {} run once: the kernel repeats runs on packets only",
                        platform::row(type).name));
  }
  return {};
}

// The context of a program that runs on it alone comes back where it was; with ctx_out the kernel
// refuses it (bpf_prog_test_run_syscall in net/bpf/test_run.c).
void give_context(platform::TestRun& run, std::vector<std::byte>& context) {
  run.ctx_in = platform::address_of(context.data());
  run.ctx_size_in = static_cast<u32>(context.size());
}

// That of a packet, which may be cut short, comes back whole.
void give_packet_context(platform::TestRun& run, std::span<const std::byte> given,
                         std::vector<std::byte>& context) {
  context.resize(kContextBytesMax);
  run.ctx_in = platform::address_of(given.data());
  run.ctx_size_in = static_cast<u32>(given.size());
  run.ctx_out = platform::address_of(context.data());
  run.ctx_size_out = static_cast<u32>(context.size());
}

// Flow dissectors are given flow keys instead.
bool is_skb(ProgramType type) {
  return platform::row(type).context_name == "struct __sk_buff" &&
         type != ProgramType::flow_dissector;
}

// A packet without one has wire_len 0 in the kernel, which no packet of a device has; with zeroes,
// its length (convert___skb_to_skb).
void give_no_context(platform::TestRun& run) {
  static constexpr std::array<std::byte, 8> kZeroes{};
  run.ctx_in = platform::address_of(kZeroes.data());
  run.ctx_size_in = kZeroes.size();
}

void give_packet(platform::TestRun& run, const TestInput& input, std::vector<std::byte>& packet) {
  packet.resize(input.packet.size() + kGrowthMax);
  run.data_in = platform::address_of(input.packet.data());
  run.data_size_in = static_cast<u32>(input.packet.size());
  run.data_out = platform::address_of(packet.data());
  run.data_size_out = static_cast<u32>(packet.size());
  run.repeat = static_cast<u32>(std::min<u64>(input.repeat, std::numeric_limits<s32>::max()));
}

// EINVAL says nothing, and most often it is the context's size.
Error with_advice(Error error, const LoadedProgram& program, s64 answer) {
  if (answer != -EINVAL || program.entry.type != ProgramType::syscall) return error;
  error.hint =
      "the context may be shorter than what the program touches; it has at most 65535 bytes";
  return error;
}

}  // namespace

bool takes_context_alone(ProgramType type) {
  return type == ProgramType::syscall || type == ProgramType::raw_tracepoint ||
         type == ProgramType::raw_tracepoint_writable || type == ProgramType::sk_lookup;
}

Result<TestResult> test_run(const LoadedProgram& program, const TestInput& input) {
  TRY(check_input(program, input));
  platform::TestRun run{};
  TestResult result;
  run.program_fd = static_cast<u32>(program.descriptor.get());
  const bool alone = takes_context_alone(program.entry.type);
  if (alone) {
    const auto given = input.context.value_or(std::span<const std::byte>());
    result.context.assign(given.begin(), given.end());
    give_context(run, result.context);
  } else {
    give_packet(run, input, result.packet);
    if (input.context)
      give_packet_context(run, *input.context, result.context);
    else if (is_skb(program.entry.type))
      give_no_context(run);
  }
  const s64 returned = bpf(Command::test_run, run);
  if (returned == -524 || returned == -EOPNOTSUPP) return no_test_run(program);
  if (auto ran = done(returned, format("run program {}", program.entry.name), kBpf); !ran.ok())
    return with_advice(std::move(ran).error(), program, returned);
  result.return_value = run.retval;
  result.mean_ns = run.duration;
  if (alone) return result;
  result.packet.resize(std::min<std::size_t>(run.data_size_out, result.packet.size()));
  result.context.resize(std::min<std::size_t>(run.ctx_size_out, result.context.size()));
  return result;
}

}  // namespace skep::kernel
