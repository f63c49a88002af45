// A lock inside a segment that survives the death of its holder.
//
// The word holds the process that has the lock, or 0. Who waits long looks whether that process is
// still alive, and takes the lock over if not; what the dead one left half-made is for the caller
// to repair (Taken::over). Threads do not die inside: programs and owners hold it for a few stores.
#pragma once

#include <atomic>

#include "base/types.hpp"

namespace skep::maps {

enum class Taken : u8 { free, over };  // over: from a holder that is dead

// The calling process, as it stands in lock words; cached, and right after fork(2).
u32 this_process();

Taken take_slowly(std::atomic<u32>& word, u32 self);

class Lock {
 public:
  explicit Lock(std::atomic<u32>& word) : word_(word) {
    const u32 self = this_process();
    u32 nobody = 0;
    if (word_.compare_exchange_strong(nobody, self, std::memory_order_acquire)) [[likely]]
      return;
    taken_ = take_slowly(word_, self);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() { word_.store(0, std::memory_order_release); }

  Taken taken() const { return taken_; }

 private:
  std::atomic<u32>& word_;
  Taken taken_ = Taken::free;
};

}  // namespace skep::maps
