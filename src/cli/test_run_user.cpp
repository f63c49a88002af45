// skep test-run in user space.
//
// With --repeat every run gets the packet and the context as they were given, where the kernel
// gives a run what the one before left: so a program that edits packets is measured doing the same
// each time. They are prepared in batches and only the runs are timed; what is printed is the mean.
#include <array>
#include <chrono>

#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/loading.hpp"
#include "cli/settings.hpp"
#include "cli/test_run.hpp"
#include "object/user_engine.hpp"
#include "runtime/packet_context.hpp"

namespace skep::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr u32 kBatch = 32;

struct Tester {
  runtime::App& app;
  const runtime::LoadedProgram& program;
  platform::ProgramType type;
  const TestInput& input;
};

Result<void> prepare(const Tester& of, runtime::Packet& packet) {
  if (of.input.context) return set_up(packet, of.type, of.input.packet, *of.input.context);
  packet.reset(of.type, of.input.packet, {});
  return {};
}

void take(const Tester& of, const runtime::Packet& packet, Tested& measured) {
  const auto bytes = runtime::bytes_after(packet);
  measured.packet.assign(bytes.begin(), bytes.end());
  if (of.input.context) measured.context = runtime::context_after(packet, *of.input.context);
}

Result<Tested> on_packets(const Tester& of) {
  auto arena = TRY(runtime::PacketArena::create(kBatch));
  std::array<u32, kBatch> verdicts;
  Tested measured{.engine = "user"};
  std::chrono::nanoseconds elapsed{};
  for (u64 done = 0; done < of.input.repeat;) {
    const u64 count = std::min<u64>(kBatch, of.input.repeat - done);
    for (u64 at = 0; at < count; ++at) TRY(prepare(of, arena[at]));
    const auto begin = Clock::now();
    TRY(of.app.run_batch(of.program, arena.packets().first(count),
                         std::span(verdicts).first(count)));
    elapsed += Clock::now() - begin;
    measured.r0 = verdicts[count - 1];
    done += count;
    if (done == of.input.repeat) take(of, arena[count - 1], measured);
  }
  measured.nanoseconds =
      static_cast<double>(elapsed.count()) / static_cast<double>(of.input.repeat);
  return measured;
}

Result<Tested> on_context(const Tester& of) {
  std::array<std::vector<std::byte>, kBatch> contexts;
  Tested measured{.engine = "user"};
  std::chrono::nanoseconds elapsed{};
  for (u64 done = 0; done < of.input.repeat;) {
    const u64 count = std::min<u64>(kBatch, of.input.repeat - done);
    for (u64 at = 0; at < count; ++at) contexts[at] = *of.input.context;
    const auto begin = Clock::now();
    for (u64 at = 0; at < count; ++at)
      measured.r0 = static_cast<u32>(TRY(of.app.run(of.program, contexts[at])));
    elapsed += Clock::now() - begin;
    done += count;
    if (done == of.input.repeat) measured.context = std::move(contexts[count - 1]);
  }
  measured.nanoseconds =
      static_cast<double>(elapsed.count()) / static_cast<double>(of.input.repeat);
  return measured;
}

}  // namespace

Result<Tested> test_in_user_space(const object::Object& object, const object::ProgramEntry& entry,
                                  const TestInput& input, const Arguments& arguments, Output& out) {
  TRY(object::check_runs_in_user_engine(entry).within(object.name()));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  const auto program = TRY(object.program(entry.name, types.link()));
  auto verified = TRY(prove(program, out));
  const auto environment = environment_of(arguments);
  auto app = TRY(runtime::App::create(program->maps, *environment, TRY(rules_of(arguments)))
                     .within(object.name()));
  const auto* loaded = TRY(app.load(std::move(verified), tier_of(arguments)));
  TRY(load_targets(app, object, {entry.name, types.link()}, tier_of(arguments), out));
  TRY(set_map_entries(maps_of(app), object, arguments));
  const Tester tester{app, *loaded, entry.type, input};
  return object::takes_packets(entry.type) ? on_packets(tester) : on_context(tester);
}

}  // namespace skep::cli
