// Programs of a whole network namespace: which socket a packet is for (sk_lookup), how packets are
// taken apart (flow_dissector), and netfilter's hooks.
//
// Netfilter is told where as FAMILY/HOOK, in place.target: ipv4/input, ipv6/prerouting; with
// /defrag behind it fragments are put together before. Without a target it is ipv4/input. Programs
// at one hook run by rising priority, of which two cannot be equal. Source:
// kernel/bpf/net_namespace.c, net/netfilter/nf_bpf_link.c.
#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "base/text.hpp"
#include "kernel/network_namespace.hpp"
#include "kernel/refusals.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;

struct Choice {
  std::string_view name;
  u32 number;
};
constexpr auto kFamilies = std::to_array<Choice>({{"ipv4", 2}, {"ipv6", 10}});  // NFPROTO_*
constexpr auto kNetfilterHooks = std::to_array<Choice>({
    // enum nf_inet_hooks
    {"prerouting", 0},
    {"input", 1},
    {"forward", 2},
    {"output", 3},
    {"postrouting", 4},
});
constexpr std::string_view kUsual = "ipv4/input", kDefragment = "defrag";
constexpr u32 kDefragmentFlag = 1;         // BPF_F_NETFILTER_IP_DEFRAG
constexpr s32 kDefragmentPriority = -400;  // NF_IP_PRI_CONNTRACK_DEFRAG
constexpr std::string_view kDefragmentSince = "6.6";

std::optional<u32> find(std::span<const Choice> choices, std::string_view name) {
  const auto found = std::ranges::find(choices, name, &Choice::name);
  return found == choices.end() ? std::nullopt : std::optional(found->number);
}

std::string names_of(std::span<const Choice> choices) {
  std::vector<std::string> out;
  for (const Choice& each : choices) out.emplace_back(each.name);
  return join(out, ", ");
}

// FAMILY/HOOK and perhaps /defrag, without the priority.
Result<platform::CreateLink::Netfilter> parse_netfilter(std::string_view text) {
  std::array<std::string_view, 3> parts;
  std::string_view rest = text;
  for (std::string_view& part : parts) {
    part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  }
  const auto family = find(kFamilies, parts[0]), hook = find(kNetfilterHooks, parts[1]);
  if (!family || !hook || !rest.empty() || (!parts[2].empty() && parts[2] != kDefragment)) {
    return Error(Fault::usage,
                 format("{} is no place in netfilter, expected FAMILY/HOOK or FAMILY/HOOK/{}", text,
                        kDefragment),
                 format("families: {}; hooks: {}", names_of(kFamilies), names_of(kNetfilterHooks)));
  }
  platform::CreateLink::Netfilter out{};
  out.protocol_family = *family;
  out.hook = *hook;
  out.flags = parts[2].empty() ? 0 : kDefragmentFlag;
  return out;
}

Result<void> check_priority(s32 priority, u32 flags) {
  if (priority == INT_MIN || priority == INT_MAX) {
    return Error(Fault::usage, format("priority {} is netfilter's own", priority),
                 "take one in between");
  }
  if (flags == kDefragmentFlag && priority <= kDefragmentPriority) {
    return Error(Fault::usage,
                 format("priority {} comes before fragments are put together", priority),
                 format("take one above {}", kDefragmentPriority));
  }
  return {};
}

Result<Link> attach_netfilter_here(const Attachment& at) {
  const std::string target = at.place.target.empty() ? std::string(kUsual) : at.place.target;
  platform::CreateLink create{};
  create.attach_type = platform::kernel_number(AttachType::netfilter);
  create.netfilter = TRY(parse_netfilter(target));
  TRY(check_priority(at.place.priority, create.netfilter.flags));
  create.netfilter.priority = static_cast<u32>(at.place.priority);
  Link link = at.link(format("{}, priority {}", target, at.place.priority));
  const s64 returned = try_link(at, create);
  if (returned == -EBUSY) {
    return Error(Fault::usage, format("{} has a program of the same priority", link.where()),
                 "choose another one with --priority");
  }
  if (returned < 0) {
    const bool defragments = create.netfilter.flags != 0;
    const auto& [name, since] = platform::row(AttachType::netfilter);
    return not_attached(
        at, {link.where(), static_cast<int>(-returned), defragments ? kDefragment : name,
             defragments ? kDefragmentSince : since,
             "it takes CONFIG_NETFILTER_BPF_LINK and netfilter for that family"});
  }
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

// A flow dissector of the first network namespace is that of all of them
// (flow_dissector_bpf_prog_attach_check).
constexpr std::string_view kOneDissector =
    "a namespace has one flow dissector, and one in the first namespace forbids all others";

}  // namespace

Result<Link> attach_network_namespace(const Attachment& at) {
  const Fd space = TRY(open_network_namespace(at.place.network_namespace));
  const AttachType type = at.program.entry.attach_type.value_or(
      at.program.entry.type == platform::ProgramType::sk_lookup ? AttachType::sk_lookup
                                                                : AttachType::flow_dissector);
  platform::CreateLink create{};
  create.target = static_cast<u32>(space.get());
  create.attach_type = platform::kernel_number(type);
  const auto& [name, since] = platform::row(type);
  const std::string& said = at.place.network_namespace;
  Link link = at.link(format("{} of {}", name, said.empty() ? "this network namespace" : said));
  const s64 returned = try_link(at, create);
  if (returned == -E2BIG || returned == -EEXIST || returned == -EBUSY) {
    const auto there = attached_to(create.target, create.attach_type);
    return taken(link.where(), there.ok() ? there->programs : std::vector<u32>(),
                 type == AttachType::flow_dissector ? std::string(kOneDissector)
                                                    : "a namespace has at most 64 programs");
  }
  if (returned < 0) {
    return not_attached(at, {link.where(), static_cast<int>(-returned), name, since,
                             "is it the file of a network namespace? /proc/PID/ns/net is one"});
  }
  link.hold_link(Fd::adopt(static_cast<int>(returned)));
  return link;
}

Result<Link> attach_netfilter(const Attachment& at) {
  return inside(at.place.network_namespace, [&] { return attach_netfilter_here(at); });
}

}  // namespace skep::kernel
