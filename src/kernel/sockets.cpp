// Programs at sockets: at the sockets in a map, at one socket, and at an infrared receiver, which
// is much alike: a descriptor that a program is attached to.
//
// A map's program is taken over by a socket when that is put into the map, and stays with it:
// attach first, then put sockets in; after the Link is gone, sockets keep the program until they
// leave the map or are closed.
//
// One socket is named PID:DESCRIPTOR. Its descriptor is copied for as long as setsockopt(2) takes:
// held, it would keep a connection open that its process has closed. What is to be detached is
// found again by the same name, and by SO_COOKIE whether it is the same socket.
// Source: socket(7), pidfd_getfd(2), net/core/sock_map.c, net/core/filter.c,
// drivers/media/rc/bpf-lirc.c.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/refusals.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;
using platform::MapKind;
using platform::ProgramType;

// BPF_PROG_ATTACH to a descriptor, for hooks without links, and BPF_PROG_DETACH.
s64 change(Command command, int target, int program, u32 type) {
  platform::Attach attach{};
  attach.target_fd = static_cast<u32>(target);
  attach.program_fd = static_cast<u32>(program);
  attach.attach_type = type;
  return bpf(command, attach);
}

struct Held {
  Fd target, program;
};

// Copies that live as long as the undoing of a Link.
Result<std::shared_ptr<const Held>> hold(int target, int program) {
  const int copies[] = {::fcntl(target, F_DUPFD_CLOEXEC, 0), ::fcntl(program, F_DUPFD_CLOEXEC, 0)};
  if (copies[0] < 0 || copies[1] < 0) return system_error("copy", "a descriptor", errno);
  return std::make_shared<const Held>(Fd::adopt(copies[0]), Fd::adopt(copies[1]));
}

Result<const LoadedMap*> map_of_sockets(const Attachment& at) {
  const auto is_one = [](const LoadedMap& map) {
    return map.spec().kind == MapKind::sockmap || map.spec().kind == MapKind::sockhash;
  };
  std::vector<std::string_view> names;
  for (const LoadedMap& each : at.app.maps()) {
    if (!is_one(each)) continue;
    if (at.place.target.empty() || at.place.target == each.spec().name) return &each;
    names.push_back(each.spec().name);
  }
  if (names.empty()) {
    return Error(Fault::usage, "the object has no map of sockets to attach to",
                 "define one of type BPF_MAP_TYPE_SOCKMAP or BPF_MAP_TYPE_SOCKHASH");
  }
  const std::string near = did_you_mean(at.place.target, names);
  return Error(
      Fault::absent, format("the object has no map of sockets named {}", at.place.target),
      near.empty() ? format("there is {}", join({names.begin(), names.end()}, ", ")) : near);
}

Error sock_map_refused(const Attachment& at, const LoadedMap& map, u32 type, s64 returned) {
  if (returned != -EBUSY && returned != -EOPNOTSUPP) {
    return not_attached(
        at, {map.spec().name, static_cast<int>(-returned), "such a hook of maps of sockets", {}});
  }
  const auto there = attached_to(static_cast<u32>(map.fd().get()), type);
  return taken(format("map {}", map.spec().name), there.ok() ? there->programs : std::vector<u32>(),
               "a map of sockets runs one program of a kind, and either sk_skb/verdict or "
               "sk_skb/stream_verdict");
}

// Before links: programs stay until they are detached, which matters for maps that are pinned.
Result<Link> attach_old_sock_map(const Attachment& at, const LoadedMap& map, u32 type) {
  const auto there = attached_to(static_cast<u32>(map.fd().get()), type);
  if (there.ok() && !there->programs.empty()) return sock_map_refused(at, map, type, -EBUSY);
  const auto held = TRY(hold(map.fd().get(), at.descriptor()));
  Link link = at.link(format("map {}", map.spec().name));
  TRY(link.undo_with(
      [held, type] { change(Command::detach, held->target.get(), held->program.get(), type); },
      {held->target.get(), held->program.get()}));
  const s64 returned = change(Command::attach, map.fd().get(), at.descriptor(), type);
  if (returned < 0) return sock_map_refused(at, map, type, returned);
  return link;
}

int raw_socket(u32 process, int descriptor, int& error) {
  const long handle = ::syscall(SYS_pidfd_open, process, 0);
  if (handle < 0) {
    error = errno;
    return -1;
  }
  const Fd closes = Fd::adopt(static_cast<int>(handle));
  const long copy = ::syscall(SYS_pidfd_getfd, closes.get(), descriptor, 0);
  error = copy < 0 ? errno : 0;
  return static_cast<int>(copy);
}

// PID:DESCRIPTOR, and which socket it was.
struct SocketName {
  u32 process = 0;
  int descriptor = 0;
  u64 cookie = 0;
};

Result<u64> cookie_of(const Fd& socket, const std::string& text) {
  u64 cookie = 0;
  socklen_t bytes = sizeof(cookie);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &cookie, &bytes) == 0) return cookie;
  return Error(Fault::usage, format("{} is no socket", text),
               "ls -l /proc/PID/fd shows which descriptors are");
}

