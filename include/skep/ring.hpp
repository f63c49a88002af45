// What programs send: records of ring buffers, in both engines, and of the kernel's perf buffers
// (BPF_MAP_TYPE_PERF_EVENT_ARRAY).
//
// One thread at a time reads a ring; programs may write meanwhile. Who has nothing else to do calls
// wait() and drain() in turn; who waits for other things too polls fd().
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstring>
#include <functional>
#include <utility>

#include "skep/named.hpp"

namespace skep {

// Records of any size.
class RingBytes {
 public:
  explicit RingBytes(detail::Named at) : at_(std::move(at)) {}
  // Hands every record that is there to `take` and gives its space back; how many there were.
  Result<std::uint64_t> drain(const std::function<void(std::span<const std::byte>)>& take);
  // Sleeps until there is something to drain, for `most` at the most. False: there is nothing, as
  // the time is over or a signal was handled. What a program has reserved and not submitted counts
  // as something. The kernel wakes the reader of a ring buffer; the rings of the user engine are
  // looked at every millisecond, perf buffers every tenth of a second.
  Result<bool> wait(std::chrono::milliseconds most) const;
  // A descriptor for poll(2) and epoll(7), readable when there are records; it stays the App's. Of
  // perf buffers it is readable when a quarter of one CPU's part is full, so they want to be
  // drained by time too. Fault::unsupported in the user engine, where no program runs unless
  // somebody calls it.
  Result<int> fd() const;
  // Records for which there was no room. The kernel counts those of perf buffers, as the reader
  // comes to them; of ring buffers it does not (Fault::unsupported).
  Result<std::uint64_t> lost() const;

 private:
  detail::Named at_;
};

// Records of one type.
template <Plain T>
class Ring {
 public:
  explicit Ring(detail::Named at) : bytes_(std::move(at)) {}
  // Hands the records that are there to `take`, in order, and says how many. Those that are shorter
  // than T are left out, and told as Fault::malformed when the others were taken.
  template <class Take>
  Result<std::uint64_t> drain(Take take) {
    std::uint64_t shorter = 0;
    const std::uint64_t count = TRY(bytes_.drain([&](std::span<const std::byte> record) {
      T one{};
      if (record.size() < sizeof(T)) {
        ++shorter;
        return;
      }
      std::memcpy(&one, record.data(), sizeof(T));
      take(std::as_const(one));
    }));
    if (shorter == 0) return count;
    return Error(Fault::malformed, std::to_string(shorter) + " of " + std::to_string(count) +
                                       " records are shorter than " + std::to_string(sizeof(T)) +
                                       " bytes");
  }
  Result<bool> wait(std::chrono::milliseconds most) const { return bytes_.wait(most); }
  Result<int> fd() const { return bytes_.fd(); }
  Result<std::uint64_t> lost() const { return bytes_.lost(); }

 private:
  RingBytes bytes_;
};

}  // namespace skep
