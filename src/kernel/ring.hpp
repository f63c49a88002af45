// Reads the ring buffers of the kernel: BPF_MAP_TYPE_RINGBUF, shared by all CPUs.
//
// The kernel's pages are read in place: the producer's position, then records of an 8-byte header
// and data, mapped twice in a row so that no record is cut. What was read is given back to the
// kernel a batch at a time instead of a record at a time: the position of the reader is a cache
// line that every producer looks at. Layout: kernel/bpf/ringbuf.c.
#pragma once

#include <atomic>
#include <span>

#include "base/mapping.hpp"
#include "kernel/map.hpp"

namespace skep::kernel {

class Ring {
 public:
  // Fault::usage when it is no ring buffer.
  static Result<Ring> open(const Map& map);

  // Hands the records that are complete to `take`, in order, and gives their space back. How many
  // there were. `take` is called with std::span<const std::byte>, which is valid during the call.
  template <class Take>
  u64 drain(Take&& take);

  int fd() const { return fd_; }  // of the map, for epoll(7): readable when there are records
  u64 bytes_waiting() const { return producer().load(std::memory_order_acquire) - position_; }

 private:
  Ring(int fd, u64 bytes, Mapping reader, Mapping records)
      : fd_(fd), mask_(bytes - 1), reader_(std::move(reader)), records_(std::move(records)) {
    position_ = consumer().load(std::memory_order_relaxed);
  }

  static constexpr u32 kBusy = 1u << 31, kDiscarded = 1u << 30;
  static constexpr u64 kHeaderBytes = 8;
  static constexpr u64 kAhead = 2048;  // bytes, inside of the second copy at the end of the ring

  std::atomic_ref<u64> consumer() const {
    return std::atomic_ref<u64>(
        *reinterpret_cast<u64*>(const_cast<std::byte*>(reader_.bytes().data())));
  }
  std::atomic_ref<u64> producer() const {
    return std::atomic_ref<u64>(
        *reinterpret_cast<u64*>(const_cast<std::byte*>(records_.bytes().data())));
  }
  int fd_;
  u64 mask_;
  u64 position_ = 0;
  u64 page_bytes_ = page_size();
  Mapping reader_;   // one page, which we write
  Mapping records_;  // the producer's page, then the records, twice

  static u64 page_size();
};

// Where a record begins depends on the lengths of all before it, which the CPU would have to load
// one after the other. Records of one ring are mostly of one length: so the next one is taken to be
// as far away as the last one was, which the CPU can work ahead with while it checks it.
template <class Take>
u64 Ring::drain(Take&& take) {
  // As much as may wait before a producer finds the ring full for our laziness.
  const u64 mask = mask_, batch = (mask + 1) / 8;
  const std::byte* const records = records_.bytes().data() + page_bytes_;
  u64 count = 0;
  u64 at = position_, given_back = position_, usual_step = 0;
  u64 end = producer().load(std::memory_order_acquire);
  while (at < end) {
    const std::byte* record = records + (at & mask);
    __builtin_prefetch(record + kAhead);
    const u32 length = std::atomic_ref<u32>(*reinterpret_cast<u32*>(const_cast<std::byte*>(record)))
                           .load(std::memory_order_acquire);
    if ((length & kBusy) != 0) break;  // reserved, not submitted
    const u32 bytes = length & ~kDiscarded;
    if ((length & kDiscarded) == 0) [[likely]] {
      take(std::span(record + kHeaderBytes, bytes));
      ++count;
    }
    const u64 step = (u64{bytes} + kHeaderBytes + 7) & ~u64{7};
    u64 guess = usual_step;
    asm(""
        : "+r"(
            guess));  // or the compiler, knowing that they are equal, adds `step` and waits for it
    if (step != guess) [[unlikely]]
      usual_step = step;
    at += usual_step;
    if (at - given_back >= batch) consumer().store(given_back = at, std::memory_order_release);
    if (at >= end) end = producer().load(std::memory_order_acquire);
  }
  if (at != given_back) consumer().store(at, std::memory_order_release);
  position_ = at;
  return count;
}

}  // namespace skep::kernel
