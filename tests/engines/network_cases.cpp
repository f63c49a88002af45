#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.hpp"
#include "kernel_bpf.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;
using kernel::Place;
using kernel::TcWay;
using kernel::XdpMode;

constexpr const char* kRouted = "10.9.0.1";
constexpr const char* kSegment = "fd00:9::1";

Place at_interface(const std::string& name) { return {.interface = name}; }

std::function<Place(Stage&)> with(Place place) {
  return [place](Stage&) { return place; };
}

Place in_cgroup(Stage& stage) {
  stage.cgroup.emplace();
  stage.skip = stage.cgroup->why();
  return {.cgroup = stage.cgroup->folder()};
}
Place leaving_cgroup(Stage& stage) {
  Place out = in_cgroup(stage);
  out.egress = true;
  return out;
}

// A socket of this process, under the name by which anybody attaches to it.
std::string name_of(const Fd& socket) { return format("{}:{}", ::getpid(), socket.get()); }
Place at_port(Stage& stage) {
  stage.port = udp_port(Reuse::no);
  return {.socket = name_of(stage.port->socket)};
}
Place at_group(Stage& stage) {
  stage.port = udp_port(Reuse::yes);
  stage.second = udp_port(Reuse::yes, stage.port->number);
  return {.socket = name_of(stage.port->socket)};
}
void use_port(Stage& stage, const App&) { send_to_port(stage.port->number); }

Place at_netkit(Stage& stage) {
  if (!has_netkit()) stage.skip = "this kernel has no netkit interfaces";
  return at_interface("netkit0");
}

void arrive(Stage&, const App&) { inject("veth1", frame_to(kOwnAddress)); }
void leave(Stage&, const App&) { inject("veth0", frame_to(kOwnAddress)); }
void use_all_sockets(Stage&, const App&) { use_sockets(); }
void pass_lo(Stage&, const App&) {
  send_udp("127.0.0.1");
  send_udp6("::1");
}

// Sockets keep the programs that are at the map when they are put into it.
void put_into(const App& app, const std::string& name, const Fd& socket) {
  const u32 key = 0;
  const u64 value = static_cast<u64>(socket.get());
  bpf_attr update = kernel_test::no_attributes();
  update.map_fd = static_cast<u32>(app.map(name)->fd().get());
  update.key = reinterpret_cast<u64>(&key);
  update.value = reinterpret_cast<u64>(&value);
  EXPECT_EQ(kernel_test::bpf(BPF_MAP_UPDATE_ELEM, update), 0);
}

enum class Side : u8 { sends, receives };
std::function<void(Stage&, const App&)> use_map(std::string map, Side side) {
  return [map = std::move(map), side](Stage& stage, const App& app) {
    if (!stage.pair) {
      stage.pair = connected_pair();
      put_into(app, map, side == Side::sends ? stage.pair->client : stage.pair->server);
    }
    EXPECT_EQ(::send(stage.pair->client.get(), "skep", 4, MSG_NOSIGNAL), 4);
  };
}

void add_interfaces(std::vector<HookCase>& out) {
  const auto xdp = [](XdpMode mode) { return with({.interface = "veth0", .xdp_mode = mode}); };
  out.push_back({"xdp_native", "on_xdp", xdp(XdpMode::native), arrive, "veth0 (native)"});
  out.push_back({"xdp_generic", "on_xdp", xdp(XdpMode::generic), arrive, "veth0 (generic)"});
  out.push_back({"xdp_any", "on_xdp", xdp(XdpMode::any), arrive, "veth0 (native)"});
  out.push_back({"xdp_frags", "on_frags", xdp(XdpMode::native), arrive, "veth0 (native)"});
  out.push_back(
      {"xdp_without_driver", "on_xdp", with(at_interface("lo")), pass_lo, "lo (generic)"});
  const std::string way = is_older_than("6.6") ? "(clsact)" : "(tcx)";
  const auto tc = [](TcWay by, bool egress) {
    return with({.interface = "veth0", .tc_way = by, .egress = egress});
  };
  out.push_back(
      {"tc_ingress", "on_ingress", tc(TcWay::any, false), arrive, "veth0 ingress " + way});
  out.push_back({"tc_egress", "on_egress", tc(TcWay::any, false), leave, "veth0 egress " + way});
  out.push_back({"tc_tcx", "on_either", tc(TcWay::tcx, true), leave, "veth0 egress (tcx)", "6.6"});
  out.push_back({"tc_clsact_ingress", "on_ingress", tc(TcWay::clsact, false), arrive,
                 "veth0 ingress (clsact)"});
  out.push_back(
      {"tc_clsact_egress", "on_either", tc(TcWay::clsact, true), leave, "veth0 egress (clsact)"});
  const auto through = [](Stage&, const App&) { inject("netkit0", frame_to(kOwnAddress)); };
  const auto back = [](Stage&, const App&) { inject("nk0", frame_to(kOwnAddress)); };
  out.push_back(
      {"netkit_primary", "on_netkit", at_netkit, through, "netkit0 (netkit_primary)", "6.7"});
  out.push_back({"netkit_peer", "on_netkit_peer", at_netkit, back, "netkit0 (netkit_peer)", "6.7"});
}

