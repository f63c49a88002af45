// The kernel engine: what loading and attaching a small object costs beside the system calls that
// it takes, and how quickly a ring of the kernel is read, beside libbpf.
//
// The system calls alone are those of the same object with everything known before: no file, no
// ELF, no BTF to be read. Reading is measured on a ring that is full: the CPU time of one reader
// for records of 64 bytes, each of which it touches. Root is needed; without it the figures say so.
#include <bpf/libbpf.h>

#include <chrono>
#include <memory>

#include "base/text.hpp"
#include "figures.hpp"
#include "kernel/attach.hpp"
#include "kernel/bpf.hpp"
#include "kernel/ring.hpp"
#include "kernel/test_run.hpp"
#include "object/kernel/map.hpp"
#include "object/kernel/types.hpp"

namespace skep::bench {
namespace {

using kernel::bpf;
using platform::address_of;
using platform::Command;

constexpr const char* kSmall = SKEP_BINARY_DIR "/bench/kernel.bpf.o";
constexpr const char* kRing = SKEP_BINARY_DIR "/bench/ring.bpf.o";
constexpr u32 kLoads = 201;  // attaching waits for the kernel, now and then twice as long

using Clock = std::chrono::steady_clock;
double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// ---- loading ----

enum class Until : u8 { loaded, attached };

Result<double> load_ours(Until until) {
  const auto begin = Clock::now();
  const auto object = TRY(object::Object::open(kSmall));
  const auto app = TRY(kernel::App::load(object, {}));
  if (until == Until::loaded) return microseconds_since(begin);
  const auto link = TRY(kernel::attach(app, app.programs()[0]));
  return microseconds_since(begin);
}

// All that the system calls of load_ours() take, but for descriptors.
struct Prepared {
  object::Object object;
  std::vector<std::byte> types;
  object::KernelProgram program;
  platform::CreateMap map;
  platform::LoadProgram load;
};

Result<Prepared> prepare() {
  auto object = TRY(object::Object::open(kSmall));
  auto types = TRY(object::kernel_types(object.image()));
  auto program = TRY(object::kernel_program(object, 0, {}));
  const auto map = object::map_attributes(object.maps()[0], "calls");
  const auto load = object::load_attributes(object.programs()[0], program);
  return Prepared{std::move(object), std::move(types), std::move(program), map, load};
}

Result<double> system_calls(Prepared& from, Until until) {
  const auto begin = Clock::now();
  platform::LoadTypes types{};
  types.btf = address_of(from.types.data());
  types.btf_size = static_cast<u32>(from.types.size());
  const Fd types_fd = TRY(kernel::descriptor(bpf(Command::load_types, types), "load types", 0));
  from.map.btf_fd = static_cast<u32>(types_fd.get());
  const Fd map = TRY(kernel::descriptor(bpf(Command::create_map, from.map), "create a map", 0));
  const int descriptors[] = {map.get()};
  from.load.insns = address_of(from.program.slots.data());
  from.load.license = address_of(from.object.license().c_str());
  from.load.fd_array = address_of(descriptors);
  from.load.prog_btf_fd = static_cast<u32>(types_fd.get());
  from.load.func_info = address_of(from.program.functions.data());
  from.load.line_info = address_of(from.program.lines.data());
  const Fd program =
      TRY(kernel::descriptor(bpf(Command::load_program, from.load), "load a program", 0));
  if (until == Until::loaded) return microseconds_since(begin);
  platform::OpenRawTracepoint open{};
  open.name = address_of("sys_enter");
  open.program_fd = static_cast<u32>(program.get());
  const Fd link = TRY(kernel::descriptor(bpf(Command::open_raw_tracepoint, open), "attach", 0));
  return microseconds_since(begin);
}

Result<double> load_theirs(Until until) {
  const auto begin = Clock::now();
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_file(kSmall, nullptr), bpf_object__close);
  if (object == nullptr || bpf_object__load(object.get()) != 0)
    return Error(Fault::system, "libbpf does not load it");
  if (until == Until::loaded) return microseconds_since(begin);
  const std::unique_ptr<bpf_link, decltype(&bpf_link__destroy)> link(
      bpf_program__attach(bpf_object__next_program(object.get(), nullptr)), bpf_link__destroy);
  if (link == nullptr) return Error(Fault::system, "libbpf does not attach it");
  return microseconds_since(begin);
}

Result<void> compare_loads(Report& report, Until until, const std::string& what) {
  Prepared prepared = TRY(prepare());
  const auto samples =
      TRY(interleave({{"skep", [&] { return load_ours(until); }},
                      {"system calls", [&] { return system_calls(prepared, until); }},
                      {"libbpf", [&] { return load_theirs(until); }}},
                     kLoads));
  report.value(what, samples[0], "us");
  report.value(what + ": its system calls alone", samples[1], "us");
  report.value(what + ": libbpf", samples[2], "us");
  report.ratio(what + ": skep over the system calls alone",
               ratio_of_medians(samples[0], samples[1]), below(1.2));
  report.ratio(what + ": libbpf over skep", ratio_of_medians(samples[2], samples[0]));
  return {};
}

// ---- reading ----

class FilledRing {
 public:
  // `name` of the map; its program is fill_NAME.
  static Result<FilledRing> make(const std::string& name) {
    const auto object = TRY(object::Object::open(kRing));
    return FilledRing(TRY(kernel::App::load(object, {})), name);
  }
  Result<void> fill() {
    TRY(kernel::test_run(*app_.program("fill_" + name_), {}));
    return {};
  }
  const kernel::Map& map() const { return app_.map(name_)->map; }

