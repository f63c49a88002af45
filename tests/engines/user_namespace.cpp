#include "user_namespace.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "support/scratch.hpp"

namespace skep::kernel_test {
namespace {

constexpr unsigned kNobody = 65534;

std::string failed(std::string_view what) {
  return format("setup: {}: {}", what, std::strerror(errno));
}

bool send_descriptor(int socket, int descriptor) {
  char byte = 'f';
  iovec data{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof(room);
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
  return ::sendmsg(socket, &message, 0) == 1;
}

int receive_descriptor(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = room;
  message.msg_controllen = sizeof(room);
  if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
  return descriptor;
}

// ---- in the namespace ----

bool wait_for_byte(int socket) {
  char byte = 0;
  return ::read(socket, &byte, 1) == 1 && byte == 'y';
}

// Becomes nobody, then root of a namespace in which nobody is the only user.
std::string enter() {
  if (::setgroups(0, nullptr) != 0 || ::setresgid(kNobody, kNobody, kNobody) != 0 ||
      ::setresuid(kNobody, kNobody, kNobody) != 0)
    return failed("become nobody");
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return failed("make namespaces");
  ::prctl(PR_SET_DUMPABLE, 1);  // else its files in /proc are root's
  return {};
}

std::string mount_delegated(int socket, const std::string& folder) {
  if (!wait_for_byte(socket)) return "setup: no users in the namespace";
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failed("own mounts");
  const int system = ::fsopen("bpf", FSOPEN_CLOEXEC);
  if (system < 0) return failed("fsopen");
  if (!send_descriptor(socket, system)) return failed("send the file system");
  if (!wait_for_byte(socket)) return "setup: the options were refused";
  const int mounted = ::fsmount(system, FSMOUNT_CLOEXEC, 0);
  if (mounted < 0) return failed("fsmount");
  if (::move_mount(mounted, "", AT_FDCWD, folder.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    return failed("move_mount");
  return {};
}

[[noreturn]] void be_inside(int socket, const std::string& folder,
                            const std::function<std::string(const std::string&)>& does) {
  std::string said = enter();
  if (said.empty()) (void)!::write(socket, "n", 1);  // in the namespace
  if (said.empty()) said = mount_delegated(socket, folder);
  if (said.empty()) said = does(folder);
  (void)!::write(socket, said.data(), said.size());
  ::_exit(0);
}

// ---- outside of it ----

bool write_map(pid_t pid, const char* file) {
  std::ofstream map(format("/proc/{}/{}", pid, file));
  map << format("0 {} 1\n", kNobody) << std::flush;
  return map.good();
}

bool make_file_system(int system, const Options& options) {
  for (const Option& each : options) {
    if (::fsconfig(system, FSCONFIG_SET_STRING, each.name.c_str(), each.value.c_str(), 0) != 0)
      return false;
  }
  return ::fsconfig(system, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) == 0;
}

void answer(int socket, bool is_fine) { (void)!::write(socket, is_fine ? "y" : "x", 1); }

void help(int socket, pid_t pid, const Options& options) {
  char byte = 0;
  if (::read(socket, &byte, 1) != 1 || byte != 'n') return;
  answer(socket, write_map(pid, "uid_map") && write_map(pid, "gid_map"));
  const int system = receive_descriptor(socket);
  if (system < 0) return;
  const Fd closes = Fd::adopt(system);
  answer(socket, make_file_system(system, options));
}

}  // namespace

std::string in_user_namespace(const Options& delegated,
                              const std::function<std::string(const std::string& folder)>& does) {
  const test::Scratch scratch;
  const std::string folder = scratch.path("delegated");
  if (::chmod(scratch.path("").c_str(), 0755) != 0 || ::mkdir(folder.c_str(), 0755) != 0)
    return failed("make a folder");
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return failed("sockets");
  Fd here = Fd::adopt(sockets[0]);
  auto there = std::optional(Fd::adopt(sockets[1]));
  const pid_t child = ::fork();
  if (child < 0) return failed("fork");
  if (child == 0) be_inside(there->get(), folder, does);
  there.reset();
  help(here.get(), child, delegated);
  std::string said;
  char buffer[4096];
  for (ssize_t got; (got = ::read(here.get(), buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(got));
  ::waitpid(child, nullptr, 0);
  return said;
}

// A kernel that has the command looks at the descriptor. (Older ones take any option of a mount.)
bool can_delegate() {
  struct {
    u32 flags = 0;
    s32 file_system = -1;
  } create;
  constexpr int kTokenCreate = 36;
  return ::syscall(SYS_bpf, kTokenCreate, &create, sizeof(create)) < 0 && errno == EBADF;
}

}  // namespace skep::kernel_test
