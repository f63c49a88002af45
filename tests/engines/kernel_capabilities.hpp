// bpf(2) with fewer capabilities than the test has: while a WithCapabilities lives, this thread
// has those alone among the ones that bpf(2) asks for. No setting of the machine is changed.
#pragma once

#include <linux/capability.h>

#include <array>
#include <fstream>

#include "kernel_bpf.hpp"
#include "platform/capabilities.hpp"

namespace skep::kernel_test {

class WithCapabilities {
 public:
  explicit WithCapabilities(platform::Capabilities wanted) {
    if (wanted == platform::kAllCapabilities) return;
    ::syscall(__NR_capget, &header_, before_.data());
    Sets now = before_;
    for (const auto& [privilege, number] : kNumbers) {
      if (!platform::has(wanted, privilege)) now[number / 32].effective &= ~(1u << number % 32);
    }
    changed_ = ::syscall(__NR_capset, &header_, now.data()) == 0;
  }
  ~WithCapabilities() {
    if (changed_) ::syscall(__NR_capset, &header_, before_.data());
  }
  WithCapabilities(const WithCapabilities&) = delete;
  WithCapabilities& operator=(const WithCapabilities&) = delete;

 private:
  using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;
  static constexpr std::pair<platform::Privilege, u32> kNumbers[] = {
      {platform::Privilege::bpf, CAP_BPF},
      {platform::Privilege::perfmon, CAP_PERFMON},
      {platform::Privilege::net_admin, CAP_NET_ADMIN},
      {platform::Privilege::sys_admin, CAP_SYS_ADMIN},
  };

  __user_cap_header_struct header_{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  Sets before_{};
  bool changed_ = false;
};

// Why the kernel cannot be asked for who has these, or an empty text.
inline std::string refusal(platform::Capabilities held) {
  if (const std::string why = refusal(); !why.empty()) return why;
  if (platform::has(held, platform::Privilege::bpf)) return {};
  int disabled = 1;
  std::ifstream("/proc/sys/kernel/unprivileged_bpf_disabled") >> disabled;
  if (disabled == 0) return {};
  return "this machine lets nobody without CAP_BPF ask (kernel.unprivileged_bpf_disabled)";
}

}  // namespace skep::kernel_test
