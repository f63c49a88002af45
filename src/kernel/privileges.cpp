#include "kernel/privileges.hpp"

#include <sys/utsname.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "object/requirements.hpp"

namespace skep::kernel {
namespace {

struct CapabilityRow {
  Capabilities bit;
  std::string_view name;
};
constexpr auto kCapabilities = std::to_array<CapabilityRow>({
    {kBpf, "CAP_BPF"},
    {kPerfmon, "CAP_PERFMON"},
    {kNetAdmin, "CAP_NET_ADMIN"},
    {kSysAdmin, "CAP_SYS_ADMIN"},
    {kSysResource, "CAP_SYS_RESOURCE"},
});

constexpr EnumArray<platform::Privilege, Capabilities> kOfPrivilege({
    {platform::Privilege::none, 0},
    {platform::Privilege::bpf, kBpf},
    {platform::Privilege::net_admin, kNetAdmin},
    {platform::Privilege::perfmon, kPerfmon},
    {platform::Privilege::sys_admin, kSysAdmin},
});

// Empty when it cannot be read.
std::string contents(const std::string& path) {
  auto text = read_text(path);
  return text.ok() ? std::move(*text) : std::string();
}

Capabilities read_effective() {
  const std::string status = contents("/proc/thread-self/status");
  constexpr std::string_view kField = "CapEff:\t";
  const std::size_t at = status.find(kField);
  Capabilities read = 0;
  if (at == std::string::npos) return read;
  const char* begin = status.data() + at + kField.size();
  std::from_chars(begin, status.data() + status.size(), read, 16);
  if ((read & kSysAdmin) != 0) read |= kBpf | kPerfmon;
  return read;
}

Fault fault_of(int answer) {
  switch (answer) {
    case EPERM:
    case EACCES: return Fault::denied;
    case ENOENT: return Fault::absent;
    case EINVAL:
    case E2BIG:
    case EOPNOTSUPP:
    case 524: return Fault::unsupported;  // ENOTSUPP, of the kernel alone
    case ENOMEM:
    case ENOSPC: return Fault::exhausted;
    case EEXIST:
    case EBUSY: return Fault::usage;
    default: return Fault::system;
  }
}

std::string text_of(int answer) {
  if (answer == 524) return "operation is not supported (ENOTSUPP)";
  char buffer[128];
  return std::string(strerror_r(answer, buffer, sizeof buffer));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Capabilities of any but the first user namespace count for nothing in bpf(2)
// (user_namespaces(7)).
bool is_in_user_namespace() {
  std::string map = contents("/proc/self/uid_map");
  std::erase(map, ' ');
  return !map.empty() && map != "004294967295\n";
}

// Whether the memory of programs and maps counts against RLIMIT_MEMLOCK, not for the cgroup.
bool is_before_accounting() {
  utsname name{};
  return ::uname(&name) == 0 && object::is_older(name.release, "5.11");
}

// Why a process that has the capabilities may still be refused.
std::string other_reasons() {
  if (is_in_user_namespace()) {
    return "the capabilities are those of a user namespace, which bpf(2) takes only with a token: "
           "--token FOLDER, since Linux 6.9";
  }
  if (is_before_accounting()) {
    return "the capabilities are there; before Linux 5.11 programs and maps count as locked "
           "memory: "
           "raise the limit, ulimit -l unlimited";
  }
  const std::string lockdown = first_line(contents("/sys/kernel/security/lockdown"));
  const std::size_t begin = lockdown.find('['), end = lockdown.find(']');
  if (end != std::string::npos && lockdown.substr(begin, end - begin) != "[none") {
    return format(
        "the capabilities are there; this kernel is locked down ({}), or built to refuse this",
        lockdown.substr(begin + 1, end - begin - 1));
  }
  return "the capabilities are there: a security module, a container's seccomp filter, or the "
         "kernel's "
         "build refuses this";
}

std::string hint_for(int answer, Capabilities needs) {
  if (answer == ENOMEM) {
    return "the machine, or the cgroup of this process (memory.max), has no memory left for it";
  }
  if (answer != EPERM && answer != EACCES) return {};
  const std::string names = missing(needs);
  if (names.empty()) return other_reasons();
  return format(
      "{} {} missing: run as root, or give the process {}; --engine user needs no privilege", names,
      names.find(" and ") == std::string::npos ? "is" : "are",
      names.find(" and ") == std::string::npos ? "it" : "them");
}

}  // namespace

// Asked each time: a process may give its privileges away.
Capabilities effective_capabilities() { return read_effective(); }

Capabilities capabilities_for(platform::Privilege privilege) { return kOfPrivilege[privilege]; }

platform::Capabilities capabilities_here() {
  platform::Capabilities out = platform::kNoCapabilities;
  for (const platform::Privilege each : every<platform::Privilege>()) {
    const Capabilities needed = kOfPrivilege[each];
    if (needed != 0 && (effective_capabilities() & needed) == needed) out |= set_of(each);
  }
  return platform::has(out, platform::Privilege::sys_admin) ? platform::kAllCapabilities : out;
}

std::string missing(Capabilities needs) {
  const Capabilities absent = needs & ~effective_capabilities();
  std::vector<std::string> names;
  for (const CapabilityRow& each : kCapabilities) {
    if ((absent & each.bit) != 0) names.emplace_back(each.name);
  }
  return join(names, " and ");
}

Error refused(std::string_view doing, int answer, Capabilities needs) {
  return {fault_of(answer), format("cannot {}: {}", doing, text_of(answer)),
          hint_for(answer, needs)};
}

}  // namespace skep::kernel
