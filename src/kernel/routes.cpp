// Programs at a route (lightweight tunnels): what goes to its prefix passes through the program.
//
// lwt_in sees what arrives and is passed on, lwt_out and lwt_xmit what leaves, lwt_seg6local is the
// action End.BPF of a segment (SRv6). A route "PREFIX [via GATEWAY]" is made in the main table,
// with place.priority as its metric; one that is there with the same prefix and metric is left
// alone, and refused. The undoing is agreed before the route is made and finds it by its name, so
// that a process killed at any point leaves nothing. Source: net/core/lwt_bpf.c,
// net/ipv6/seg6_local.c, ip-route(8).
#include <arpa/inet.h>
#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>
#include <linux/seg6_local.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "kernel/attachers.hpp"
#include "kernel/netlink.hpp"
#include "kernel/network_namespace.hpp"
#include "kernel/owner.hpp"

namespace skep::kernel {
namespace {

using platform::ProgramType;

constexpr u8 kProtocol =
    83;  // rtm_protocol: who made a route; `ip route show proto 83` lists those of skep
constexpr std::string_view kVia = " via ";

struct Address {
  u8 family = 0;
  u8 size = 0;
  std::array<std::byte, 16> value{};
  Bytes bytes() const { return {value.data(), size}; }
};

struct Route {
  Address prefix{};
  u8 length = 0;
  std::optional<Address> gateway{};
  u32 interface = 0;
};

std::optional<Address> parse_address(const std::string& text) {
  Address out;
  for (const auto& [family, size] : {std::pair<u8, u8>{AF_INET, 4}, {AF_INET6, 16}}) {
    if (::inet_pton(family, text.c_str(), out.value.data()) != 1) continue;
    out.family = family;
    out.size = size;
    return out;
  }
  return std::nullopt;
}

Error unreadable(const std::string& text) {
  return {Fault::usage, format("{} is no route", text),
          "it is written PREFIX/LENGTH or PREFIX/LENGTH via GATEWAY: 10.0.0.0/8, fd00:1::/64 via "
          "fe80::1"};
}

Result<Route> parse_route(const std::string& text) {
  const std::size_t via = text.find(kVia);
  const std::string prefix = text.substr(0, via);
  const std::size_t slash = prefix.find('/');
  const auto address = parse_address(prefix.substr(0, slash));
  if (!address) return unreadable(text);
  Route out{.prefix = *address, .length = static_cast<u8>(address->size * 8)};
  if (slash != std::string::npos) {
    const auto length = parse_unsigned(prefix.substr(slash + 1));
    if (!length || *length > out.length) return unreadable(text);
    out.length = static_cast<u8>(*length);
  }
  if (via == std::string::npos) return out;
  out.gateway = parse_address(text.substr(via + kVia.size()));
  if (!out.gateway || out.gateway->family != address->family) return unreadable(text);
  return out;
}

// Where a program type stands within RTA_ENCAP.
u16 lwt_attribute(ProgramType type) {
  if (type == ProgramType::lwt_in) return LWT_BPF_IN;
  return type == ProgramType::lwt_out ? LWT_BPF_OUT : LWT_BPF_XMIT;
}

void put_program(NetlinkRequest& request, const Attachment& at, const std::string& name) {
  const u32 program = static_cast<u32>(at.descriptor());
  if (at.program.entry.type == ProgramType::lwt_seg6local) {
    request.number(SEG6_LOCAL_ACTION, u32{SEG6_LOCAL_ACTION_END_BPF});
    request.nest(SEG6_LOCAL_BPF, [&] {
      request.number(SEG6_LOCAL_BPF_PROG, program);
      request.text(SEG6_LOCAL_BPF_PROG_NAME, name);
    });
    return;
  }
  request.nest(lwt_attribute(at.program.entry.type), [&] {
    request.number(LWT_BPF_PROG_FD, program);
    request.text(LWT_BPF_PROG_NAME, name);
  });
}

rtmsg header(const Route& route) {
  rtmsg out{};
  out.rtm_family = route.prefix.family;
  out.rtm_dst_len = route.length;
  out.rtm_table = RT_TABLE_MAIN;
  out.rtm_protocol = kProtocol;
  const bool is_far = route.gateway || route.prefix.family == AF_INET6;
  out.rtm_scope = is_far ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  out.rtm_type = RTN_UNICAST;
  return out;
}

struct Hint {
  int answer;
  std::string_view text;
};
constexpr auto kHints = std::to_array<Hint>({
    {EEXIST, "there is such a route; give this one another metric with --priority: the lower wins"},
    {ENETDOWN, "the interface is down: ip link set INTERFACE up"},
    {ENETUNREACH, "the gateway is not reached by the interface"},
    {EOPNOTSUPP, "this kernel has no such routes: CONFIG_LWTUNNEL_BPF, CONFIG_IPV6_SEG6_BPF"},
});

std::string hint_for(int answer) {
  const auto found = std::ranges::find(kHints, answer, &Hint::answer);
  return found == kHints.end() ? std::string() : std::string(found->text);
}

Result<void> add_route(Netlink& kernel, const Attachment& at, const Route& route,
                       const std::string& name) {
  const bool is_segment = at.program.entry.type == ProgramType::lwt_seg6local;
  NetlinkRequest add(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header(route));
  if (route.length != 0) add.bytes(RTA_DST, route.prefix.bytes());
  if (route.gateway) add.bytes(RTA_GATEWAY, route.gateway->bytes());
  add.number(RTA_OIF, route.interface);
  if (at.place.priority != 0) add.number(RTA_PRIORITY, static_cast<u32>(at.place.priority));
  add.number(RTA_ENCAP_TYPE,
             static_cast<u16>(is_segment ? LWTUNNEL_ENCAP_SEG6_LOCAL : LWTUNNEL_ENCAP_BPF));
  add.nest(RTA_ENCAP, [&] { put_program(add, at, name); });
  const NetlinkAnswer answer = TRY(kernel.ask(add));
  if (answer.error == 0) return {};
  Error error = refused(format("make the route {} of {}", at.place.route, at.place.interface),
                        answer, at.needs());
  if (error.hint.empty()) error.hint = hint_for(answer.error);
  return error;
}

bool is_named(Bytes route, ProgramType type, const std::string& name) {
  const bool is_segment = type == ProgramType::lwt_seg6local;
  const auto encapsulation = find_attribute(route, RTA_ENCAP);
  if (!encapsulation) return false;
  const auto program =
      find_attribute(*encapsulation, is_segment ? u16{SEG6_LOCAL_BPF} : lwt_attribute(type));
  return program && find_text(*program, is_segment ? u16{SEG6_LOCAL_BPF_PROG_NAME}
                                                   : u16{LWT_BPF_PROG_NAME}) == name;
}

Result<void> remove_route(Netlink& kernel, const NetlinkMessage& route) {
  NetlinkRequest remove(RTM_DELROUTE, 0, TRY(route.header<rtmsg>()));
  for (const u16 type : {RTA_DST, RTA_OIF, RTA_PRIORITY, RTA_TABLE, RTA_GATEWAY}) {
    const auto value = find_attribute(route.attributes<rtmsg>(), type);
    if (value) remove.bytes(type, *value);
  }
  TRY(kernel.ask(remove));
  return {};
}

// What fails here is gone already, with the interface or by somebody else's hand.
Result<void> undo(const Route& route, ProgramType type, const std::string& name) {
  Netlink kernel = TRY(Netlink::open());
  rtmsg those_of_skep{};
  those_of_skep.rtm_family = route.prefix.family;
  those_of_skep.rtm_table = RT_TABLE_MAIN;
  those_of_skep.rtm_protocol = kProtocol;
  NetlinkRequest list(RTM_GETROUTE, NLM_F_DUMP, those_of_skep);
  list.number(RTA_OIF, route.interface);
  const NetlinkAnswer all = TRY(kernel.ask(list));
  for (const NetlinkMessage& each : all.messages) {
    if (is_named(each.attributes<rtmsg>(), type, name)) TRY(remove_route(kernel, each));
  }
  return {};
}

Result<Link> attach_route_here(const Attachment& at) {
  Route route = TRY(parse_route(at.place.route));
  const ProgramType type = at.program.entry.type;
  if (type == ProgramType::lwt_seg6local && route.prefix.family != AF_INET6) {
    return Error(Fault::usage,
                 format("{} is no IPv6 prefix, and segments are of IPv6", at.place.route));
  }
  route.interface = TRY(interface_number(at.place.interface));
  Netlink kernel = TRY(Netlink::open());
  const std::string name = owner_name(at);
  Link link = at.link(format("{} of {}", at.place.route, at.place.interface));
  const HeldNamespace space = TRY(HeldNamespace::of_thread(at.place.network_namespace));
  TRY(link.undo_with(
      [=] { space.run([&] { [[maybe_unused]] const auto done = undo(route, type, name); }); },
      space.descriptors()));
  TRY(add_route(kernel, at, route, name));
  return link;
}

}  // namespace

Result<Link> attach_route(const Attachment& at) {
  return inside(at.place.network_namespace, [&] { return attach_route_here(at); });
}

}  // namespace skep::kernel
