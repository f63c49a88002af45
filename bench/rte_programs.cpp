// The benchmark set in DPDK's librte_bpf, beside ours and clang's code for this machine.
//
// It takes no loops, no calls of functions and no maps. Programs whose loops clang can unroll are
// given to both sides without loops, by the same flags; the others are given as they are, and are
// named with the reason for which it refuses them.
#include "base/text.hpp"
#include "benchmark_set.hpp"
#include "figures.hpp"
#include "rte_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {

// As programs/program.h has it for this machine.
struct frame {
  const u8 *begin, *end;
};
#define SKEP_PROGRAM(name) extern "C" int native_##name(frame*);
#include "programs.inc"
#undef SKEP_PROGRAM

namespace {

constexpr u32 kAlternations = 31;
constexpr u32 kRuns = 200;  // in a sample

struct Named {
  std::string name;
  int (*native)(frame*);
};

std::string path_of(const std::string& name, std::string_view form) {
  return format("{}/bench/programs/dpdk/{}.{}.bpf.o", SKEP_BINARY_DIR, name, form);
}

Result<void> expect_equal(u32 found, u32 expected, const char* who) {
  if (found == expected) return {};
  return Error(Fault::malformed, format("{} returns {}, native {}", who, found, expected));
}

struct Measured {
  Samples rte, jit;
};

Result<Measured> measure(const Named& program, const RteEngine& rte) {
  const auto bytes = benchmark_frame();
  const u8* const begin = reinterpret_cast<const u8*>(bytes.data());
  frame context{begin, begin + bytes.size()};
  const u32 expected = static_cast<u32>(program.native(&context));
  const auto object = TRY(object::Object::open(path_of(program.name, "xdp")));
  auto jit = TRY(UserEngine::load(object, program.name, runtime::Tier::jit));
  TRY(expect_equal(rte.run(bytes, 1).verdict, expected, "librte_bpf"));
  TRY(expect_equal(TRY(jit.run_unchanged(bytes, 1)).verdict, expected, "the JIT"));
  auto samples = TRY(interleave(
      {{"librte_bpf", [&]() -> Result<double> { return rte.run(bytes, kRuns).ns; }},
       {"the JIT", [&]() -> Result<double> { return TRY(jit.run_unchanged(bytes, kRuns)).ns; }}},
      kAlternations));
  return Measured{std::move(samples[0]), std::move(samples[1])};
}

using Pairs = std::vector<std::pair<Samples, Samples>>;

Result<void> add(Report& report, Pairs& pairs, const RteLibrary& library, const Named& program) {
  const auto rte =
      RteEngine::load(library, path_of(program.name, "frame"), program.name, kFrameBytes);
  if (!rte.ok()) {
    report.note(format("{}: librte_bpf refuses it: {}", program.name, rte.error().message));
    return {};
  }
  Measured measured = TRY(measure(program, *rte));
  report.ratio(program.name + ": rte_bpf JIT over ours",
               ratio_of_medians(measured.rte, measured.jit));
  pairs.emplace_back(std::move(measured.rte), std::move(measured.jit));
  return {};
}

}  // namespace

Result<void> rte_programs(Report& report) {
  report.title("programs, DPDK: the benchmark set in librte_bpf, without loops");
  const auto library = RteLibrary::open();
  if (!library.ok()) return report.note(library.error().message), Result<void>();
  const Named all[] = {
#define SKEP_PROGRAM(name) {#name, native_##name},
#include "programs.inc"
#undef SKEP_PROGRAM
  };
  Pairs pairs;
  for (const Named& each : all) TRY(add(report, pairs, *library, each).within(each.name));
  if (!pairs.empty()) report.ratio("rte_bpf JIT over ours, geometric mean", geometric_mean(pairs));
  report.note(format("librte_bpf took {} of {} programs", pairs.size(), std::size(all)));
  return {};
}

}  // namespace skep::bench
