// Programs at a cgroup: all of its hooks, for packets, sockets, addresses, options, devices and
// sysctls.
//
// A program sees what processes of the cgroup and of those below it do. Links add a program to
// those that are there; they are refused where somebody attached one that allows no other. Only
// cgroups of version 2 have programs. Source: kernel/bpf/cgroup.c (hierarchy_allows_attach,
// cgroup_bpf_link_attach), cgroups(7).
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/refusals.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;

constexpr u32 kAllowMulti = 1u << 1;  // BPF_F_ALLOW_MULTI
constexpr int kDepthMax = 256;        // of cgroups, on the way up

// Where cgroups of version 2 are: the mount point in /proc/self/mountinfo, or empty. proc(5): the
// type of the file system stands behind " - ".
std::string mount_point() {
  const auto read = read_text("/proc/self/mountinfo");
  if (!read.ok()) return {};
  std::string_view rest = *read;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.find(" - cgroup2 ") == std::string_view::npos) continue;
    std::size_t begin = 0;
    for (int field = 0; field < 4; ++field) begin = line.find(' ', begin) + 1;
    return std::string(line.substr(begin, line.find(' ', begin) - begin));
  }
  return {};
}

Result<Fd> open_cgroup(const std::string& folder) {
  Fd opened = TRY(Fd::open(folder, O_RDONLY | O_DIRECTORY));
  struct statfs system {};
  if (::fstatfs(opened.get(), &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC) return opened;
  const std::string there = mount_point();
  return Error(
      Fault::usage,
      format("{} is not a cgroup of version 2{}", folder,
             system.f_type == CGROUP_SUPER_MAGIC ? ", but one of version 1, which has no programs"
                                                 : ""),
      there.empty() ? "mount them: mount -t cgroup2 none FOLDER"
                    : format("they are below {}", there));
}

// A program, here or above, that lets no other one be attached, as "program 12 (x) of
// /sys/fs/cgroup/a". Empty: there is none.
std::string who_forbids(const std::string& folder, u32 type) {
  std::string path = folder;
  for (int depth = 0; depth < kDepthMax; ++depth, path += "/..") {
    const auto cgroup = open_cgroup(path);
    if (!cgroup.ok()) return {};  // above the mount point
    const auto there = attached_to(static_cast<u32>(cgroup->get()), type);
    if (there.ok() && !there->programs.empty() && (there->flags & kAllowMulti) == 0) {
      return format("{} of {}", names_of_programs(there->programs), path);
    }
  }
  return {};
}

AttachType type_of(const Attachment& at) {
  const AttachType by_place =
      at.place.egress ? AttachType::cgroup_inet_egress : AttachType::cgroup_inet_ingress;
  return at.program.entry.attach_type.value_or(by_place);
}

}  // namespace

Result<Link> attach_cgroup(const Attachment& at) {
  const Fd cgroup = TRY(open_cgroup(at.place.cgroup));
  const AttachType type = type_of(at);
  platform::CreateLink create{};
  create.target = static_cast<u32>(cgroup.get());
  create.attach_type = platform::kernel_number(type);
  const auto& [name, since] = platform::row(type);
  Link link = at.link(format("{} of {}", name, at.place.cgroup));
  const s64 returned = try_link(at, create);
  if (returned >= 0) {
    link.hold_link(Fd::adopt(static_cast<int>(returned)));
    return link;
  }
  const std::string owner =
      returned == -EPERM ? who_forbids(at.place.cgroup, create.attach_type) : std::string();
  if (!owner.empty()) {
    return Error(Fault::usage,
                 format("cannot attach to {}: {} allows no other", link.where(), owner),
                 "attach that one with BPF_F_ALLOW_MULTI, or by a link, or choose another cgroup");
  }
  return not_attached(at, {link.where(), static_cast<int>(-returned), name, since});
}

}  // namespace skep::kernel
