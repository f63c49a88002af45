// skep run: the whole way of a program, from its object to what it found.
//
// run() chooses the engine; run_kernel.cpp is the way through the kernel. Read run_on_packets()
// below as the pipeline of user space itself: choose, relocate, verify, make maps, compile, feed,
// print. A capture that is cut, or an output that cannot be written, ends the feeding; what was
// found until then is printed first and the error after it.
#include "cli/run.hpp"

#include <chrono>
#include <optional>

#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/engine_choice.hpp"
#include "cli/interrupt.hpp"
#include "cli/loading.hpp"
#include "cli/printer.hpp"
#include "cli/settings.hpp"
#include "events/contents.hpp"
#include "hooks/packets/feed.hpp"
#include "object/user_engine.hpp"

namespace skep::cli {
namespace {

// Shows how far a long run is, a few times a second.
class Progress {
 public:
  explicit Progress(Output& out) : out_(out) {}

  void at(u64 packets) {
    const auto now = Clock::now();
    if (now - shown_ < std::chrono::milliseconds(250)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - begin_).count();
    out_.progress(format("{} packets, {} a second", grouped(packets),
                         grouped(static_cast<u64>(static_cast<double>(packets) / seconds))));
  }
  u64 elapsed_us() const {
    return static_cast<u64>((Clock::now() - begin_) / std::chrono::microseconds(1));
  }

 private:
  using Clock = std::chrono::steady_clock;
  Output& out_;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point shown_ = begin_;
};

Result<std::string> capture_path(const Arguments& arguments) {
  if (const auto path = arguments.text(Flag::pcap)) return *path;
  return Error(Fault::usage, "there are no packets to run on",
               "name a capture: skep run OBJECT --pcap FILE");
}

Result<hooks::CaptureReader> open_capture(const std::string& path, Output& out) {
  hooks::CaptureReader capture = TRY(hooks::CaptureReader::open(path));
  if (capture.framing() == hooks::Framing::raw_ip)
    out.note(format("{} has raw IP packets: each gets an Ethernet header with zero addresses",
                    capture.path()));
  return capture;
}

Result<std::optional<hooks::CaptureWriter>> open_writer(const Arguments& arguments) {
  const auto path = arguments.text(Flag::write);
  if (!path) return std::optional<hooks::CaptureWriter>();
  return std::optional(TRY(hooks::CaptureWriter::create(*path)));
}

bool is_ring(const maps::Map& map) { return map.spec().kind == platform::MapKind::ringbuf; }

void drain_rings(runtime::App& app, const btf::Types& types, Printer& printer) {
  for (maps::Map& map : app.maps()) {
    if (!is_ring(map)) continue;
    const btf::TypeId type = events::record_type(map.spec(), types);
    map.drain(
        [&](std::span<const std::byte> bytes) { printer.record(map.spec().name, type, bytes); });
  }
}

Losses losses_of(runtime::App& app) {
  u64 ring_events = 0, map_full = 0;
  for (const maps::Map& map : app.maps()) (is_ring(map) ? ring_events : map_full) += map.lost();
  return {.ring_events = ring_events, .map_full = map_full, .skipped = app.skipped()};
}

// Ends a run whose capture or output failed, after its results are printed.
Result<int> ending(hooks::RunSummary summary, std::optional<hooks::CaptureWriter>& writer) {
  if (summary.cut_short) return std::move(*summary.cut_short);
  if (writer) TRY(writer->finish());
  return 0;
}

}  // namespace

Result<int> run(const Arguments& arguments, Output& out) {
  TRY(arguments.number(Flag::repeat, 1,
                       1));  // what is wrong with the words is said before files are read
  TRY(arguments.number(Flag::limit, 0, 0));
  auto object = TRY(open_object(arguments, Externs::kernel, out));  // open
  TRY(set_globals(object, arguments));                              // set
  switch (TRY(choose_engine(object, arguments))) {
    case kernel::EngineKind::user: return run_on_packets(std::move(object), arguments, out);
    case kernel::EngineKind::kernel: return run_in_kernel(std::move(object), arguments, out);
    case kernel::EngineKind::count_: break;
  }
  return 0;
}

Result<int> run_on_packets(object::Object object, const Arguments& arguments, Output& out) {
  const u64 repeat = TRY(arguments.number(Flag::repeat, 1, 1));
  const u64 rows_max = TRY(arguments.number(Flag::limit, 0, out.is_json() ? 0 : kRowsInText));
  const std::string capture_name = TRY(capture_path(arguments));
  const runtime::Tier tier = tier_of(arguments);

  const object::ProgramEntry entry = TRY(choose_program(object, arguments, out));
  TRY(object::check_takes_packets(entry).within(object.name()));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  auto program = TRY(object.program(entry.name, types.link()));  // relocate
  auto verified = TRY(prove(program, out));                      // verify
  const auto environment = environment_of(arguments);
  auto app = TRY(runtime::App::create(program->maps, *environment, TRY(rules_of(arguments)))
                     .within(object.name()));                       // make maps
  const auto* compiled = TRY(app.load(std::move(verified), tier));  // compile
  TRY(load_targets(app, object, {entry.name, types.link()}, tier, out));
  TRY(set_map_entries(maps_of(app), object, arguments));
  auto capture = TRY(open_capture(capture_name, out));
  auto writer = TRY(open_writer(arguments));

  Printer printer(object.types(), out, rows_max);
  environment->trace = [&](std::string_view line) { printer.trace_line(line); };
  Progress progress(out);
  catch_interrupts();
  auto summary = TRY(hooks::feed(app, *environment, capture,  // feed
                                 {.program = *compiled,
                                  .type = entry.type,
                                  .repeat = repeat,
                                  .writer = writer ? &*writer : nullptr,
                                  .after_batch = [&](u64 packets) {
                                    drain_rings(app, object.types(), printer);
                                    if (out.is_terminal()) (void)out.flush();
                                    progress.at(packets);
                                    return is_interrupted() || out.is_closed()
                                               ? hooks::Continue::no
                                               : hooks::Continue::yes;
                                  }}));
  const u64 elapsed_us = progress.elapsed_us();
  for (const maps::Map& map : app.maps()) printer.map(map);  // print
  printer.verdicts(entry.name, summary);
  printer.losses(losses_of(app));
  if (out.volume() == Volume::verbose)
    out.note(format("{} packets in {} us", summary.packets, elapsed_us));
  return ending(std::move(summary), writer);
}

}  // namespace skep::cli
