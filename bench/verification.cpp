// How long it takes to prove and to compile each shipped program.
#include "base/text.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {
namespace {

constexpr const char* kShipped[] = {"dns_only", "filter",    "flows",
                                    "latency",  "protocols", "rewrite"};
constexpr u32 kTimes = 21;

struct Shipped {
  std::string name;
  std::shared_ptr<const platform::Program> program;
  Samples ours_us, kernel_us, compile_us;
};

struct ShippedObject {
  object::Object object;
  std::string path;
  std::vector<Shipped> programs;
};

Result<ShippedObject> open_shipped(const std::string& name) {
  ShippedObject out{TRY(object::Object::open(shipped(name))), shipped(name), {}};
  for (const object::ProgramEntry& entry : out.object.programs()) {
    out.programs.push_back(
        {name + "/" + entry.name, TRY(out.object.program(entry.name)), {}, {}, {}});
  }
  return out;
}

// One round: every program here, every program in the kernel.
Result<void> verify_round(ShippedObject& shipped) {
  for (Shipped& each : shipped.programs) {
    const verify::Verdict verdict = verify::verify(each.program);
    if (!verdict.accepted()) return Error(Fault::rejected, each.name + " is rejected");
    each.ours_us.push_back(static_cast<double>(verdict.work.time_ns) / 1e3);
  }
  const auto times = KernelEngine::verification_us(shipped.path);
  if (!times.ok()) return {};
  EXPECT(times->size() == shipped.programs.size());
  for (std::size_t at = 0; at < times->size(); ++at) {
    shipped.programs[at].kernel_us.push_back((*times)[at]);
  }
  return {};
}

// The time of App::load, in a new App.
Result<double> compile_once(const std::shared_ptr<const platform::Program>& program) {
  const auto environment = runtime::real_environment();
  auto app = TRY(runtime::App::create(program->maps, *environment));
  auto verified = TRY(prove(program));
  const u64 begin = thread_ns();
  TRY(app.load(std::move(verified), runtime::Tier::jit));
  return static_cast<double>(thread_ns() - begin) / 1e3;
}

}  // namespace

Result<void> verification(Report& report) {
  report.title("verification: time to prove each shipped program, beside the kernel's verifier");
  for (const char* name : kShipped) {
    ShippedObject shipped = TRY(open_shipped(name));
    for (u32 round = 0; round < kTimes; ++round) TRY(verify_round(shipped));
    for (const Shipped& each : shipped.programs) {
      report.value(each.name, each.ours_us, "us", below(2000));
      if (each.kernel_us.empty()) continue;
      report.value(each.name + ", kernel", each.kernel_us, "us");
      report.ratio(each.name + ": kernel's time over ours",
                   ratio_of_medians(each.kernel_us, each.ours_us));
    }
  }
  return {};
}

Result<void> compilation(Report& report) {
  report.title("compilation: time of the JIT for each shipped program");
  for (const char* name : kShipped) {
    ShippedObject shipped = TRY(open_shipped(name));
    for (Shipped& each : shipped.programs) {
      for (u32 round = 0; round < kTimes; ++round) {
        each.compile_us.push_back(TRY(compile_once(each.program)));
      }
      const u64 count = each.program->code.size();
      report.value(format("{}, {} instructions", each.name, count), each.compile_us, "us");
    }
  }
  return {};
}

}  // namespace skep::bench
