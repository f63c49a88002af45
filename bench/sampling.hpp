// Measurements that can be compared although the machine is never quiet.
//
// Contenders are run in turn, round after round, each round beginning with another one, so that
// what disturbs the machine disturbs all of them. What is compared is medians; a ratio of medians
// comes with the interval that holds 95% of the ratios of resampled rounds (bootstrap, percentile
// method, rounds drawn whole). Times of our own code are CPU time of the thread, as the kernel
// leaves out of a test-run's duration what it spent on others.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::bench {

using Samples = std::vector<double>;

struct Contender {
  std::string name;
  std::function<Result<double>()> run;  // one measurement
};

// Samples of each contender, by its number: `rounds` each, after one that is thrown away.
Result<std::vector<Samples>> interleave(const std::vector<Contender>& contenders, u32 rounds);

double median(Samples samples);

struct Ratio {
  double value = 0;
  double low = 0;
  double high = 0;
};

// median(above) / median(below), of samples of the same rounds.
Ratio ratio_of_medians(const Samples& above, const Samples& below);

// The geometric mean of ratio_of_medians() of each pair (above, below), with the interval of the
// same kind.
Ratio geometric_mean(const std::vector<std::pair<Samples, Samples>>& pairs);

// CPU time of the calling thread.
u64 thread_ns();

}  // namespace skep::bench