Result<SocketName> parse_socket(const std::string& text) {
  const std::size_t colon = text.find(':');
  const auto process = parse_unsigned(text.substr(0, colon));
  const auto descriptor =
      colon == std::string::npos ? std::nullopt : parse_unsigned(text.substr(colon + 1));
  if (!process || !descriptor || *process > INT32_MAX || *descriptor > INT32_MAX) {
    return Error(Fault::usage, format("{} names no socket", text),
                 "it is written PID:DESCRIPTOR, as in 4711:3; ls -l /proc/PID/fd shows them");
  }
  return SocketName{static_cast<u32>(*process), static_cast<int>(*descriptor)};
}

Result<Fd> open_socket(const SocketName& name, const std::string& text) {
  int error = 0;
  const int raw = raw_socket(name.process, name.descriptor, error);
  if (raw >= 0) return Fd::adopt(raw);
  if (error == ESRCH) return Error(Fault::absent, format("there is no process {}", name.process));
  if (error == EBADF) {
    return Error(Fault::absent,
                 format("process {} has no descriptor {}", name.process, name.descriptor),
                 format("ls -l /proc/{}/fd shows which it has", name.process));
  }
  Error out = refused(format("copy descriptor {}", text), error, 0);
  if (error == EPERM)
    out.hint = "it takes the right to trace the process: its user and CAP_SYS_PTRACE";
  return out;
}

// Classic filters are counted, those of BPF are not shown (sk_get_filter in net/core/filter.c).
bool has_filter(const Fd& socket) {
  socklen_t count = 0;
  const int returned = ::getsockopt(socket.get(), SOL_SOCKET, SO_GET_FILTER, nullptr, &count);
  return returned == 0 ? count != 0 : errno == EACCES;
}

std::string socket_hint(bool is_choice, int error) {
  if (error == EPERM) return "the socket's filter may be locked (SO_LOCK_FILTER)";
  if (is_choice && error == EINVAL) return "the socket must have SO_REUSEPORT before it is bound";
  if (is_choice && error == 524) return "it takes a socket of TCP or UDP";
  if (error == ENOMEM) return "net.core.optmem_max limits what a socket's filter may take";
  return {};
}

void detach_socket(const SocketName& name, int option) {
  int error = 0;
  const int raw = raw_socket(name.process, name.descriptor, error);
  if (raw < 0) return;  // closed, and its program gone with it
  const Fd socket = Fd::adopt(raw);
  const auto cookie = cookie_of(socket, {});
  const int unused = 0;
  if (cookie.ok() && *cookie == name.cookie)
    ::setsockopt(raw, SOL_SOCKET, option, &unused, sizeof(unused));
}

}  // namespace

Result<Link> attach_sock_map(const Attachment& at) {
  const LoadedMap& map = *TRY(map_of_sockets(at));
  platform::CreateLink create{};
  create.target = static_cast<u32>(map.fd().get());
  // A section "sk_skb" leaves open which: the verdict needs no parser.
  create.attach_type = at.attach_type(AttachType::sk_skb_verdict);
  const s64 returned = try_link(at, create);
  if (returned == -EINVAL) return attach_old_sock_map(at, map, create.attach_type);
  if (returned < 0) return sock_map_refused(at, map, create.attach_type, returned);
  Link link = at.link(format("map {}", map.spec().name));
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

Result<Link> attach_socket(const Attachment& at) {
  SocketName name = TRY(parse_socket(at.place.socket));
  const Fd socket = TRY(open_socket(name, at.place.socket));
  name.cookie = TRY(cookie_of(socket, at.place.socket));
  const bool is_choice = at.program.entry.type == ProgramType::sk_reuseport;
  if (!is_choice && has_filter(socket)) {
    return Error(Fault::usage, format("socket {} has a filter already", at.place.socket),
                 "a socket has one filter; its process takes it away with SO_DETACH_FILTER");
  }
  Link link = at.link(format("socket {}", at.place.socket));
  const int program = at.descriptor();
  const int option = is_choice ? SO_ATTACH_REUSEPORT_EBPF : SO_ATTACH_BPF;
  const int undoing = is_choice ? SO_DETACH_REUSEPORT_BPF : SO_DETACH_BPF;
  // Agreed before, for the case of being killed; called off when it is not to be done.
  const auto is_ours = std::make_shared<bool>(true);
  TRY(link.undo_with([name, undoing, is_ours] {
    if (*is_ours) detach_socket(name, undoing);
  }));
  if (::setsockopt(socket.get(), SOL_SOCKET, option, &program, sizeof(program)) == 0) return link;
  const int error = errno;
  *is_ours = false;
  return not_attached(at, {link.where(), error, {}, {}, socket_hint(is_choice, error)});
}

Result<Link> attach_infrared(const Attachment& at) {
  const Fd device = TRY(Fd::open(at.place.target, O_RDONLY).within("infrared device"));
  constexpr u32 kType = platform::kernel_number(AttachType::lirc_mode2);
  const auto held = TRY(hold(device.get(), at.descriptor()));
  Link link = at.link(at.place.target);
  TRY(link.undo_with(
      [held] { change(Command::detach, held->target.get(), held->program.get(), kType); },
      {held->target.get(), held->program.get()}));
  const s64 returned = change(Command::attach, device.get(), at.descriptor(), kType);
  if (returned >= 0) return link;
  return not_attached(
      at, {link.where(), static_cast<int>(-returned), "lirc_mode2",
           platform::row(AttachType::lirc_mode2).since,
           "it takes a receiver, /dev/lirc0 and so on, and a kernel with CONFIG_BPF_LIRC_MODE2"});
}

}  // namespace skep::kernel
