// Nanoseconds an instruction and a map operation: interpreter, JIT and kernel.
//
// Each program of micro.bpf.c does its operation many times in one run. A measurement is the mean
// of some runs, rings being drained between them.
#include <array>

#include "figures.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {
namespace {

constexpr const char* kObject = SKEP_BINARY_DIR "/bench/micro.bpf.o";
constexpr u32 kRuns = 10;

struct Micro {
  const char* program;
  const char* what;
  double operations;  // in one run
};
constexpr double kLoopRounds = 4096, kMapOperations = 1024;
constexpr Micro kLoops[] = {{"arithmetic", "xorshift, dependent", kLoopRounds * 11},
                            {"memory", "loads and stores", kLoopRounds * 10},
                            {"branches", "unpredictable branch in 9", kLoopRounds * 9}};
constexpr Micro kMaps[] = {{"hash_lookup", "hash look-up, 4096 x u32", kMapOperations},
                           {"hash_update", "hash update, key there", kMapOperations},
                           {"percpu_lookup", "per-CPU array look-up", kMapOperations},
                           {"ring_record", "ring reserve and submit, 64 bytes", kMapOperations}};

constexpr std::array<std::byte, 64> kPacket{};

// A program of the object with the table of the object filled: the programs of one App share maps.
class Runner {
 public:
  static Result<Runner> load(const object::Object& object, const Micro& micro, runtime::Tier tier) {
    Runner runner{TRY(UserEngine::load(object, micro.program, tier))};
    runtime::App& app = runner.engine_.app();
    const auto* fill = TRY(app.load(TRY(prove(TRY(object.program("fill")))), tier));
    auto arena = TRY(runtime::PacketArena::create(1));
    arena[0].reset(runner.engine_.type(), kPacket, {});
    TRY(app.run(*fill, arena[0]));
    return runner;
  }
  Result<double> run() { return TRY(engine_.run(kPacket, kRuns)).ns; }

 private:
  explicit Runner(UserEngine engine) : engine_(std::move(engine)) {}
  UserEngine engine_;
};

Result<double> run_in_kernel(KernelEngine& kernel, const Micro& micro) {
  double sum = 0;
  for (u32 at = 0; at < kRuns; ++at) {
    kernel.drain();
    sum += TRY(kernel.run(micro.program, kPacket, 1)).ns;
  }
  return sum / kRuns;
}

Result<void> compare(Report& report, const object::Object& object, const Micro& micro,
                     Result<KernelEngine>& kernel, const char* unit) {
  auto interpreter = TRY(Runner::load(object, micro, runtime::Tier::interpreter));
  auto jit = TRY(Runner::load(object, micro, runtime::Tier::jit));
  const auto per_operation = [&](Result<double> run) -> Result<double> {
    return TRY(std::move(run)) / micro.operations;
  };
  std::vector<Contender> contenders = {
      {"interpreter", [&] { return per_operation(interpreter.run()); }},
      {"JIT", [&] { return per_operation(jit.run()); }}};
  if (kernel.ok()) {
    contenders.push_back({"kernel", [&] { return per_operation(run_in_kernel(*kernel, micro)); }});
  }
  const auto samples = TRY(interleave(contenders, kRounds));
  const std::string what = micro.what;
  for (std::size_t at = 0; at < samples.size(); ++at) {
    report.value(what + ", " + contenders[at].name, samples[at], unit);
  }
  report.ratio(what + ": JIT over interpreter", ratio_of_medians(samples[0], samples[1]));
  if (kernel.ok()) {
    report.ratio(what + ": JIT over kernel", ratio_of_medians(samples[2], samples[1]));
  }
  return {};
}

Result<void> compare_all(Report& report, std::span<const Micro> micros, const char* unit) {
  const auto object = TRY(object::Object::open(kObject));
  auto kernel = KernelEngine::load(kObject);
  if (kernel.ok()) {
    TRY(kernel->run("fill", kPacket, 1));
  } else {
    report.note("no kernel: " + kernel.error().message);
  }
  for (const Micro& micro : micros) {
    TRY(compare(report, object, micro, kernel, unit).within(micro.program));
  }
  return {};
}

}  // namespace

Result<void> loops(Report& report) {
  report.title("loops: instructions");
  return compare_all(report, kLoops, "ns an instruction");
}

Result<void> maps(Report& report) {
  report.title("maps: operations, with the loop around them");
  return compare_all(report, kMaps, "ns");
}

}  // namespace skep::bench
