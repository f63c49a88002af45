// Eighteen programs in restricted C (bench/programs) beside themselves: compiled by us, interpreted
// by us, compiled by clang -O2 for this machine, and compiled by the kernel.
//
// All run on the same frame and return the same digest, which is compared before anything is
// measured. What is printed last are geometric means over all programs, and the worst of them.
#include <array>
#include <cmath>
#include <cstring>
#include <functional>

#include "base/text.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {

// As programs/program.h has it for this machine.
struct frame {
  const u8 *begin, *end;
};
#define SKEP_PROGRAMS(each)                                                                   \
  each(arithmetic) each(big_endian) each(binary_search) each(bits) each(calls) each(checksum) \
      each(compare) each(copy) each(counters) each(crc32) each(dispatch) each(fill) each(fnv) \
          each(histogram) each(sha256) each(siphash) each(sort) each(tcp_options)
#define SKEP_DECLARE(name) extern "C" int native_##name(frame*);
SKEP_PROGRAMS(SKEP_DECLARE)

namespace {

constexpr u32 kAlternations = 31;
constexpr double kSampleNs = 200'000;  // about that long is a sample
constexpr std::size_t kFrameBytes = 256;

using Native = int (*)(frame*);
struct Named {
  const char* name;
  Native native;
};
#define SKEP_NAME(name) Named{#name, native_##name},
constexpr auto kPrograms = std::to_array<Named>({SKEP_PROGRAMS(SKEP_NAME)});

// Ethernet, IPv4 and TCP with four options, then bytes that look like nothing.
std::array<std::byte, kFrameBytes> frame_bytes() {
  constexpr auto kHeaders = std::to_array<u8>(
      {0x02, 0,    0,    0,    0,    1,    0x02, 0,  0,  0, 0, 2, 0x08, 0x00,  // Ethernet
       0x45, 0,    0x00, 0xf2, 0x12, 0x34, 0x40, 0,  64, 6, 0, 0, 10,   0,
       0,    1,    10,   0,    0,    2,  // IPv4
       0xc3, 0x50, 0x01, 0xbb, 1,    2,    3,    4,  5,  6, 7, 8, 0xa0, 0x02,
       0xfa, 0xf0, 0,    0,    0,    0,  // TCP
       2,    4,    5,    0xb4, 4,    2,    8,    10, 1,  2, 3, 4, 5,    6,
       7,    8,    1,    3,    3,    7,    1,    1,  1,  0});
  std::array<std::byte, kFrameBytes> out{};
  u32 seed = 12345;
  for (std::byte& each : out)
    each = static_cast<std::byte>((seed = seed * 1664525u + 1013904223u) >> 24);
  for (std::size_t at = 0; at < kHeaders.size(); ++at)
    out[at] = static_cast<std::byte>(kHeaders[at]);
  for (const auto& [at, text] :
       {std::pair{80, "GET /index.php?"}, {96, "GET /images/b.p"}, {112, "POST /form.html"}}) {
    std::memcpy(&out[static_cast<std::size_t>(at)], text, std::strlen(text));
  }
  return out;
}

std::string path_of(const char* name) {
  return format("{}/bench/programs/{}.bpf.o", SKEP_BINARY_DIR, name);
}

// One program, everywhere.
struct Measured {
  Samples native, jit, interpreter, kernel;
  double code_bytes = 0, kernel_code_bytes = 0;
};

Result<double> native_ns(Native run, std::span<const std::byte> bytes, u32 times) {
  const u8* begin = reinterpret_cast<const u8*>(bytes.data());
  frame context{begin, begin + bytes.size()};
  const u64 start = thread_ns();
  for (u32 at = 0; at < times; ++at) {
    const int result = run(&context);
    asm volatile("" : : "r"(result) : "memory");
  }
  return static_cast<double>(thread_ns() - start) / times;
}

Error disagreement(const char* name, const char* who, u32 theirs, u32 ours) {
  return {Fault::malformed, format("{}: {} returns {}, the JIT {}", name, who, theirs, ours)};
}

// How often a contender runs in one sample.
Result<u32> times_of(const std::function<Result<double>(u32)>& run) {
  TRY(run(1));
  const double ns = TRY(run(4));
  return static_cast<u32>(std::clamp(kSampleNs / std::max(ns, 1.0), 1.0, 1e6));
}

Result<Contender> contender(std::string name, std::function<Result<double>(u32)> run) {
  const u32 times = TRY(times_of(run));
  return Contender{std::move(name), [run = std::move(run), times] { return run(times); }};
}

Result<Measured> measure(const Named& program, std::span<const std::byte> bytes) {
  const auto object = TRY(object::Object::open(path_of(program.name)));
  auto jit = TRY(UserEngine::load(object, program.name, runtime::Tier::jit));
  auto interpreter = TRY(UserEngine::load(object, program.name, runtime::Tier::interpreter));
  auto kernel = KernelEngine::load(path_of(program.name));

  const u32 expected = TRY(jit.run_unchanged(bytes, 1)).verdict;
  frame context{reinterpret_cast<const u8*>(bytes.data()),
                reinterpret_cast<const u8*>(bytes.data() + bytes.size())};
  const u32 native = static_cast<u32>(program.native(&context));
  if (native != expected) return disagreement(program.name, "clang's", native, expected);
  const u32 interpreted = TRY(interpreter.run_unchanged(bytes, 1)).verdict;
  if (interpreted != expected)
    return disagreement(program.name, "the interpreter", interpreted, expected);

  std::vector<Contender> contenders;
  contenders.push_back(
      TRY(contender("native", [&](u32 times) { return native_ns(program.native, bytes, times); })));
  contenders.push_back(TRY(contender("JIT", [&](u32 times) -> Result<double> {
    return TRY(jit.run_unchanged(bytes, times)).ns;
  })));
  contenders.push_back(TRY(contender("interpreter", [&](u32 times) -> Result<double> {
    return TRY(interpreter.run_unchanged(bytes, times)).ns;
  })));
  Measured out;
  out.code_bytes = static_cast<double>(runtime::machine_code(jit.program()).size());
  if (kernel.ok()) {
    const auto run = TRY(kernel->run(program.name, bytes, 1));
    if (run.verdict != expected)
      return disagreement(program.name, "the kernel", run.verdict, expected);
    contenders.push_back(TRY(contender("kernel", [&](u32 times) -> Result<double> {
      return TRY(kernel->run(program.name, bytes, times)).ns;
    })));
    out.kernel_code_bytes = TRY(kernel->code_bytes(program.name));
  }
  auto samples = TRY(interleave(contenders, kAlternations));
  out.native = std::move(samples[0]);
  out.jit = std::move(samples[1]);
  out.interpreter = std::move(samples[2]);
  if (kernel.ok()) out.kernel = std::move(samples[3]);
  return out;
}

// Over all programs, and of the one that is worst for us.
void summary(Report& report, const std::string& what,
             const std::vector<std::pair<Samples, Samples>>& pairs, std::optional<Goal> goal) {
  report.ratio(what + ", geometric mean", geometric_mean(pairs), goal);
}

}  // namespace

