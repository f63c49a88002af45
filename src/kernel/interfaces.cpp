// Programs at a network interface: XDP, tc and netkit, each as a bpf_link.
//
// Native XDP runs in the driver, before a packet has a buffer; generic XDP runs later and
// everywhere. With XdpMode::any the second is taken where the driver refuses the first, and the
// Link's where() says which it became. tc is tcx, in which programs of several owners run one
// behind the other; clsact where this kernel has none, and for a priority. Source: net/core/dev.c
// (bpf_xdp_link_attach), kernel/bpf/tcx.c, drivers/net/netkit.c.
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/clsact.hpp"
#include "kernel/netlink.hpp"
#include "kernel/network_namespace.hpp"
#include "kernel/refusals.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;

struct ModeRow {
  std::string_view name;
  u32 flag;
};
constexpr ModeRow kNative{"native", XDP_FLAGS_DRV_MODE}, kGeneric{"generic", XDP_FLAGS_SKB_MODE};

constexpr u32 kUsualMtu =
    1500;  // above it a packet may not fit into the one page of programs without frags

NetlinkAnswer describe(u32 interface) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(interface);
  auto kernel = Netlink::open();
  auto answer =
      kernel.ok() ? kernel->ask({RTM_GETLINK, 0, header}) : Result<NetlinkAnswer>(NetlinkAnswer{});
  return answer.ok() ? std::move(*answer) : NetlinkAnswer{};
}

// In all modes; BPF_PROG_QUERY does not know XDP.
std::vector<u32> xdp_programs(const NetlinkAnswer& interface) {
  std::vector<u32> out;
  if (interface.messages.empty()) return out;
  const auto xdp = find_attribute(interface.messages[0].attributes<ifinfomsg>(), IFLA_XDP);
  if (!xdp) return out;
  for (const u16 type :
       {IFLA_XDP_PROG_ID, IFLA_XDP_DRV_PROG_ID, IFLA_XDP_SKB_PROG_ID, IFLA_XDP_HW_PROG_ID}) {
    const auto id = find_number(*xdp, type);
    if (id && *id != 0 && std::ranges::find(out, *id) == out.end()) out.push_back(*id);
  }
  return out;
}

// Whether packets may be larger than a program without frags can have.
bool may_need_frags(const Attachment& at, const NetlinkAnswer& interface) {
  if ((at.program.entry.flags & platform::kXdpFrags) != 0 || interface.messages.empty())
    return false;
  const auto mtu = find_number(interface.messages[0].attributes<ifinfomsg>(), IFLA_MTU);
  return mtu && *mtu > kUsualMtu;
}

std::string native_hint(const Attachment& at, int answer, const NetlinkAnswer& interface) {
  if (answer == EOPNOTSUPP)
    return "the interface's driver has no native XDP; --xdp-mode generic runs everywhere";
  if (may_need_frags(at, interface)) {
    return format(
        "packets of {} may be larger than a page: write SEC(\"xdp.frags\"), lower the interface's "
        "MTU, "
        "or take --xdp-mode generic",
        at.place.interface);
  }
  return "the interface's driver refuses; its queues, offloads or MTU may not fit. --xdp-mode "
         "generic runs everywhere";
}

Error xdp_refused(const Attachment& at, const ModeRow& mode, u32 number, int answer) {
  const NetlinkAnswer interface = describe(number);
  const std::string where = format("{} ({})", at.place.interface, mode.name);
  if (answer == EBUSY || answer == EEXIST) {
    return taken(
        format("XDP of {}", at.place.interface), xdp_programs(interface),
        "an interface runs one XDP program: detach that one first (skep link list, bpftool net)");
  }
  const bool is_native = mode.flag == kNative.flag && answer != EPERM;
  return not_attached(at, {where, answer, "links for XDP", platform::row(AttachType::xdp).since,
                           is_native ? native_hint(at, answer, interface) : ""});
}

s64 try_xdp(const Attachment& at, const ModeRow& mode, u32 interface) {
  platform::CreateLink create{};
  create.target = interface;
  create.attach_type = platform::kernel_number(AttachType::xdp);
  create.flags = mode.flag;
  return try_link(at, create);
}

