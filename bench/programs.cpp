// The programs in restricted C of bench/programs beside themselves: compiled by us, interpreted
// by us, compiled by clang -O2 for this machine, and compiled by the kernel.
//
// All run on the same frame and return the same digest, which is compared before anything is
// measured. What is printed last are geometric means over all programs, and the worst of them.
#include <cmath>
#include <functional>

#include "base/text.hpp"
#include "benchmark_set.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {

// As programs/program.h has it for this machine.
struct frame {
  const u8 *begin, *end;
};
// programs.inc has SKEP_PROGRAM(NAME) for each file of the folder (CMakeLists.txt).
#define SKEP_PROGRAM(name) extern "C" int native_##name(frame*);
#include "programs.inc"
#undef SKEP_PROGRAM

namespace {

constexpr u32 kAlternations = 31;
constexpr double kSampleNs = 200'000;  // about that long is a sample

using Native = int (*)(frame*);
struct Named {
  const char* name;
  Native native;
};
constexpr Named kPrograms[] = {
#define SKEP_PROGRAM(name) {#name, native_##name},
#include "programs.inc"
#undef SKEP_PROGRAM
};

// Who runs a program: a digest of what it finds, and the mean time of a run in ns.
struct Runs {
  double ns = 0;
  u32 verdict = 0;
};
struct Runner {
  std::string name;
  std::function<Result<Runs>(u32 times)> run;
};

Runs run_natively(Native run, std::span<const std::byte> bytes, u32 times) {
  const u8* begin = reinterpret_cast<const u8*>(bytes.data());
  frame context{begin, begin + bytes.size()};
  Runs out;
  const u64 start = thread_ns();
  for (u32 at = 0; at < times; ++at) {
    out.verdict = static_cast<u32>(run(&context));
    asm volatile("" : : "r"(out.verdict) : "memory");
  }
  out.ns = static_cast<double>(thread_ns() - start) / times;
  return out;
}

Runner natively(const Named& program, std::span<const std::byte> bytes) {
  return {"native",
          [=](u32 times) -> Result<Runs> { return run_natively(program.native, bytes, times); }};
}

Runner in(UserEngine& engine, std::string name, std::span<const std::byte> bytes) {
  return {std::move(name), [&engine, bytes](u32 times) -> Result<Runs> {
            const auto runs = TRY(engine.run_unchanged(bytes, times));
            return Runs{runs.ns, runs.verdict};
          }};
}

Runner in(KernelEngine& engine, const Named& program, std::span<const std::byte> bytes) {
  return {"kernel", [&engine, program, bytes](u32 times) -> Result<Runs> {
            const auto runs = TRY(engine.run(program.name, bytes, times));
            return Runs{runs.ns, runs.verdict};
          }};
}

// As often as makes a sample, once it is known that it finds what the others do.
Result<Contender> contender(const Runner& runner, std::optional<u32>& expected) {
  const u32 verdict = TRY(runner.run(1)).verdict;
  if (!expected) expected = verdict;
  if (verdict != *expected) {
    return Error(Fault::malformed,
                 format("{} returns {}, the first of them {}", runner.name, verdict, *expected));
  }
  const double ns = TRY(runner.run(4)).ns;
  const auto times = static_cast<u32>(std::clamp(kSampleNs / std::max(ns, 1.0), 1.0, 1e6));
  return Contender{runner.name,
                   [run = runner.run, times]() -> Result<double> { return TRY(run(times)).ns; }};
}

// One program, everywhere; what is of the kernel stays empty where it cannot be used.
struct Measured {
  Samples native, jit, interpreter, kernel;
  double code_bytes = 0, kernel_code_bytes = 0;
};

Result<Measured> measure(const Named& program, std::span<const std::byte> bytes) {
  const auto object = TRY(object::Object::open(benchmark_path(program.name)));
  auto jit = TRY(UserEngine::load(object, program.name, runtime::Tier::jit));
  auto interpreter = TRY(UserEngine::load(object, program.name, runtime::Tier::interpreter));
  auto kernel = KernelEngine::load(benchmark_path(program.name));
  std::vector<Runner> runners = {natively(program, bytes), in(jit, "the JIT", bytes),
                                 in(interpreter, "the interpreter", bytes)};
  if (kernel.ok()) runners.push_back(in(*kernel, program, bytes));
  std::optional<u32> expected;
  std::vector<Contender> contenders;
  for (const Runner& each : runners) contenders.push_back(TRY(contender(each, expected)));
  auto samples = TRY(interleave(contenders, kAlternations));
  Measured out{std::move(samples[0]), std::move(samples[1]), std::move(samples[2]), {}};
  out.code_bytes = static_cast<double>(runtime::machine_code(jit.program()).size());
  if (!kernel.ok()) return out;
  out.kernel = std::move(samples[3]);
  out.kernel_code_bytes = TRY(kernel->code_bytes(program.name));
  return out;
}

// Over all programs.
struct Means {
  using Pairs = std::vector<std::pair<Samples, Samples>>;
  Pairs jit_over_native, interpreter_over_native, kernel_over_jit;
  double worst = 0, log_of_bytes = 0;
  std::string worst_name;
};

void add(Report& report, Means& means, const std::string& name, const Measured& measured) {
  const Ratio ratio = ratio_of_medians(measured.jit, measured.native);
  report.value(name + ", native", measured.native, "ns");
  report.ratio(name + ": JIT over native", ratio);
  report.ratio(name + ": interpreter over native",
               ratio_of_medians(measured.interpreter, measured.native));
  if (ratio.value > means.worst) means.worst = ratio.value, means.worst_name = name;
  means.jit_over_native.emplace_back(measured.jit, measured.native);
  means.interpreter_over_native.emplace_back(measured.interpreter, measured.native);
  if (measured.kernel.empty()) return;
  const double bytes = measured.code_bytes / measured.kernel_code_bytes;
  report.ratio(name + ": kernel over JIT", ratio_of_medians(measured.kernel, measured.jit));
  report.number(name + ": code bytes over the kernel's", bytes, "x");
  means.log_of_bytes += std::log(bytes);
  means.kernel_over_jit.emplace_back(measured.kernel, measured.jit);
}

void print(Report& report, const Means& means) {
  report.ratio("JIT over native, geometric mean", geometric_mean(means.jit_over_native),
               below(1.0));
  report.number("JIT over native, worst: " + means.worst_name, means.worst, "x", below(1.15));
  report.ratio("interpreter over native, geometric mean",
               geometric_mean(means.interpreter_over_native), below(10));
  const auto count = static_cast<double>(means.kernel_over_jit.size());
  if (count == 0) return;
  report.ratio("kernel over JIT, geometric mean", geometric_mean(means.kernel_over_jit),
               at_least(1.45));
  report.number("code bytes over the kernel's, geometric mean",
                std::exp(means.log_of_bytes / count), "x", below(0.7));
  if (means.kernel_over_jit.size() != std::size(kPrograms))
    report.note(format("the kernel took {} of {} programs", means.kernel_over_jit.size(),
                       std::size(kPrograms)));
}

}  // namespace

Result<void> programs(Report& report) {
  report.title("programs: the benchmark set, a run of each");
  const auto bytes = benchmark_frame();
  Means means;
  for (const Named& each : kPrograms) {
    add(report, means, each.name, TRY(measure(each, bytes).within(each.name)));
  }
  print(report, means);
  if (means.kernel_over_jit.empty())
    report.note("without the right to use bpf(2), nothing of the kernel");
  return {};
}

}  // namespace skep::bench
