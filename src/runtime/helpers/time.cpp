// Clocks, chance and the CPU's number: all from the Environment.
#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {
namespace {

constexpr u64 kTickNs = 4'000'000;  // CONFIG_HZ=250, as distributions build
constexpr u64 kFirstJiffies =
    0x1'0000'0000 - u64{300} * 250;  // INITIAL_JIFFIES: five minutes before 32 bits run over

Environment& environment_of(void* execution) { return *execution_of(execution).environment; }

}  // namespace

u64 ktime_get_ns(u64, u64, u64, u64, u64, void* execution) {
  return environment_of(execution).monotonic_ns();
}
u64 ktime_get_boot_ns(u64, u64, u64, u64, u64, void* execution) {
  return environment_of(execution).boot_ns();
}
u64 ktime_get_tai_ns(u64, u64, u64, u64, u64, void* execution) {
  return environment_of(execution).tai_ns();
}

u64 ktime_get_coarse_ns(u64, u64, u64, u64, u64, void* execution) {
  const u64 now = environment_of(execution).monotonic_ns();
  return now - now % kTickNs;
}

u64 jiffies64(u64, u64, u64, u64, u64, void* execution) {
  return kFirstJiffies + environment_of(execution).monotonic_ns() / kTickNs;
}

u64 get_prandom_u32(u64, u64, u64, u64, u64, void* execution) {
  return environment_of(execution).random();
}
u64 get_smp_processor_id(u64, u64, u64, u64, u64, void* execution) {
  return execution_of(execution).cpu;
}
u64 get_numa_node_id(u64, u64, u64, u64, u64, void*) { return 0; }

}  // namespace skep::runtime::helpers
