#include "maps/lock.hpp"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace skep::maps {
namespace {

std::atomic<u32> cached_process = 0;

u32 look_up_process() {
  static const int registered = ::pthread_atfork(nullptr, nullptr, [] { cached_process = 0; });
  static_cast<void>(registered);
  const u32 self = static_cast<u32>(::getpid());
  cached_process.store(self, std::memory_order_relaxed);
  return self;
}

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

bool is_dead(u32 process) { return ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH; }

}  // namespace

u32 this_process() {
  const u32 self = cached_process.load(std::memory_order_relaxed);
  return self != 0 ? self : look_up_process();
}

Taken take_slowly(std::atomic<u32>& word, u32 self) {
  constexpr u32 kSpinsBeforeYield = 64, kYieldsBeforeLook = 64;
  for (u32 round = 1;; ++round) {
    u32 holder = word.load(std::memory_order_relaxed);
    if (holder == 0) {
      if (word.compare_exchange_weak(holder, self, std::memory_order_acquire)) return Taken::free;
      continue;
    }
    if (round % kSpinsBeforeYield != 0) {
      pause_briefly();
      continue;
    }
    ::sched_yield();
    if (round % (kSpinsBeforeYield * kYieldsBeforeLook) != 0 || !is_dead(holder)) continue;
    if (word.compare_exchange_strong(holder, self, std::memory_order_acquire)) return Taken::over;
  }
}

}  // namespace skep::maps
