#include "platform/capabilities.hpp"

#include <algorithm>

namespace skep::platform {
namespace {

constexpr EnumArray<Privilege, std::string_view> kPrivilegeNames({
    {Privilege::none, "no capability"},
    {Privilege::bpf, "CAP_BPF"},
    {Privilege::net_admin, "CAP_NET_ADMIN"},
    {Privilege::perfmon, "CAP_PERFMON"},
    {Privilege::sys_admin, "CAP_SYS_ADMIN"},
});

// As options spell it: "net_admin".
constexpr EnumArray<Privilege, std::string_view> kPrivilegeWords({
    {Privilege::none, "none"},
    {Privilege::bpf, "bpf"},
    {Privilege::net_admin, "net_admin"},
    {Privilege::perfmon, "perfmon"},
    {Privilege::sys_admin, "sys_admin"},
});

std::optional<Capabilities> capability_of(std::string_view word) {
  if (word == "all" || word == kPrivilegeWords[Privilege::sys_admin]) return kAllCapabilities;
  for (const Privilege each : every<Privilege>()) {
    if (kPrivilegeWords[each] == word) return set_of(each);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Privilege privilege) { return kPrivilegeNames[privilege]; }

std::string text_of(Capabilities capabilities) {
  if (has(capabilities, Privilege::sys_admin)) return "all capabilities";
  std::string out;
  for (const Privilege each : every<Privilege>()) {
    if (each == Privilege::none || !has(capabilities, each)) continue;
    if (!out.empty()) out += " and ";
    out += kPrivilegeNames[each];
  }
  return out.empty() ? std::string(kPrivilegeNames[Privilege::none]) : out;
}

std::optional<Capabilities> capabilities_of(std::string_view names) {
  Capabilities out = kNoCapabilities;
  for (;;) {
    const std::size_t end = std::min(names.find(','), names.size());
    const auto one = capability_of(names.substr(0, end));
    if (!one) return std::nullopt;
    out |= *one;
    if (end == names.size()) return out;
    names.remove_prefix(end + 1);
  }
}

}  // namespace skep::platform
