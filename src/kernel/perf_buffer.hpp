// Reads perf buffers: BPF_MAP_TYPE_PERF_EVENT_ARRAY, a ring a CPU.
//
// The kernel wakes the reader when a quarter of a ring is full, not at every event: a wake-up costs
// more than a hundred events. Who reads looks at the rings by time too (kLookEvery), so that a lone
// event is not kept waiting. What the kernel had no room for it counts, and so do we. Source:
// perf_event_open(2), bpf_perf_event_output() in kernel/trace/bpf_trace.c.
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <vector>

#include "base/fd.hpp"
#include "base/mapping.hpp"
#include "kernel/map.hpp"

namespace skep::kernel {

class PerfBuffer {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{100};
  static constexpr u32 kPages = 64;  // of a CPU's ring, a power of two

  // Makes a ring for each CPU that runs and puts it into the map. Fault::usage when it is no such
  // map, Fault::exhausted when the user may lock no more memory.
  static Result<PerfBuffer> open(const Map& map, u32 pages = kPages);

  // Hands the events that are there to `take`, CPU by CPU. How many there were.
  u64 drain(const std::function<void(std::span<const std::byte>)>& take);
  bool has_events() const;            // some that drain() would read
  u64 lost() const { return lost_; }  // events that found their ring full
  std::vector<int> fds() const;       // for epoll(7)

 private:
  struct CpuRing {
    Fd event;
    Mapping memory;  // a page of positions, then the records
  };
  u64 drain(CpuRing& ring, const std::function<void(std::span<const std::byte>)>& take);

  std::vector<CpuRing> rings_;
  std::vector<std::byte> whole_;  // a record that crosses the end of its ring
  u64 lost_ = 0;
};

}  // namespace skep::kernel
