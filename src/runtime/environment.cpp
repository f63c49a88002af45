#include "runtime/environment.hpp"

#include <sys/random.h>
#include <time.h>

#include <atomic>

#include "maps/map.hpp"

namespace skep::runtime {
namespace {

// One step of splitmix64: every counter value becomes a number that looks like chance.
u64 mixed(u64 counter) {
  u64 z = counter * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

u64 clock_ns(clockid_t clock) {
  struct timespec now {};
  ::clock_gettime(clock, &now);
  return static_cast<u64>(now.tv_sec) * 1'000'000'000 + static_cast<u64>(now.tv_nsec);
}

// ---- the machine
// -------------------------------------------------------------------------------------------------

std::atomic<u32> slots_taken = 0;  // a bit for each CPU slot that a thread of this process has

u32 claim_slot() {
  u32 taken = slots_taken.load(std::memory_order_relaxed);
  for (;;) {
    const u32 slot = static_cast<u32>(__builtin_ctz(~taken));
    if (slot >= maps::kCpuSlots) return maps::kCpuSlots;
    if (slots_taken.compare_exchange_weak(taken, taken | 1u << slot, std::memory_order_acquire))
      return slot;
  }
}

// The slot of a thread, given back when the thread ends. A thread that found none looks again the
// next time.
struct ThreadSlot {
  u32 number = maps::kCpuSlots;
  ~ThreadSlot() {
    if (number < maps::kCpuSlots) slots_taken.fetch_and(~(1u << number), std::memory_order_release);
  }
};
thread_local ThreadSlot thread_slot;

u64 seed_from_system() {
  u64 seed = 0;
  if (::getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) seed = clock_ns(CLOCK_MONOTONIC);
  return seed | 1;
}
thread_local u64 thread_random = 0;

class Real final : public Environment {
 public:
  u64 monotonic_ns() override {
    return event_time_ns_ != 0 ? event_time_ns_ : clock_ns(CLOCK_MONOTONIC);
  }
  u64 boot_ns() override { return event_time_ns_ != 0 ? event_time_ns_ : clock_ns(CLOCK_BOOTTIME); }
  u64 tai_ns() override { return event_time_ns_ != 0 ? event_time_ns_ : clock_ns(CLOCK_TAI); }

  u32 random() override {  // xorshift64*
    u64 state = thread_random != 0 ? thread_random : seed_from_system();
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    thread_random = state;
    return static_cast<u32>((state * 0x2545f4914f6cdd1d) >> 32);
  }

  u32 cpu() override {
    if (thread_slot.number == maps::kCpuSlots) thread_slot.number = claim_slot();
    return thread_slot.number;
  }
};

// ---- the same every time
// -----------------------------------------------------------------------------------------

class Deterministic final : public Environment {
 public:
  u64 monotonic_ns() override { return look(); }
  u64 boot_ns() override { return look(); }
  u64 tai_ns() override { return look(); }
  u32 random() override {
    return static_cast<u32>(mixed(draws_.fetch_add(1, std::memory_order_relaxed) + 1) >> 32);
  }
  u32 cpu() override { return 0; }

 private:
  u64 look() {
    constexpr u64 kStepNs = 1000;
    if (event_time_ns_ != 0) return event_time_ns_;
    return looks_.fetch_add(1, std::memory_order_relaxed) * kStepNs;
  }
  std::atomic<u64> looks_ = 0;
  std::atomic<u64> draws_ = 0;
};

}  // namespace

std::unique_ptr<Environment> real_environment() { return std::make_unique<Real>(); }
std::unique_ptr<Environment> deterministic_environment() {
  return std::make_unique<Deterministic>();
}

}  // namespace skep::runtime
