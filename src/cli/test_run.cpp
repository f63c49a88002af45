// skep test-run: one program on one packet, as `bpftool prog run` (BPF_PROG_TEST_RUN).
//
// With --repeat every run gets the packet as it was given, where the kernel gives a run what the
// one before left: so a program that edits packets is measured doing the same each time. Packets
// are prepared in batches and only the runs are timed; what is printed is the mean.
#include "cli/test_run.hpp"

#include <array>
#include <chrono>

#include "base/json.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/hex.hpp"
#include "cli/loading.hpp"
#include "cli/printer.hpp"
#include "cli/settings.hpp"
#include "kernel/privileges.hpp"
#include "object/user_engine.hpp"
#include "runtime/packet.hpp"

namespace skep::cli {
namespace {

constexpr u32 kBatch = 32;
constexpr u64 kDefaultBytes = 60;   // the shortest Ethernet frame
constexpr u64 kShortestBytes = 14;  // an Ethernet header, as the kernel asks for

Result<std::string> read_packet(const Arguments& arguments) {
  const auto path = arguments.text(Flag::data_in);
  if (!path) return std::string(kDefaultBytes, '\0');
  std::string packet = TRY(read_input(*path, runtime::Packet::kLengthMax));
  if (packet.size() >= kShortestBytes) return packet;
  return Error(Fault::malformed,
               format("{}: {} are too short for a packet", *path, counted(packet.size(), "byte")),
               format("a packet begins with an Ethernet header of {} bytes", kShortestBytes));
}

Result<Tested> measure(runtime::App& app, const runtime::LoadedProgram& program,
                       platform::ProgramType type, std::span<const std::byte> packet, u64 repeat) {
  using Clock = std::chrono::steady_clock;
  auto arena = TRY(runtime::PacketArena::create(kBatch));
  std::array<u32, kBatch> verdicts;
  Tested measured{.engine = "user"};
  std::chrono::nanoseconds elapsed{};
  for (u64 done = 0; done < repeat;) {
    const u64 count = std::min<u64>(kBatch, repeat - done);
    for (u64 at = 0; at < count; ++at) arena[at].reset(type, packet, {});
    const auto begin = Clock::now();
    TRY(app.run_batch(program, arena.packets().first(count), std::span(verdicts).first(count)));
    elapsed += Clock::now() - begin;
    measured.r0 = verdicts[count - 1];
    done += count;
    const auto last = arena[count - 1].bytes();
    if (done == repeat) measured.packet.assign(last.begin(), last.end());
  }
  measured.nanoseconds = static_cast<double>(elapsed.count()) / static_cast<double>(repeat);
  return measured;
}

std::string result_json(const std::string& program, const Tested& measured) {
  JsonWriter json;
  json.begin_object().member("program", program).member("engine", measured.engine);
  json.member("retval", measured.r0);
  json.key("duration_ns").rounded(measured.nanoseconds, 1);
  json.member("data_out_bytes", measured.packet.size()).end_object();
  return json.take() + "\n";
}

std::string result_text(platform::ProgramType type, const Tested& measured, u64 repeat) {
  std::string name;
  for (const platform::Verdict& each : platform::row(type).verdicts) {
    if (each.value == hooks::verdict_of(type, measured.r0)) name = format(" ({})", each.name);
  }
  return format("return value {}{}, {} out, {} ns a run{}\n", measured.r0, name,
                counted(measured.packet.size(), "byte"), measured.nanoseconds,
                repeat > 1 ? format(" (mean of {})", repeat) : "");
}

Result<Tested> test_in_user_space(const object::Object& object, const object::ProgramEntry& entry,
                                  std::span<const std::byte> packet, const Arguments& arguments,
                                  Output& out) {
  const u64 repeat = TRY(arguments.number(Flag::repeat, 1, 1));
  TRY(object::check_runs_in_user_engine(entry).within(object.name()));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  const auto program = TRY(object.program(entry.name, types.link()));
  auto verified = TRY(prove(program, out));
  const auto environment = environment_of(arguments);
  auto app = TRY(runtime::App::create(program->maps, *environment, platform::Sharing::nobody)
                     .within(object.name()));
  const auto* compiled = TRY(app.load(std::move(verified), tier_of(arguments)));
  TRY(load_targets(app, object, {entry.name, types.link()}, tier_of(arguments), out));
  TRY(set_map_entries(maps_of(app), object, arguments));
  return measure(app, *compiled, entry.type, packet, repeat);
}

// --engine auto: the kernel where bpf(2) may be used, else user space.
bool is_for_kernel(const Arguments& arguments) {
  const std::string engine = arguments.text(Flag::engine).value_or("user");
  return engine == "kernel" ||
         (engine == "auto" && kernel::missing(kernel::kBpf | kernel::kNetAdmin).empty());
}

}  // namespace

Result<int> test_run(const Arguments& arguments, Output& out) {
  const u64 repeat = TRY(arguments.number(Flag::repeat, 1, 1));
  const std::string packet = TRY(read_packet(arguments));
  auto object = TRY(open_object(arguments, Externs::kernel, out));
  TRY(set_globals(object, arguments));
  const object::ProgramEntry entry = TRY(choose_program(object, arguments, out));
  const auto bytes = std::as_bytes(std::span(packet.data(), packet.size()));
  const Tested tested =
      TRY(is_for_kernel(arguments) ? test_in_kernel(object, entry, bytes, arguments, out)
                                   : test_in_user_space(object, entry, bytes, arguments, out));
  if (const auto target = arguments.text(Flag::data_out)) TRY(write_file(*target, tested.packet));
  out.write(out.is_json() ? result_json(entry.name, tested)
                          : result_text(entry.type, tested, repeat));
  return 0;
}

}  // namespace skep::cli
