// The benchmark set under the kernel's own compiler: as clang made it, beside what `skep optimize`
// made of it.
//
// Both are loaded by libbpf and must return the same. What is printed last is the geometric mean
// over all programs, and the one that gained least. Root is needed; without it the figure says so.
#include <algorithm>

#include "base/mapping.hpp"
#include "base/text.hpp"
#include "benchmark_set.hpp"
#include "figures.hpp"
#include "kernel_engine.hpp"
#include "optimize/optimize.hpp"

namespace skep::bench {
namespace {

constexpr u32 kLoads = 10;
constexpr u32 kAlternations = 4 * kLoads;
constexpr double kSampleNs = 400'000;  // about that long is a sample

struct Compared {
  Samples before, after;
  bool is_changed = true;
};

// A side. Where the kernel puts its code is a matter of chance, and makes small loops quicker or
// slower by a tenth: the object is loaded several times, and its samples are taken in turn.
class Side {
 public:
  static Result<Side> make(const std::string& name, std::span<const std::byte> file,
                           std::span<const std::byte> frame) {
    Side out(name, frame);
    for (u32 load = 0; load < kLoads; ++load) {
      out.engines_.push_back(TRY(KernelEngine::read(file, name)));
    }
    const auto first = TRY(out.engines_[0].run(name, frame, 8));
    out.verdict_ = first.verdict;
    out.times_ = static_cast<u32>(std::clamp(kSampleNs / std::max(first.ns, 1.0), 1.0, 1e6));
    return out;
  }

  u32 verdict() const { return verdict_; }
  Contender contender() {
    return {name_, [this]() -> Result<double> {
              KernelEngine& engine = engines_[next_++ % kLoads];
              return TRY(engine.run(name_, frame_, times_)).ns;
            }};
  }

 private:
  Side(std::string name, std::span<const std::byte> frame)
      : name_(std::move(name)), frame_(frame) {}

  std::string name_;
  std::span<const std::byte> frame_;
  std::vector<KernelEngine> engines_;
  u32 verdict_ = 0, times_ = 1, next_ = 0;
};

Result<Compared> compare(const std::string& name, std::span<const std::byte> frame) {
  const auto object = TRY(object::Object::open(benchmark_path(name)));
  const Mapping file = TRY(Mapping::of_file(benchmark_path(name)));
  const std::vector<std::byte> made = TRY(optimize::optimize(object)).file;
  Side before = TRY(Side::make(name, file.bytes().span(), frame));
  if (std::ranges::equal(made, file.bytes().span())) {
    auto samples = TRY(interleave({before.contender()}, kAlternations));
    return Compared{samples[0], samples[0], false};
  }
  Side after = TRY(Side::make(name, made, frame));
  if (before.verdict() != after.verdict()) {
    return Error(Fault::malformed,
                 format("optimised it returns {}, before {}", after.verdict(), before.verdict()));
  }
  auto samples = TRY(interleave({before.contender(), after.contender()}, kAlternations));
  return Compared{std::move(samples[0]), std::move(samples[1])};
}

}  // namespace

Result<void> optimized(Report& report) {
  report.title("optimize: the benchmark set in the kernel, as compiled over optimised");
  const auto frame = benchmark_frame();
  if (const auto first = KernelEngine::load(benchmark_path(benchmark_names()[0])); !first.ok()) {
    report.note(first.error().message);
    return {};
  }
  std::vector<std::pair<Samples, Samples>> pairs;
  double least = 1e9;
  std::string least_name;
  for (const std::string_view each : benchmark_names()) {
    const std::string name(each);
    Compared compared = TRY(compare(name, frame).within(name));
    const Ratio ratio = ratio_of_medians(compared.before, compared.after);
    report.value(name + ", optimised", compared.after, "ns");
    if (compared.is_changed) {
      report.ratio(name + ": as compiled over optimised", ratio, at_least(0.98));
    } else {
      report.note(name + " is left as it is, byte for byte: it counts as 1");
    }
    if (ratio.value < least) least = ratio.value, least_name = name;
    pairs.emplace_back(std::move(compared.before), std::move(compared.after));
  }
  report.ratio("as compiled over optimised, geometric mean", geometric_mean(pairs), at_least(1.10));
  report.number("as compiled over optimised, least: " + least_name, least, "x", at_least(0.98));
  return {};
}

}  // namespace skep::bench
