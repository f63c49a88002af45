#include "kernel/perf_buffer.hpp"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr Capabilities kNeeds = kBpf | kPerfmon;

u64 page_bytes() { return static_cast<u64>(::sysconf(_SC_PAGESIZE)); }

perf_event_attr output_event(u64 ring_bytes) {
  perf_event_attr event;
  std::memset(&event, 0, sizeof(event));
  event.size = sizeof(event);
  event.type = PERF_TYPE_SOFTWARE;
  event.config = PERF_COUNT_SW_BPF_OUTPUT;
  event.sample_type = PERF_SAMPLE_RAW;
  event.watermark = 1;
  event.wakeup_watermark = static_cast<u32>(ring_bytes / 4);
  return event;
}

// perf_mmap() in kernel/events/core.c: EPERM says that a limit is reached.
Error not_mapped(const Map& map, u64 bytes, Error error) {
  error = std::move(error).within(format("perf buffer {}", map.spec().name));
  if (error.fault != Fault::denied) return error;
  return {Fault::exhausted,
          format("cannot make the perf buffer {}: {} KiB a CPU are more memory than this user may "
                 "lock",
                 map.spec().name, bytes / 1024),
          "raise the limit (ulimit -l, or the sysctl kernel.perf_event_mlock_kb), or give the "
          "process CAP_IPC_LOCK"};
}

}  // namespace

Result<PerfBuffer> PerfBuffer::open(const Map& map, u32 pages) {
  if (map.spec().kind != platform::MapKind::perf_event_array) {
    return Error(Fault::usage, format("map {} is no perf event array", map.spec().name));
  }
  PerfBuffer out;
  const u64 bytes = pages * page_bytes();
  perf_event_attr event = output_event(bytes);
  for (const u32 cpu : TRY(online_cpus())) {
    if (cpu >= map.spec().max_entries) break;
    const long raw = ::syscall(__NR_perf_event_open, &event, -1, static_cast<int>(cpu), -1,
                               PERF_FLAG_FD_CLOEXEC);
    if (raw < 0 && errno == ENODEV) continue;  // one that was switched off just now
    if (raw < 0) return refused(format("read the perf buffer {}", map.spec().name), errno, kNeeds);
    Fd descriptor = Fd::adopt(static_cast<int>(raw));
    auto mapped = Mapping::of_descriptor(descriptor, 0, page_bytes() + bytes, Writable::yes);
    if (!mapped.ok()) return not_mapped(map, bytes, std::move(mapped).error());
    const le32 key = cpu, value = static_cast<u32>(descriptor.get());
    TRY(update_element(map.fd(), &key, &value,
                       format("open map {} on CPU {}", map.spec().name, cpu)));
    if (::ioctl(descriptor.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
      return refused(format("start the perf buffer {}", map.spec().name), errno, kNeeds);
    }
    out.rings_.push_back({std::move(descriptor), std::move(*mapped)});
  }
  return out;
}

std::vector<int> PerfBuffer::fds() const {
  std::vector<int> out;
  for (const CpuRing& each : rings_) out.push_back(each.event.get());
  return out;
}

bool PerfBuffer::has_events() const {
  return std::ranges::any_of(rings_, [](const CpuRing& each) {
    const std::byte* start = each.memory.bytes().data();
    auto* page =
        reinterpret_cast<perf_event_mmap_page*>(const_cast<std::byte*>(start));  // for atomic_ref
    return std::atomic_ref<__u64>(page->data_head).load(std::memory_order_acquire) !=
           page->data_tail;
  });
}

u64 PerfBuffer::drain(const std::function<void(std::span<const std::byte>)>& take) {
  u64 count = 0;
  for (CpuRing& each : rings_) count += drain(each, take);
  return count;
}

u64 PerfBuffer::drain(CpuRing& ring, const std::function<void(std::span<const std::byte>)>& take) {
  auto* page = reinterpret_cast<perf_event_mmap_page*>(ring.memory.writable().data());
  const std::byte* records = ring.memory.bytes().data() + page_bytes();
  const u64 size = ring.memory.size() - page_bytes();
  const u64 head = std::atomic_ref<__u64>(page->data_head).load(std::memory_order_acquire);
  u64 tail = page->data_tail;
  u64 count = 0;
  while (tail < head) {
    const u64 at = tail % size;
    perf_event_header header;
    std::memcpy(&header, records + at, sizeof(header));  // aligned to 8 bytes: never cut
    if (header.size < sizeof(header)) break;
    const std::byte* record = records + at;
    if (at + header.size > size) {
      whole_.assign(record, records + size);
      whole_.insert(whole_.end(), records, records + (header.size - (size - at)));
      record = whole_.data();
    }
    u32 bytes = 0;
    u64 lost = 0;
    if (header.type == PERF_RECORD_SAMPLE) {
      std::memcpy(&bytes, record + sizeof(header), sizeof(bytes));
      take(std::span(record + sizeof(header) + sizeof(bytes), bytes));
      ++count;
    } else if (header.type == PERF_RECORD_LOST) {
      std::memcpy(&lost, record + sizeof(header) + sizeof(u64), sizeof(lost));
      lost_ += lost;
    }
    tail += header.size;
  }
  std::atomic_ref<__u64>(page->data_tail).store(tail, std::memory_order_release);
  return count;
}

}  // namespace skep::kernel
