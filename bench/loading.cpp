// What it costs to open an object of 2 MB with forty programs (large.bpf.c) and to relocate them
// all, beside libbpf; and `skep dump` on it, spawn to exit.
//
// libbpf relocates here by its loader generator, which asks no kernel and then also writes its
// programs down: its time is opened and relocated, and some more.
#include <bpf/libbpf.h>

#include <chrono>
#include <memory>

#include "base/mapping.hpp"
#include "base/text.hpp"
#include "figures.hpp"
#include "object/object.hpp"
#include "spawn.hpp"

namespace skep::bench {
namespace {

constexpr u32 kOpenings = 31;
constexpr const char* kSkep = SKEP_BINARY_DIR "/skep";
constexpr const char* kLarge = SKEP_BINARY_DIR "/bench/large.bpf.o";

using Clock = std::chrono::steady_clock;
double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

struct Ours {
  double opened = 0;
  double relocated = 0;
  std::size_t programs = 0;
};

Result<Ours> load_ours() {
  const auto begin = Clock::now();
  const auto object = TRY(object::Object::open(kLarge));
  Ours out{.opened = milliseconds_since(begin)};
  for (const object::ProgramEntry& each : object.programs()) {
    TRY(object.program(each.name));
    ++out.programs;
  }
  out.relocated = milliseconds_since(begin);
  return out;
}

Result<Ours> load_theirs() {
  libbpf_set_print(nullptr);
  const auto begin = Clock::now();
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_file(kLarge, nullptr), bpf_object__close);
  if (object == nullptr) return Error(Fault::system, format("libbpf does not open {}", kLarge));
  Ours out{.opened = milliseconds_since(begin)};
  LIBBPF_OPTS(gen_loader_opts, generator);
  bpf_object__gen_loader(object.get(), &generator);
  if (bpf_object__load(object.get()) != 0) {
    return Error(Fault::system, format("libbpf does not relocate {}", kLarge));
  }
  out.relocated = milliseconds_since(begin);
  return out;
}

}  // namespace

Result<void> loading(Report& report) {
  const u64 bytes = TRY(Mapping::of_file(kLarge)).size();
  const Ours first = TRY(load_ours());
  report.title(format("loading: large.bpf.o, {} bytes, {}", grouped(bytes),
                      counted(first.programs, "program")));
  Samples opened, relocated, theirs_opened, theirs_relocated, dump, megabytes;
  for (u32 round = 0; round < kOpenings; ++round) {
    const Ours ours = TRY(load_ours());
    opened.push_back(ours.opened);
    relocated.push_back(ours.relocated);
    const Ours theirs = TRY(load_theirs());
    theirs_opened.push_back(theirs.opened);
    theirs_relocated.push_back(theirs.relocated);
    const Start one = TRY(start_once({kSkep, "dump", kLarge}));
    dump.push_back(one.milliseconds);
    megabytes.push_back(one.megabytes);
  }
  report.value("open", opened, "ms");
  report.value("open and relocate all", relocated, "ms", below(10));
  report.value("libbpf: open", theirs_opened, "ms");
  report.value("libbpf: open, relocate and write down", theirs_relocated, "ms");
  report.value("skep dump, spawn to exit", dump, "ms", below(15));
  report.value("skep dump, largest resident set", megabytes, "MB", below(20));
  return {};
}

}  // namespace skep::bench
