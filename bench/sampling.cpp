#include "sampling.hpp"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace skep::bench {

Result<std::vector<Samples>> interleave(const std::vector<Contender>& contenders, u32 rounds) {
  std::vector<Samples> out(contenders.size());
  for (const Contender& contender : contenders) {
    if (auto warm = contender.run(); !warm.ok()) {
      return std::move(warm).error().within(contender.name);
    }
  }
  for (u32 round = 0; round < rounds; ++round) {
    for (std::size_t at = 0; at < contenders.size(); ++at) {
      const std::size_t turn = (at + round) % contenders.size();
      out[turn].push_back(TRY(contenders[turn].run().within(contenders[turn].name)));
    }
  }
  return out;
}

double median(Samples samples) {
  EXPECT(!samples.empty());
  std::ranges::sort(samples);
  const std::size_t middle = samples.size() / 2;
  if (samples.size() % 2 != 0) return samples[middle];
  return (samples[middle - 1] + samples[middle]) / 2;
}

Ratio ratio_of_medians(const Samples& above, const Samples& below) {
  return geometric_mean({{above, below}});
}

namespace {

// Of the rounds of one pair, drawn with replacement.
double resampled_ratio(const Samples& above, const Samples& below, std::mt19937& random) {
  std::uniform_int_distribution<std::size_t> draw(0, above.size() - 1);
  Samples some_above(above.size()), some_below(below.size());
  for (std::size_t at = 0; at < above.size(); ++at) {
    const std::size_t round = draw(random);
    some_above[at] = above[round];
    some_below[at] = below[round];
  }
  return median(std::move(some_above)) / median(std::move(some_below));
}

}  // namespace

Ratio geometric_mean(const std::vector<std::pair<Samples, Samples>>& pairs) {
  constexpr std::size_t kResamples = 2000;
  const auto count = static_cast<double>(pairs.size());
  std::mt19937 random(1);  // the same samples give the same interval
  std::vector<double> means;
  for (std::size_t n = 0; n < kResamples; ++n) {
    double sum = 0;
    for (const auto& [above, below] : pairs) sum += std::log(resampled_ratio(above, below, random));
    means.push_back(std::exp(sum / count));
  }
  std::ranges::sort(means);
  double sum = 0;
  for (const auto& [above, below] : pairs) {
    EXPECT(above.size() == below.size());
    sum += std::log(median(above) / median(below));
  }
  return {std::exp(sum / count), means[kResamples / 40], means[kResamples * 39 / 40]};
}

u64 thread_ns() {
  struct timespec now {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

}  // namespace skep::bench