 private:
  FilledRing(kernel::App app, std::string name) : app_(std::move(app)), name_(std::move(name)) {}
  kernel::App app_;
  std::string name_;
};

u64 sum = 0;  // of what was read: nobody may leave it out

int take_record(void*, void* data, std::size_t) {
  sum += *static_cast<const u64*>(data);
  return 0;
}

// Records a second of one CPU, in millions.
double millions(u64 count, u64 ns) {
  return static_cast<double>(count) * 1000 / static_cast<double>(ns);
}

constexpr u32 kFills = 20;  // a sample

Result<double> read_ours(FilledRing& filled, kernel::Ring& ring) {
  u64 ns = 0, count = 0;
  for (u32 fill = 0; fill < kFills; ++fill) {
    TRY(filled.fill());
    u64 added = 0;
    const u64 begin = thread_ns();
    count += ring.drain([&](std::span<const std::byte> record) {
      u64 first = 0;
      std::memcpy(&first, record.data(), sizeof(first));
      added += first;
    });
    sum += added;
    ns += thread_ns() - begin;
  }
  return millions(count, ns);
}

Result<double> read_theirs(FilledRing& filled, ring_buffer* ring) {
  u64 ns = 0, count = 0;
  for (u32 fill = 0; fill < kFills; ++fill) {
    TRY(filled.fill());
    const u64 begin = thread_ns();
    const int read = ring_buffer__consume(ring);
    ns += thread_ns() - begin;
    if (read <= 0) return Error(Fault::system, "libbpf reads nothing");
    count += static_cast<u64>(read);
  }
  return millions(count, ns);
}

Result<void> compare_reading(Report& report, const std::string& name, const std::string& what) {
  FilledRing ours = TRY(FilledRing::make(name)), theirs = TRY(FilledRing::make(name));
  kernel::Ring ring = TRY(kernel::Ring::open(ours.map()));
  const std::unique_ptr<ring_buffer, decltype(&ring_buffer__free)> reader(
      ring_buffer__new(theirs.map().fd().get(), take_record, nullptr, nullptr), ring_buffer__free);
  if (reader == nullptr) return Error(Fault::system, "libbpf does not open the ring");
  const auto samples =
      TRY(interleave({{"skep", [&] { return read_ours(ours, ring); }},
                      {"libbpf", [&] { return read_theirs(theirs, reader.get()); }}},
                     kRounds));
  report.value(what + ", skep", samples[0], "million records a second");
  report.value(what + ", libbpf", samples[1], "million records a second");
  report.ratio(what + ": skep over libbpf", ratio_of_medians(samples[0], samples[1]),
               at_least(1.5));
  return {};
}

}  // namespace

Result<void> kernel_load(Report& report) {
  report.title("kernel load: kernel.bpf.o, one program and one map, from its file to attached");
  libbpf_set_print(nullptr);
  if (const auto first = load_ours(Until::loaded); !first.ok()) {
    report.note(first.error().message);
    return {};
  }
  TRY(compare_loads(report, Until::loaded, "open and load"));
  TRY(compare_loads(report, Until::attached, "open, load and attach"));
  return {};
}

Result<void> kernel_ring(Report& report) {
  report.title("kernel ring: records of 64 bytes, read by one CPU");
  if (const auto first = FilledRing::make("small"); !first.ok()) {
    report.note(first.error().message);
    return {};
  }
  TRY(compare_reading(report, "small", "256 KiB"));
  TRY(compare_reading(report, "large", "16 MiB, out of any cache"));
  return {};
}

}  // namespace skep::bench
