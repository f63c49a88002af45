// How long it takes to prove each shipped program.
#include "base/text.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "user_engine.hpp"

namespace skep::bench {
namespace {

constexpr u32 kTimes = 21;

struct Shipped {
  std::string name;
  std::shared_ptr<const platform::Program> program;
  Samples ours_us, kernel_us;
};

struct ShippedObject {
  object::Object object;
  std::string path;
  std::vector<Shipped> programs;
};

Result<ShippedObject> open_shipped(const std::string& name) {
  ShippedObject out{TRY(object::Object::open(shipped(name))), shipped(name), {}};
  for (const object::ProgramEntry& entry : out.object.programs()) {
    out.programs.push_back({name + "/" + entry.name, TRY(out.object.program(entry.name)), {}, {}});
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

}  // namespace skep::bench
