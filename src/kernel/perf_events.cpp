#include "kernel/perf_events.hpp"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "kernel/tracefs.hpp"

namespace skep::kernel {
namespace {

Result<Fd> open_event(perf_event_attr event, Scope scope, const Attachment& at,
                      std::string_view where) {
  const long raw =
      ::syscall(__NR_perf_event_open, &event, scope.pid, scope.cpu, -1, PERF_FLAG_FD_CLOEXEC);
  if (raw >= 0) return Fd::adopt(static_cast<int>(raw));
  if (errno == ENOENT) return Error(Fault::absent, format("this machine has no event {}", where));
  return refused(format("make the event {}", where), errno, at.needs());
}

// Binds the program to an event, whatever the kernel has for it.
Result<void> bind(const Attachment& at, Fd event, Link& link) {
  platform::CreateLink create{};
  create.target = static_cast<u32>(event.get());
  create.attach_type = platform::kernel_number(platform::AttachType::perf_event);
  create.program_fd = static_cast<u32>(at.descriptor());
  create.perf_event.cookie = at.place.cookie;
  const s64 made = bpf(Command::create_link, create);
  if (made >= 0) {
    link.hold_link(Fd::adopt(static_cast<int>(made)));
  } else if (::ioctl(event.get(), PERF_EVENT_IOC_SET_BPF, at.descriptor()) != 0) {
    return refused(format("attach to {}", link.where()), static_cast<int>(-made), at.needs());
  }
  if (::ioctl(event.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
    return refused(format("start the event {}", link.where()), errno, at.needs());
  }
  link.hold(std::move(event));
  return {};
}

}  // namespace

perf_event_attr new_event(u32 type, u64 config) {
  perf_event_attr event;
  std::memset(&event, 0, sizeof(event));
  event.size = sizeof(event);
  event.type = type;
  event.config = config;
  return event;
}

Result<void> add_event(const Attachment& at, perf_event_attr event, Scope scope, Link& link) {
  return bind(at, TRY(open_event(event, scope, at, link.where())), link);
}

Result<Link> attach_to(const Attachment& at, perf_event_attr event, Scope scope,
                       std::string where) {
  Link link = at.link(std::move(where));
  TRY(add_event(at, event, scope, link));
  return link;
}

Result<Link> attach_tracepoint(const Attachment& at) {
  const u64 id = TRY(tracepoint_id(at.target.place, at.target.name));
  return attach_to(at, new_event(PERF_TYPE_TRACEPOINT, id), {}, at.target.text);
}

}  // namespace skep::kernel
