// skep run --engine kernel: the way of an object through the Linux kernel.
//
// Read run_in_kernel() below: open, set, load, attach, read until it ends, print. It ends at
// Ctrl-C, after -d, with the command of -c, or when all that was attached were iterators, which are
// read once. Everything is detached then, and when the process is killed, but for what --pin keeps.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/child.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/duration.hpp"
#include "cli/interrupt.hpp"
#include "cli/loading.hpp"
#include "cli/owned_links.hpp"
#include "cli/placing.hpp"
#include "cli/printer.hpp"
#include "cli/run.hpp"
#include "cli/settings.hpp"
#include "events/contents.hpp"
#include "kernel/attach.hpp"
#include "kernel/perf_buffer.hpp"
#include "kernel/ring.hpp"
#include "platform/bpf_information.hpp"

namespace skep::cli {
namespace {

// ---- attach ----

// Others run when they are called: by test-run, by a tail call, or by their structure of
// operations.
bool is_attached_by_itself(const object::Object& object, const object::ProgramEntry& program,
                           const Arguments& arguments) {
  const kernel::Hook hook = kernel::hook_of(program);
  if (hook == kernel::Hook::none || hook == kernel::Hook::operations) return false;
  const auto targets = tail_call_targets(object);
  return std::ranges::find(targets, program.name) == targets.end() ||
         arguments.text(Flag::program) == program.name;
}

Result<std::vector<kernel::Link>> attach_all(const kernel::App& app, const Arguments& arguments,
                                             const kernel::Place& everywhere, Output& out) {
  std::vector<kernel::Link> links;
  for (const kernel::LoadedProgram& each : app.programs()) {
    if (!is_attached_by_itself(app.object(), each.entry, arguments)) continue;
    const kernel::Place place =
        TRY(place_for(arguments, everywhere, app.object(), each.entry.name));
    links.push_back(TRY(kernel::attach(app, each, place)));
  }
  for (std::size_t number = 0; number < app.operations().size(); ++number) {
    links.push_back(TRY(kernel::attach_operations(app, number)));
  }
  for (const kernel::Link& each : links) {
    out.note(format("attached {} to {} {}", each.program(), kernel::row(each.hook()).name,
                    each.where()));
  }
  if (!links.empty()) return links;
  return Error(Fault::usage,
               format("{} has no program that is attached to something", app.object().name()),
               "skep test-run --engine kernel runs programs that are called");
}

Result<void> pin_all(const kernel::App& app, std::vector<kernel::Link>& links,
                     const std::string& folder, Output& out) {
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return system_error("make", folder, errno);
  std::vector<std::string> paths;
  const auto pin_each = [&]() -> Result<void> {
    for (kernel::Link& each : links) {
      for (std::string& path : TRY(each.pin(folder))) paths.push_back(std::move(path));
    }
    for (const kernel::LoadedMap& each : app.maps()) {
      if (each.spec().is_globals || each.was_there) continue;
      std::string path = format("{}/map_{}", folder, each.spec().name);
      TRY(kernel::pin(each.fd(), path));
      paths.push_back(std::move(path));
    }
    return {};
  };
  auto pinned = pin_each();
  if (!pinned.ok()) {
    for (const std::string& each : paths) ::unlink(each.c_str());
    return pinned;
  }
  for (const std::string& each : paths) out.note(format("pinned {}", each));
  return {};
}

// ---- read ----

// All rings and perf buffers of an app.
class Readers {
 public:
  static Result<Readers> open(const kernel::App& app) {
    Readers out;
    for (const kernel::LoadedMap& each : app.maps()) {
      const platform::MapSpec& spec = each.spec();
      const btf::TypeId type = events::record_type(spec, app.object().types());
      if (spec.kind == platform::MapKind::ringbuf) {
        out.rings_.push_back({spec.name, type, TRY(kernel::Ring::open(each.map))});
      } else if (spec.kind == platform::MapKind::perf_event_array) {
        out.buffers_.push_back({spec.name, type, TRY(kernel::PerfBuffer::open(each.map))});
      }
    }
    return out;
  }

  void drain(Printer& printer) {
    const auto print = [&](const auto& each) {
      return [&](std::span<const std::byte> bytes) { printer.record(each.name, each.type, bytes); };
    };
    for (auto& each : rings_) each.reader.drain(print(each));
    for (auto& each : buffers_) each.reader.drain(print(each));
  }

  void wait(std::chrono::milliseconds most) const {
    std::vector<pollfd> waiting;
    for (const auto& each : rings_) waiting.push_back({each.reader.fd(), POLLIN, 0});
    for (const auto& each : buffers_) {
      for (const int fd : each.reader.fds()) waiting.push_back({fd, POLLIN, 0});
    }
    ::poll(waiting.data(), waiting.size(), static_cast<int>(most.count()));
  }

