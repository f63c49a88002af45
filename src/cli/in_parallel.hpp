// Independent pieces of work on several threads.
#pragma once

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/types.hpp"

namespace skep::cli {

// Calls work(0) to work(count - 1), each once, on `jobs` threads of which this is one; each thread
// takes the next piece that nobody has. Returns when all are done.
template <class Work>
void in_parallel(std::size_t count, u64 jobs, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t at; (at = next.fetch_add(1)) < count;) work(at);
  };
  std::vector<std::jthread> threads;
  for (u64 n = 1; n < jobs && n < count; ++n) threads.emplace_back(take);
  take();
}

}  // namespace skep::cli
