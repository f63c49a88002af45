// skep run --engine kernel: the way of an object through the Linux kernel.
//
// Read run_in_kernel() below: open, set, load, attach, read until it ends, print. It ends at
// Ctrl-C, after -d, with the command of -c, or when all that was attached were iterators, which are
// read once. Everything is detached then, and when the process is killed, but for what --pin keeps.
#include <algorithm>
#include <chrono>

#include "cli/attaching.hpp"
#include "cli/child.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/duration.hpp"
#include "cli/interrupt.hpp"
#include "cli/kernel_loading.hpp"
#include "cli/kernel_readers.hpp"
#include "cli/loading.hpp"
#include "cli/placing.hpp"
#include "cli/run.hpp"
#include "cli/settings.hpp"
#include "kernel/symbols.hpp"
#include "platform/bpf_information.hpp"

namespace skep::cli {
namespace {

bool is_iterator(const kernel::Link& link) { return link.hook() == kernel::Hook::iterator; }

struct Until {
  u64 duration_ns = 0;  // 0: for ever
  Child* child = nullptr;
};

void read_until(const Until& until, KernelReaders& readers, Printer& printer, Output& out) {
  const u64 end = monotonic_ns() + until.duration_ns;
  while (!is_interrupted() && !out.is_closed()) {
    if (until.child != nullptr && until.child->has_ended()) break;
    auto wait = kernel::PerfBuffer::kLookEvery;
    if (until.duration_ns != 0) {
      const u64 now = monotonic_ns();
      if (now >= end) break;
      wait = std::min(wait, std::chrono::milliseconds((end - now + 999'999) / 1'000'000));
    }
    readers.wait(wait);
    readers.drain(printer);
    (void)out.flush();
  }
  readers.drain(printer);
}

u64 runs_skipped(const kernel::App& app) {
  u64 sum = 0;
  for (const kernel::LoadedProgram& each : app.programs()) {
    const auto known = kernel::info<platform::ProgramInformation>(each.descriptor);
    if (known.ok()) sum += known->recursion_misses;
  }
  return sum;
}

}  // namespace

Result<int> run_in_kernel(object::Object object, const Arguments& arguments, Output& out) {
  TRY(check_no_budget(arguments));
  const u64 rows_max = TRY(arguments.number(Flag::limit, 0, out.is_json() ? 0 : kRowsInText));
  const u64 duration = TRY(duration_ns(arguments, Flag::duration, 0));
  kernel::Place place = TRY(place_of(arguments));
  std::optional<Child> child;
  if (const auto command = arguments.text(Flag::command)) {
    child.emplace(TRY(Child::prepare(*command)));
    if (!place.pid) place.pid = static_cast<u32>(child->pid());
  }
  catch_interrupts();
  TRY(kernel::find_symbols(object));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  kernel::App app =
      TRY(load_into_kernel(object, arguments, types, arguments.text(Flag::program)));  // load
  TRY(set_map_entries(app.views(), object, arguments));
  KernelReaders readers = TRY(KernelReaders::open(app));
  auto attached = TRY(attach_all(app, arguments, place, out).within(object.name()));  // attach
  if (const auto folder = arguments.text(Flag::pin)) {
    TRY(pin_all(app, attached, *folder, out));
    if (duration == 0 && !child) return 0;
  }
  if (child) child->start();
  for (const RecordedLink& each : attached) {
    if (is_iterator(each.link)) TRY(read_iterator(each.link, out));
  }
  Printer printer(object.types(), out, rows_max);
  if (!std::ranges::all_of(attached, is_iterator, &RecordedLink::link)) {
    read_until({duration, child ? &*child : nullptr}, readers, printer, out);  // read
  }
  const u64 skipped = runs_skipped(app);
  attached.clear();
  readers.drain(printer);
  for (const maps::View* each : app.views()) printer.map(*each);  // print
  printer.losses({.perf_events = readers.lost(), .skipped = skipped});
  return 0;
}

}  // namespace skep::cli
