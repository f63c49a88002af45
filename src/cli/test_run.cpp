// skep test-run: one program on one packet or context, as `bpftool prog run` (BPF_PROG_TEST_RUN).
//
// What is given and what comes back are files: --data-in and --data-out are the packet, --ctx-in
// and --ctx-out its context (struct xdp_md, __sk_buff), or that of a program that takes no packet.
#include "cli/test_run.hpp"

#include "base/json.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/hex.hpp"
#include "cli/loading.hpp"
#include "cli/printer.hpp"
#include "cli/settings.hpp"
#include "kernel/privileges.hpp"
#include "kernel/test_run.hpp"
#include "runtime/packet_context.hpp"

namespace skep::cli {
namespace {

using platform::ProgramType;
using Buffer = std::vector<std::byte>;

constexpr u64 kDefaultBytes = 60;   // the shortest Ethernet frame
constexpr u64 kShortestBytes = 14;  // an Ethernet header, as the kernel asks for
constexpr u64 kDefaultContextBytes = 4096;
constexpr u64 kContextBytesMax = 0xffff;  // U16_MAX in bpf_prog_test_run_syscall

Result<Buffer> read_bytes(std::string_view path, u64 bytes_max) {
  const std::string text = TRY(read_input(std::string(path), bytes_max));
  const auto bytes = std::as_bytes(std::span(text));
  return Buffer(bytes.begin(), bytes.end());
}

Result<Buffer> read_packet(const Arguments& arguments) {
  const auto path = arguments.text(Flag::data_in);
  if (!path) return Buffer(kDefaultBytes);
  Buffer packet = TRY(read_bytes(*path, runtime::Packet::kLengthMax));
  if (packet.size() >= kShortestBytes) return packet;
  return Error(Fault::malformed,
               format("{}: {} are too short for a packet", *path, counted(packet.size(), "byte")),
               format("a packet begins with an Ethernet header of {} bytes", kShortestBytes));
}

// What makes no sense with a program of this type.
Result<void> check_flags(const Arguments& arguments, ProgramType type) {
  const std::string_view name = platform::row(type).name;
  if (!kernel::takes_context_alone(type)) return {};
  for (const auto& [flag, words] :
       {std::pair{Flag::data_in, "--data-in"}, {Flag::data_out, "--data-out"}}) {
    if (!arguments.has(flag)) continue;
    return Error(Fault::usage, format("{}: programs of type {} take no packet", words, name),
                 "--ctx-in and --ctx-out are their context");
  }
  if (type == ProgramType::syscall || !arguments.has(Flag::ctx_out)) return {};
  return Error(Fault::usage,
               format("--ctx-out: the kernel gives no context back of programs of type {}", name),
               "leave it out");
}

Result<TestInput> read_inputs(const Arguments& arguments, ProgramType type) {
  TRY(check_flags(arguments, type));
  TestInput input{.repeat = TRY(arguments.number(Flag::repeat, 1, 1))};
  const bool alone = kernel::takes_context_alone(type);
  const auto context = arguments.text(Flag::ctx_in);
  if (context && context == arguments.text(Flag::data_in) && *context == "-")
    return Error(Fault::usage, "--data-in and --ctx-in are both standard input",
                 "give one of them a file");
  if (!alone) input.packet = TRY(read_packet(arguments));
  if (context) {
    input.context = TRY(read_bytes(*context, kContextBytesMax));
  } else if (type == ProgramType::syscall) {
    input.context = Buffer(kDefaultContextBytes);
  } else if (!alone && arguments.has(Flag::ctx_out)) {
    input.context = runtime::plain_context(type, input.packet.size());
  }
  return input;
}

std::string result_json(const object::ProgramEntry& entry, const Tested& measured) {
  JsonWriter json;
  json.begin_object().member("program", entry.name).member("engine", measured.engine);
  json.member("retval", measured.r0);
  json.key("duration_ns").rounded(measured.nanoseconds, 1);
  const bool alone = kernel::takes_context_alone(entry.type);
  if (!alone) json.member("data_out_bytes", measured.packet.size());
  if (alone || !measured.context.empty()) json.member("ctx_out_bytes", measured.context.size());
  json.end_object();
  return json.take() + "\n";
}

std::string result_text(ProgramType type, const Tested& measured, u64 repeat) {
  std::string name;
  for (const platform::Verdict& each : platform::row(type).verdicts) {
    if (each.value == hooks::verdict_of(type, measured.r0)) name = format(" ({})", each.name);
  }
  const std::string size = kernel::takes_context_alone(type)
                               ? format("a context of {}", counted(measured.context.size(), "byte"))
                               : format("{} out", counted(measured.packet.size(), "byte"));
  return format("return value {}{}, {}, {} ns a run{}\n", measured.r0, name, size,
                measured.nanoseconds, repeat > 1 ? format(" (mean of {})", repeat) : "");
}

Result<void> write_outputs(const Arguments& arguments, const Tested& tested) {
  if (const auto target = arguments.text(Flag::data_out)) TRY(write_file(*target, tested.packet));
  if (const auto target = arguments.text(Flag::ctx_out)) TRY(write_file(*target, tested.context));
  return {};
}

// --engine auto: the kernel where bpf(2) may be used, else user space.
bool is_for_kernel(const Arguments& arguments) {
  const std::string engine = arguments.text(Flag::engine).value_or("user");
  return engine == "kernel" ||
         (engine == "auto" && kernel::missing(kernel::kBpf | kernel::kNetAdmin).empty());
}

}  // namespace

Result<int> test_run(const Arguments& arguments, Output& out) {
  TRY(arguments.number(Flag::repeat, 1, 1));
  auto object = TRY(open_object(arguments, Externs::kernel, out));
  TRY(set_globals(object, arguments));
  const object::ProgramEntry entry = TRY(choose_program(object, arguments, out));
  const TestInput input = TRY(read_inputs(arguments, entry.type));
  const auto test = is_for_kernel(arguments) ? test_in_kernel : test_in_user_space;
  const Tested tested = TRY(test(object, entry, input, arguments, out));
  TRY(write_outputs(arguments, tested));
  out.write(out.is_json() ? result_json(entry, tested)
                          : result_text(entry.type, tested, input.repeat));
  return 0;
}

}  // namespace skep::cli
