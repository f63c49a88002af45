// What a program can learn of the world: time, chance, and which CPU it is on.
//
// Everything that would make two runs of the same input differ comes from an Environment, so that
// tests, replay and
// --deterministic can put another one in its place. It also takes the text of bpf_trace_printk.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/types.hpp"

namespace skep::runtime {

class Environment {
 public:
  virtual ~Environment() = default;
  virtual u64
  monotonic_ns() = 0;  // bpf_ktime_get_ns; while packets of a capture are fed: the packet's time
  virtual u64 boot_ns() = 0;  // bpf_ktime_get_boot_ns
  virtual u64 tai_ns() = 0;   // bpf_ktime_get_tai_ns
  virtual u32 random() = 0;   // bpf_get_prandom_u32
  virtual u32 cpu() = 0;      // bpf_get_smp_processor_id; below maps::kCpuSlots

  // Hooks that replay recorded events set the time of the event that comes next, in ns since the
  // epoch; all three clocks then show it. 0 goes back to the environment's own clock.
  void set_event_time(u64 ns) { event_time_ns_ = ns; }

  std::function<void(std::string_view line)> trace = [](std::string_view) {};

 protected:
  u64 event_time_ns_ = 0;
};

// The machine's clocks, the thread's slot as CPU, random numbers from the operating system's seed.
std::unique_ptr<Environment> real_environment();
// Starts at 0, advances 1 us a look; a fixed seed; CPU 0. The same input gives the same run.
std::unique_ptr<Environment> deterministic_environment();

}  // namespace skep::runtime
