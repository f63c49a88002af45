// Nothing of it hangs on a descriptor. So the undoing is agreed before anything is made, and it
// looks for what is there instead of remembering: a process that is killed at any point leaves
// nothing. Whether the qdisc is ours stands in the names of the filters ("clsact"), and a later
// attachment of skep takes that over, so that the last one to go takes the qdisc along, if nobody
// else uses it by then. Source: tc-bpf(8), net/sched/cls_bpf.c, net/sched/sch_ingress.c.
#include "kernel/clsact.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/netlink.hpp"
#include "kernel/network_namespace.hpp"
#include "kernel/owner.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kQdisc = TC_H_MAKE(TC_H_CLSACT, 0);
constexpr std::string_view kQdiscMark = "clsact";
constexpr s32 kPriorityMax = 0xffff;

u32 parent_of(Direction direction) {
  return TC_H_MAKE(TC_H_CLSACT,
                   direction == Direction::egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS);
}

tcmsg header(u32 interface, u32 parent, u32 handle) {
  tcmsg out{};
  out.tcm_family = AF_UNSPEC;
  out.tcm_ifindex = static_cast<int>(interface);
  out.tcm_parent = parent;
  out.tcm_handle = handle;
  return out;
}

// What is needed to undo it.
struct Filter {
  u32 interface = 0;
  Direction direction = Direction::ingress;
  std::string name{};
  bool takes_qdisc_along = false;
};

// "clsact", "ingress", which is clsact without a way out, or empty: the interface has neither.
Result<std::string> qdisc_kind(Netlink& kernel, u32 interface) {
  const NetlinkAnswer all = TRY(kernel.ask({RTM_GETQDISC, NLM_F_DUMP, header(interface, 0, 0)}));
  if (all.error != 0) return refused("list qdiscs", all, 0);
  for (const NetlinkMessage& each : all.messages) {
    const tcmsg there = TRY(each.header<tcmsg>());
    if (there.tcm_ifindex != static_cast<int>(interface) || there.tcm_parent != TC_H_CLSACT)
      continue;
    return find_text(each.attributes<tcmsg>(), TCA_KIND);
  }
  return std::string();
}

// Of one way; the kernel also lists the heads of priorities.
Result<std::vector<NetlinkMessage>> filters(Netlink& kernel, u32 interface, Direction direction) {
  NetlinkAnswer all =
      TRY(kernel.ask({RTM_GETTFILTER, NLM_F_DUMP, header(interface, parent_of(direction), 0)}));
  if (all.error != 0) return refused("list filters", all, 0);
  return std::move(all.messages);
}

// Empty for filters of other kinds.
std::string name_of_filter(const NetlinkMessage& filter) {
  const auto options = find_attribute(filter.attributes<tcmsg>(), TCA_OPTIONS);
  return options ? find_text(*options, TCA_BPF_NAME) : std::string();
}

// Whether the qdisc was made by skep, for a filter that is still there.
Result<bool> is_marked(Netlink& kernel, u32 interface) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    for (const NetlinkMessage& each : TRY(filters(kernel, interface, direction))) {
      const std::string name = name_of_filter(each);
      if (name.find(kOwnerMark) != std::string::npos && name.ends_with(format(" {}]", kQdiscMark)))
        return true;
    }
  }
  return false;
}

Result<void> remove_filter(Netlink& kernel, const NetlinkMessage& filter) {
  NetlinkRequest remove(RTM_DELTFILTER, 0, TRY(filter.header<tcmsg>()));
  remove.text(TCA_KIND, "bpf");
  TRY(kernel.ask(remove));
  return {};
}

Result<void> remove_empty_qdisc(Netlink& kernel, u32 interface) {
  for (const Direction direction : {Direction::ingress, Direction::egress}) {
    if (!TRY(filters(kernel, interface, direction)).empty()) return {};
  }
  NetlinkRequest remove(RTM_DELQDISC, 0, header(interface, TC_H_CLSACT, kQdisc));
  remove.text(TCA_KIND, kQdiscMark);
  TRY(kernel.ask(remove));
  return {};
}

// What fails here is gone already, with the interface or by somebody else's hand.
Result<void> undo(const Filter& filter) {
  Netlink kernel = TRY(Netlink::open());
  for (const NetlinkMessage& each : TRY(filters(kernel, filter.interface, filter.direction))) {
    if (name_of_filter(each) == filter.name) TRY(remove_filter(kernel, each));
  }
  return filter.takes_qdisc_along ? remove_empty_qdisc(kernel, filter.interface) : Result<void>();
}

Result<void> make_qdisc(Netlink& kernel, const Attachment& at, u32 interface) {
  NetlinkRequest make(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
                      header(interface, TC_H_CLSACT, kQdisc));
  make.text(TCA_KIND, kQdiscMark);
  const NetlinkAnswer answer = TRY(kernel.ask(make));
  if (answer.error == 0 || answer.error == EEXIST) return {};  // somebody was quicker
  return refused(format("make the qdisc clsact of {}", at.place.interface), answer, at.needs());
}

Result<void> add_filter(Netlink& kernel, const Attachment& at, const Filter& filter) {
  tcmsg place = header(filter.interface, parent_of(filter.direction), 0);
  place.tcm_info = TC_H_MAKE(static_cast<u32>(at.place.priority) << 16, htons(ETH_P_ALL));
  NetlinkRequest add(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, place);
  add.text(TCA_KIND, "bpf");
  add.nest(TCA_OPTIONS, [&] {
    add.number(TCA_BPF_FD, static_cast<u32>(at.descriptor()));
    add.text(TCA_BPF_NAME, filter.name);
    add.number(TCA_BPF_FLAGS, u32{TCA_BPF_FLAG_ACT_DIRECT});
  });
  const NetlinkAnswer answer = TRY(kernel.ask(add));
  if (answer.error == 0) return {};
  return refused(format("add a filter to the qdisc clsact of {}", at.place.interface), answer,
                 at.needs());
}

Result<void> check_priority(s32 priority) {
  if (priority >= 0 && priority <= kPriorityMax) return {};
  return Error(Fault::usage, format("{} is no priority of a filter", priority),
               format("it is from 1 to {}, or 0: the kernel chooses", kPriorityMax));
}

}  // namespace

Result<Link> attach_clsact(const Attachment& at, u32 interface, Direction direction) {
  TRY(check_priority(at.place.priority));
  Netlink kernel = TRY(Netlink::open());
  const std::string kind = TRY(qdisc_kind(kernel, interface));
  const bool is_egress = direction == Direction::egress;
  if (is_egress && kind == "ingress") {
    return Error(Fault::usage,
                 format("{} has a qdisc ingress, where clsact would be, and that has no egress",
                        at.place.interface),
                 format("tc qdisc del dev {} ingress takes it away, if nothing needs it",
                        at.place.interface));
  }
  const bool takes_along = kind.empty() || TRY(is_marked(kernel, interface));
  const Filter filter{interface, direction, owner_name(at, takes_along ? kQdiscMark : ""),
                      takes_along};
  Link link =
      at.link(format("{} {} (clsact)", at.place.interface, is_egress ? "egress" : "ingress"));
  const HeldNamespace space = TRY(HeldNamespace::of_thread(at.place.network_namespace));
  TRY(link.undo_with(
      [filter, space] { space.run([&] { [[maybe_unused]] const auto done = undo(filter); }); },
      space.descriptors()));
  if (kind.empty()) TRY(make_qdisc(kernel, at, interface));
  TRY(add_filter(kernel, at, filter));
  return link;
}

}  // namespace skep::kernel