void add_routes(std::vector<HookCase>& out) {
  const Place route{.interface = "veth0", .route = "10.9.0.0/16"};
  const auto forwarded = [](Stage&, const App&) { inject("veth1", frame_to(kRouted)); };
  const auto sent = [](Stage&, const App&) { send_udp(kRouted); };
  out.push_back({"lwt_in", "on_route_in", with(route), forwarded, "10.9.0.0/16 of veth0"});
  out.push_back({"lwt_out", "on_route_out", with(route), sent});
  out.push_back({"lwt_xmit", "on_route_xmit", with(route), sent});
  const Place far{.interface = "veth0", .route = "10.10.0.0/16 via 10.77.0.9", .priority = 7};
  out.push_back({"lwt_via_gateway", "on_route_out", with(far),
                 [](Stage&, const App&) { send_udp("10.10.0.1"); }});
  const Place six{.interface = "veth0", .route = "fd00:10::/64"};
  out.push_back(
      {"lwt_ipv6", "on_route_out", with(six), [](Stage&, const App&) { send_udp6("fd00:10::1"); }});
  const Place segment{.interface = "veth0", .route = "fd00:9::1/128"};
  out.push_back({"lwt_seg6local", "on_segment", with(segment),
                 [](Stage&, const App&) { inject("veth1", segment_frame_to(kSegment)); }});
}

void add_cgroups(std::vector<HookCase>& out) {
  for (const char* each :
       {"on_skb_in",   "on_skb_out",    "on_skb",        "on_create",   "on_release",
        "on_sock",     "on_post_bind4", "on_post_bind6", "on_bind4",    "on_bind6",
        "on_connect4", "on_connect6",   "on_sendmsg4",   "on_sendmsg6", "on_recvmsg4",
        "on_recvmsg6", "on_peer4",      "on_peer6",      "on_name4",    "on_name6",
        "on_sysctl",   "on_getsockopt", "on_setsockopt", "on_device",   "on_sockops"}) {
    out.push_back({std::string("cgroup_") + each, each, in_cgroup, use_all_sockets});
  }
  for (const char* each :
       {"on_connect_unix", "on_sendmsg_unix", "on_recvmsg_unix", "on_peer_unix", "on_name_unix"}) {
    out.push_back({std::string("cgroup_") + each, each, in_cgroup, use_all_sockets, {}, "6.7"});
  }
  out.push_back({"cgroup_skb_egress", "on_skb", leaving_cgroup, use_all_sockets});
}

void add_sockets(std::vector<HookCase>& out) {
  const Place first, hashed{.target = "hashed_sockets"};
  const auto received = use_map("sockets", Side::receives);
  out.push_back(
      {"sk_msg", "on_message", with(first), use_map("sockets", Side::sends), "map sockets"});
  out.push_back({"sk_msg_hash", "on_message", with(hashed), use_map("hashed_sockets", Side::sends),
                 "map hashed_sockets"});
  out.push_back({"sk_skb_stream_verdict", "on_stream", with(first), received});
  out.push_back({"sk_skb_verdict", "on_verdict", with(first), received});
  out.push_back({"sk_skb_either", "on_skb_either", with(first), received});
  out.push_back({"sk_skb_stream_parser", "on_parse", with(first), received, {}, {}, {"on_stream"}});
  out.push_back(
      {"sk_lookup", "on_lookup", with({}), pass_lo, "sk_lookup of this network namespace"});
  out.push_back(
      {"flow_dissector", "on_dissect", with({.network_namespace = "/proc/self/ns/net"}), leave});
  out.push_back({"socket", "on_socket", at_port, use_port});
  out.push_back({"sk_reuseport", "on_choice", at_group, use_port});
  out.push_back({"sk_reuseport_migrate", "on_migrate", at_group, use_port});
}

void add_netfilter(std::vector<HookCase>& out) {
  const auto netfilter = [](const char* target) {
    return with({.target = target, .priority = -7});
  };
  out.push_back(
      {"netfilter_usual", "on_netfilter", with({}), pass_lo, "ipv4/input, priority 0", "6.4"});
  for (const char* each : {"ipv4/prerouting", "ipv4/output", "ipv4/postrouting", "ipv6/input"}) {
    std::string name = std::string("netfilter_") + each;
    name[name.find('/')] = '_';
    out.push_back({name, "on_netfilter", netfilter(each), pass_lo,
                   std::string(each) + ", priority -7", "6.4"});
  }
  out.push_back({"netfilter_forward",
                 "on_netfilter",
                 netfilter("ipv4/forward"),
                 [](Stage&, const App&) { inject("veth1", frame_to("10.77.0.9")); },
                 {},
                 "6.4"});
  out.push_back(
      {"netfilter_defrag", "on_netfilter", netfilter("ipv4/input/defrag"), pass_lo, {}, "6.6"});
}

std::vector<HookCase> make_cases() {
  std::vector<HookCase> out;
  add_interfaces(out);
  add_routes(out);
  add_cgroups(out);
  add_sockets(out);
  add_netfilter(out);
  return out;
}

}  // namespace

const std::vector<HookCase>& hook_cases() {
  static const std::vector<HookCase> cases = make_cases();
  return cases;
}

}  // namespace skep::network_test