// Whether it is the driver that does not want to.
bool is_drivers_refusal(s64 returned) {
  constexpr auto kOthers = std::to_array<s64>({-EPERM, -ENODEV, -EBUSY, -EEXIST, -EBADF});
  return returned < 0 && std::ranges::find(kOthers, returned) == kOthers.end();
}

Result<Link> attach_xdp_here(const Attachment& at) {
  const u32 interface = TRY(interface_number(at.place.interface));
  const ModeRow* mode = at.place.xdp_mode == XdpMode::generic ? &kGeneric : &kNative;
  s64 returned = try_xdp(at, *mode, interface);
  if (at.place.xdp_mode == XdpMode::any && is_drivers_refusal(returned)) {
    mode = &kGeneric;
    returned = try_xdp(at, *mode, interface);
  }
  if (returned < 0) return xdp_refused(at, *mode, interface, static_cast<int>(-returned));
  Link link = at.link(format("{} ({})", at.place.interface, mode->name));
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

Direction direction_of(const Attachment& at) {
  const bool is_egress = at.program.entry.attach_type
                             ? at.program.entry.attach_type == AttachType::tcx_egress
                             : at.place.egress;
  return is_egress ? Direction::egress : Direction::ingress;
}

Result<Link> attach_tc_here(const Attachment& at) {
  const u32 interface = TRY(interface_number(at.place.interface));
  const Direction direction = direction_of(at);
  const bool has_priority = at.place.priority != 0;
  if (has_priority && at.place.tc_way == TcWay::tcx) {
    return Error(Fault::usage, "tcx knows no priorities, and one was given",
                 "leave it out, or take --tc-way clsact");
  }
  if (has_priority || at.place.tc_way == TcWay::clsact)
    return attach_clsact(at, interface, direction);
  const AttachType type =
      direction == Direction::egress ? AttachType::tcx_egress : AttachType::tcx_ingress;
  platform::CreateLink create{};
  create.target = interface;
  create.attach_type = platform::kernel_number(type);
  const s64 returned = try_link(at, create);
  if (returned == -EINVAL && at.place.tc_way == TcWay::any)
    return attach_clsact(at, interface, direction);
  Link link = at.link(format("{} {} (tcx)", at.place.interface,
                             direction == Direction::egress ? "egress" : "ingress"));
  if (returned < 0) {
    return not_attached(at, {link.where(), static_cast<int>(-returned), "tcx",
                             platform::row(type).since, "--tc-way clsact is the older way"});
  }
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

Error netkit_refused(const Attachment& at, AttachType type, std::string_view where, int answer) {
  const std::string& interface = at.place.interface;
  if (answer == ENXIO) {
    return {Fault::usage, format("{} is not an interface of the kind netkit", interface),
            "ip link add NAME type netkit makes one, with its peer"};
  }
  if (answer == EACCES) {
    return {Fault::usage, format("{} is the peer of a netkit interface", interface),
            "programs for both ends are attached to the primary one"};
  }
  return not_attached(at, {where, answer, "netkit", platform::row(type).since,
                           "it takes CONFIG_NETKIT, and the interface's peer must be there"});
}

Result<Link> attach_netkit_here(const Attachment& at) {
  const AttachType type = at.program.entry.attach_type.value_or(AttachType::netkit_primary);
  platform::CreateLink create{};
  create.target = TRY(interface_number(at.place.interface));
  create.attach_type = platform::kernel_number(type);
  const s64 returned = try_link(at, create);
  Link link = at.link(format("{} ({})", at.place.interface, platform::row(type).name));
  if (returned < 0) return netkit_refused(at, type, link.where(), static_cast<int>(-returned));
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

}  // namespace

Result<Link> attach_xdp(const Attachment& at) {
  return inside(at.place.network_namespace, [&] { return attach_xdp_here(at); });
}

Result<Link> attach_tc(const Attachment& at) {
  return inside(at.place.network_namespace, [&] { return attach_tc_here(at); });
}

Result<Link> attach_netkit(const Attachment& at) {
  return inside(at.place.network_namespace, [&] { return attach_netkit_here(at); });
}

}  // namespace skep::kernel
