// Hooks that bpf(2) attaches to by itself: raw tracepoints, functions and tracepoints with types,
// LSM hooks, functions of other programs, iterators.
#include <fcntl.h>

#include <cerrno>

#include "base/text.hpp"
#include "kernel/attachers.hpp"

namespace skep::kernel {
namespace {

// Raw tracepoints take a name; programs that said at load time what they are attached to take none.
Result<Fd> open_raw(const Attachment& at, const char* name, std::string_view where) {
  platform::OpenRawTracepoint open{};
  open.name = platform::address_of(name);
  open.program_fd = static_cast<u32>(at.descriptor());
  open.cookie = at.place.cookie;
  const s64 returned = bpf(Command::open_raw_tracepoint, open);
  if (returned == -ENOENT) {
    return Error(
        Fault::absent, format("this kernel has no tracepoint {}", where),
        "/sys/kernel/tracing/events lists them; a raw tracepoint is named without its folder");
  }
  return descriptor(returned, format("attach to {}", where), at.needs());
}

}  // namespace

Result<Fd> create_link(const Attachment& at, platform::CreateLink create, std::string_view where) {
  create.program_fd = static_cast<u32>(at.descriptor());
  const s64 returned = bpf(Command::create_link, create);
  if (returned == -EBUSY) {
    return Error(Fault::usage, format("{} is taken by another program", where),
                 "skep link list shows by which one");
  }
  return descriptor(returned, format("attach to {}", where), at.needs());
}

Result<Link> attach_raw_tracepoint(const Attachment& at) {
  Link link = at.link(at.target.name);
  link.hold_link(TRY(open_raw(at, at.target.name.c_str(), at.target.name)));
  return link;
}

Result<Link> attach_tracing(const Attachment& at) {
  Link link = at.link(at.target.text);
  link.hold_link(TRY(open_raw(at, nullptr, at.target.text)));
  return link;
}

Result<Link> attach_iterator(const Attachment& at) {
  platform::CreateLink create{};
  create.attach_type = at.attach_type(platform::AttachType::trace_iter);
  Link link = at.link(at.target.name);
  link.hold_link(TRY(create_link(at, create, at.target.name)));
  return link;
}

Result<Link> attach_lsm_cgroup(const Attachment& at) {
  const Fd cgroup = TRY(Fd::open(at.place.cgroup, O_RDONLY | O_DIRECTORY));
  platform::CreateLink create{};
  create.target = static_cast<u32>(cgroup.get());
  create.attach_type = at.attach_type(platform::AttachType::lsm_cgroup);
  Link link = at.link(format("{} in {}", at.target.name, at.place.cgroup));
  link.hold_link(TRY(create_link(at, create, link.where())));
  return link;
}

}  // namespace skep::kernel
