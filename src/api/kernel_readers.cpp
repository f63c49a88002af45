#include "api/kernel_readers.hpp"

#include <poll.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/perf_buffer.hpp"
#include "kernel/ring.hpp"

namespace skep::detail {
namespace {

Reader::Woken sleep_on(int fd, std::chrono::milliseconds most) {
  pollfd waiting{fd, POLLIN, 0};
  const int answer = ::poll(&waiting, 1, static_cast<int>(most.count()));
  return answer < 0 && errno == EINTR ? Reader::Woken::by_signal : Reader::Woken::look;
}

class KernelRing final : public Reader {
 public:
  KernelRing(std::string name, kernel::Ring ring)
      : name_(std::move(name)), ring_(std::move(ring)) {}
  u64 drain(const Take& take) override { return ring_.drain(take); }
  Result<u64> lost() const override {
    return Error(Fault::unsupported,
                 format("ring {}: the kernel does not count records that found it full", name_),
                 "let the program count: bpf_ringbuf_reserve() returns null, "
                 "bpf_ringbuf_output() an error");
  }
  bool has_records() const override { return ring_.bytes_waiting() != 0; }
  // A program may tell the kernel not to wake us (BPF_RB_NO_WAKEUP).
  Woken sleep(std::chrono::milliseconds most) const override {
    return sleep_on(ring_.fd(), std::min(most, kernel::PerfBuffer::kLookEvery));
  }
  Result<int> fd() const override { return ring_.fd(); }

 private:
  std::string name_;
  kernel::Ring ring_;
};

class KernelPerfBuffer final : public Reader {
 public:
  KernelPerfBuffer(kernel::PerfBuffer buffer, Fd all)
      : buffer_(std::move(buffer)), all_(std::move(all)) {}
  u64 drain(const Take& take) override { return buffer_.drain(take); }
  Result<u64> lost() const override { return buffer_.lost(); }
  bool has_records() const override { return buffer_.has_events(); }
  Woken sleep(std::chrono::milliseconds most) const override {
    return sleep_on(all_.get(), std::min(most, kernel::PerfBuffer::kLookEvery));
  }
  Result<int> fd() const override { return all_.get(); }

 private:
  kernel::PerfBuffer buffer_;
  Fd all_;  // an epoll of the CPUs' rings
};

// One descriptor that is readable when one of `fds` is.
Result<Fd> epoll_of(const std::vector<int>& fds, const std::string& map) {
  const int raw = ::epoll_create1(EPOLL_CLOEXEC);
  if (raw < 0) return system_error("wait for", map, errno);
  Fd all = Fd::adopt(raw);
  for (const int each : fds) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(all.get(), EPOLL_CTL_ADD, each, &event) != 0)
      return system_error("wait for", map, errno);
  }
  return all;
}

}  // namespace

Result<std::unique_ptr<Reader>> open_reader(const kernel::Map& map) {
  const platform::MapSpec& spec = map.spec();
  if (spec.kind == platform::MapKind::ringbuf) {
    return std::unique_ptr<Reader>(
        std::make_unique<KernelRing>(spec.name, TRY(kernel::Ring::open(map))));
  }
  if (spec.kind != platform::MapKind::perf_event_array) return std::unique_ptr<Reader>();
  auto buffer = TRY(kernel::PerfBuffer::open(map));
  Fd all = TRY(epoll_of(buffer.fds(), spec.name));
  return std::unique_ptr<Reader>(
      std::make_unique<KernelPerfBuffer>(std::move(buffer), std::move(all)));
}

}  // namespace skep::detail