  std::optional<u64> lost() const {
    if (buffers_.empty()) return std::nullopt;
    u64 sum = 0;
    for (const auto& each : buffers_) sum += each.reader.lost();
    return sum;
  }

 private:
  template <class Reader>
  struct Named {
    std::string name;
    btf::TypeId type;
    Reader reader;
  };
  std::vector<Named<kernel::Ring>> rings_;
  std::vector<Named<kernel::PerfBuffer>> buffers_;
};

// What an iterator prints is its result.
Result<void> read_iterator(const kernel::Link& link, Output& out) {
  platform::CreateIterator create{};
  create.link_fd = static_cast<u32>(link.links()[0].get());
  const Fd iterator =
      TRY(kernel::descriptor(kernel::bpf(kernel::Command::create_iterator, create),
                             format("read {}", link.where()), kernel::kBpf | kernel::kPerfmon));
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t got = ::read(iterator.get(), buffer, sizeof buffer);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return system_error("read", link.where(), errno);
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  if (!out.is_json()) {
    out.write(text);
    return {};
  }
  JsonWriter json;
  json.begin_object().member("type", "iterator").member("program", link.program());
  json.member("text", text).end_object();
  out.write(json.take() + "\n");
  return {};
}

bool is_iterator(const kernel::Link& link) { return link.hook() == kernel::Hook::iterator; }

struct Until {
  u64 duration_ns = 0;  // 0: for ever
  Child* child = nullptr;
};

void read_until(const Until& until, Readers& readers, Printer& printer, Output& out) {
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

// ---- load ----

// Addresses of symbols, where the object asks for some.
Result<void> find_symbols(object::Object& object) {
  const auto& externs = object.externs();
  const bool asks = std::ranges::find(externs, platform::ExternKind::address,
                                      &platform::Extern::kind) != externs.end();
  if (!asks) return {};
  const std::string symbols = TRY(read_text("/proc/kallsyms", std::size_t{64} << 20));
  return object.resolve({.symbols = symbols});
}

Result<kernel::App> load(object::Object& object, const Arguments& arguments,
                         const ChosenTargets& types) {
  kernel::LoadOptions options{.targets = types.targets()};
  if (const auto program = arguments.text(Flag::program)) {
    options.programs = tail_call_targets(object);
    options.programs.push_back(*program);
  }
  if (const auto folder = arguments.text(Flag::pin_maps)) options.pins = *folder;
  if (arguments.has(Flag::replaces))
    options.replaces = static_cast<u32>(TRY(arguments.number(Flag::replaces, 1, 0)));
  return kernel::App::load(object, options);
}

}  // namespace

Result<int> run_in_kernel(object::Object object, const Arguments& arguments, Output& out) {
  const u64 rows_max = TRY(arguments.number(Flag::limit, 0, out.is_json() ? 0 : kRowsInText));
  const u64 duration = TRY(duration_ns(arguments, Flag::duration, 0));
  kernel::Place place = TRY(place_of(arguments));
  std::optional<Child> child;
  if (const auto command = arguments.text(Flag::command)) {
    child.emplace(TRY(Child::prepare(*command)));
    if (!place.pid) place.pid = static_cast<u32>(child->pid());
  }
  catch_interrupts();
  TRY(find_symbols(object));
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  kernel::App app = TRY(load(object, arguments, types));  // load
  TRY(set_map_entries(app.views(), object, arguments));
  Readers readers = TRY(Readers::open(app));
  std::vector<kernel::Link> links =
      TRY(attach_all(app, arguments, place, out).within(object.name()));  // attach
  auto owned = TRY(OwnedLinks::record(links));
  if (const auto folder = arguments.text(Flag::pin)) {
    TRY(pin_all(app, links, *folder, out));
    TRY(owned.keep());
    if (duration == 0 && !child) return 0;
  }
  if (child) child->start();
  for (const kernel::Link& each : links) {
    if (is_iterator(each)) TRY(read_iterator(each, out));
  }
  Printer printer(object.types(), out, rows_max);
  if (!std::ranges::all_of(links, is_iterator)) {
    read_until({duration, child ? &*child : nullptr}, readers, printer, out);  // read
  }
  const u64 skipped = runs_skipped(app);
  links.clear();
  readers.drain(printer);
  for (const maps::View* each : app.views()) printer.map(*each);  // print
  printer.losses({.perf_events = readers.lost(), .skipped = skipped});
  return 0;
}

}  // namespace skep::cli