Result<void> programs(Report& report) {
  report.title("programs: the benchmark set, a run of each");
  const auto bytes = frame_bytes();
  std::vector<std::pair<Samples, Samples>> over_native, kernel_over, interpreter_over;
  double worst = 0, log_of_bytes = 0;
  std::string worst_name;
  for (const Named& each : kPrograms) {
    const std::string name = each.name;
    Measured measured = TRY(measure(each, bytes));
    report.value(name + ", native", measured.native, "ns");
    const Ratio ratio = ratio_of_medians(measured.jit, measured.native);
    report.ratio(name + ": JIT over native", ratio);
    report.ratio(name + ": interpreter over native",
                 ratio_of_medians(measured.interpreter, measured.native));
    if (ratio.value > worst) worst = ratio.value, worst_name = name;
    over_native.emplace_back(measured.jit, measured.native);
    interpreter_over.emplace_back(measured.interpreter, measured.native);
    if (measured.kernel.empty()) continue;
    report.ratio(name + ": kernel over JIT", ratio_of_medians(measured.kernel, measured.jit));
    log_of_bytes += std::log(measured.code_bytes / measured.kernel_code_bytes);
    report.number(name + ": code bytes over the kernel's",
                  measured.code_bytes / measured.kernel_code_bytes, "x");
    kernel_over.emplace_back(std::move(measured.kernel), std::move(measured.jit));
  }
  summary(report, "JIT over native", over_native, below(1.0));
  report.number("JIT over native, worst: " + worst_name, worst, "x", below(1.15));
  summary(report, "interpreter over native", interpreter_over, below(10));
  if (kernel_over.empty()) {
    report.note("without the right to use bpf(2), nothing of the kernel");
    return {};
  }
  summary(report, "kernel over JIT", kernel_over, at_least(1.45));
  report.number("code bytes over the kernel's, geometric mean",
                std::exp(log_of_bytes / static_cast<double>(kernel_over.size())), "x", below(0.7));
  return {};
}

}  // namespace skep::bench
