// What is refused at hooks of the network, and that what others attached stays as it is.
//
// Each refusal is provoked in the kernel, and must name the place, the reason and what to do.
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>

#include "base/text.hpp"
#include "kernel/netlink.hpp"
#include "kernel_bpf.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;
using kernel::Place;
using kernel::TcWay;
using kernel::XdpMode;

class KernelNetworkErrors : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_not();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

// What arrives by netlink is read as foreign bytes.
TEST(Netlink, AttributesThatAreCutAreNone) {
  const auto find = [](std::vector<u16> words, u16 type) {
    return kernel::find_attribute(Bytes(words.data(), words.size() * 2), type);
  };
  EXPECT_EQ(find({6, 1, 0xabcd, 0, 4, 2}, 1)->size(), 2u);
  EXPECT_EQ(find({6, 1, 0xabcd, 0, 4, 2}, 2)->size(), 0u);
  EXPECT_FALSE(find({6, 1, 0xabcd, 0, 4, 2}, 3));
  EXPECT_FALSE(find({0, 1, 0, 0}, 1)) << "shorter than its header";
  EXPECT_FALSE(find({8, 1, 0xabcd}, 1)) << "longer than the message";
  EXPECT_FALSE(find({4}, 4)) << "half a header";
  const u16 text[] = {6, 1, 'a' | 'b' << 8, 0};  // no zero behind it
  EXPECT_EQ(kernel::find_text(Bytes(text, sizeof(text)), 1), "");
  EXPECT_FALSE(kernel::find_number(Bytes(text, sizeof(text)), 1));
}

TEST_F(KernelNetworkErrors, Interfaces) {
  expect_refused("on_xdp", {.interface = "vth0"},
                 {Fault::absent, "no interface vth0", "did you mean veth0"});
  expect_refused("on_ingress", {.interface = "something"},
                 {Fault::absent, "no interface something", "there are lo"});
  expect_refused("on_xdp", {}, {Fault::usage, "does not say a network interface", "--interface"});
}

TEST_F(KernelNetworkErrors, XdpOfADriverThatHasNone) {
  expect_refused("on_xdp", {.interface = "lo", .xdp_mode = XdpMode::native},
                 {Fault::unsupported, "cannot attach to lo (native)", "--xdp-mode generic"});
}

TEST_F(KernelNetworkErrors, XdpThatIsTakenNamesTheOther) {
  const App app = load({"on_xdp", "other_xdp"}).value();
  const std::string other = format("taken by program {} (other_xdp)", program_id(app, "other_xdp"));
  for (const XdpMode mode : {XdpMode::native, XdpMode::generic}) {
    const auto link = attach(app, "other_xdp", {.interface = "veth0", .xdp_mode = mode});
    ASSERT_TRUE(link.ok()) << link.error().message;
    expect_refused(app, "on_xdp", {.interface = "veth0"}, {Fault::usage, other, "detach that one"});
    expect_refused(app, "on_xdp", {.interface = "veth0", .xdp_mode = mode},
                   {Fault::usage, other, "one XDP program"});
  }
}

TEST_F(KernelNetworkErrors, XdpOfPacketsThatMayBeLargerThanAPage) {
  for (const char* each : {"veth0", "veth1"}) set_mtu(each, 9000);
  expect_refused("on_xdp", {.interface = "veth0", .xdp_mode = XdpMode::native},
                 {Fault::system, "veth0 (native)", "SEC(\"xdp.frags\")"});
  const App app = load({"on_xdp", "on_frags"}).value();
  EXPECT_EQ(attach(app, "on_xdp", {.interface = "veth0"}).value().where(), "veth0 (generic)");
  EXPECT_EQ(attach(app, "on_frags", {.interface = "veth0"}).value().where(), "veth0 (native)");
  for (const char* each : {"veth0", "veth1"}) set_mtu(each, 1500);
}

TEST_F(KernelNetworkErrors, Netkit) {
  if (is_older_than("6.7")) GTEST_SKIP() << "this kernel has no netkit: Linux has it since 6.7";
  if (!has_netkit()) {
    expect_refused("on_netkit", {.interface = "veth0"},
                   {Fault::unsupported, "veth0 (netkit_primary)", "CONFIG_NETKIT"});
    return;
  }
  expect_refused("on_netkit", {.interface = "veth0"},
                 {Fault::usage, "veth0 is not", "type netkit"});
  expect_refused("on_netkit", {.interface = "nk0"},
                 {Fault::usage, "nk0 is the peer", "primary one"});
}

TEST_F(KernelNetworkErrors, WhatIsTooNewSaysItsRelease) {
  if (!is_older_than("6.6"))
    GTEST_SKIP() << "this kernel has tcx; in an older one this test looks for the error";
  expect_refused("on_either", {.interface = "veth0", .tc_way = TcWay::tcx},
                 {Fault::unsupported, "has no tcx", "Linux has it since 6.6"});
}

// ---- routes ----

TEST_F(KernelNetworkErrors, Routes) {
  const auto route = [](const char* text) { return Place{.interface = "veth0", .route = text}; };
  for (const char* each : {"nowhere", "10.0.0.0/33", "10.0.0.0/x", "fd00::/129",
                           "10.0.0.0/8 via fe80::1", "10.0.0.0/8 via x"}) {
    expect_refused("on_route_out", route(each),
                   {Fault::usage, "is no route", "PREFIX/LENGTH via GATEWAY"});
  }
  expect_refused("on_segment", route("10.0.0.0/8"), {Fault::usage, "no IPv6 prefix", ""});
  expect_refused("on_route_out", route("10.9.0.0/16 via 10.99.0.1"),
                 {Fault::system, "make the route", "gateway is not reached"});
  expect_refused("on_route_out", {.interface = "veth9", .route = "10.9.0.0/16"},
                 {Fault::absent, "no interface veth9", "veth0"});
  expect_refused("on_route_out", {.interface = "veth0"},
                 {Fault::usage, "does not say a route", "--route"});
}

TEST_F(KernelNetworkErrors, ARouteThatIsThereStays) {
  const App app = load({"on_route_out", "on_route_xmit"}).value();
  const Place place{.interface = "veth0", .route = "10.9.0.0/16"};
  const auto first = attach(app, "on_route_out", place).value();
  expect_refused(app, "on_route_xmit", place,
                 {Fault::usage, "make the route 10.9.0.0/16 of veth0", "--priority"});
  send_udp("10.9.0.1");
  EXPECT_GT(hits(app, "on_route_out"), 0u);
  Place beside = place;
  beside.priority = 5;
  EXPECT_TRUE(attach(app, "on_route_xmit", beside).ok());
}

// ---- network namespaces ----

TEST_F(KernelNetworkErrors, NetworkNamespaces) {
  expect_refused("on_lookup", {.network_namespace = "nowhere"},
                 {Fault::absent, "network namespace named nowhere", "ip netns list"});
  expect_refused("on_lookup", {.network_namespace = "/dev/null"},
                 {Fault::usage, "/dev/null is not the file", "/proc/PID/ns/net"});
  expect_refused("on_lookup", {.network_namespace = "/proc/self/ns/mnt"},
                 {Fault::unsupported, "sk_lookup of /proc/self/ns/mnt", "/proc/PID/ns/net"});
  expect_refused("on_xdp", {.interface = "lo", .network_namespace = "/proc/self/ns/mnt"},
                 {Fault::usage, "of another kind", "/proc/PID/ns/net"});
}

TEST_F(KernelNetworkErrors, AFlowDissectorIsTheOnlyOne) {
  const App app = load({"on_dissect", "other_dissect"}).value();
  const auto link = attach(app, "other_dissect", {}).value();
  expect_refused(app, "on_dissect", {},
                 {Fault::usage, format("taken by program {}", program_id(app, "other_dissect")),
                  "one flow dissector"});
}

// A network namespace where this process is not, with an interface veth9.
class KernelOtherNamespace : public KernelNetworkErrors {
 protected:
  void SetUp() override {
    KernelNetworkErrors::SetUp();
    if (IsSkipped()) return;
    other_.emplace([]() -> u64 {
      return ::unshare(CLONE_NEWNET) == 0 && make_interface("veth9", "veth") ? 1 : 0;
    });
    ASSERT_EQ(other_->told(), 1u);
    ASSERT_EQ(::if_nametoindex("veth9"), 0u);
    place_ = {.interface = "veth9",
              .network_namespace = format("/proc/{}/ns/net", other_->process())};
  }
  std::optional<Child> other_;
  Place place_;
};

TEST_F(KernelOtherNamespace, IsWhereProgramsAreAttachedAndDetached) {
  u32 id = 0;
  {
    const App app = load({"on_xdp", "on_ingress", "on_route_out"}).value();
    id = program_id(app, "on_ingress");
    EXPECT_TRUE(attach(app, "on_xdp", place_).ok());
    place_.tc_way = TcWay::clsact;
    const auto tc = attach(app, "on_ingress", place_);
    EXPECT_TRUE(tc.ok()) << tc.error().message;
    place_.route = "10.9.0.0/16";
    const auto route = attach(app, "on_route_out", place_);
    EXPECT_TRUE(route.ok()) << route.error().message;
  }
  EXPECT_TRUE(eventually([&] { return !program_exists(id); }));
}

TEST_F(KernelOtherNamespace, KeepsNothingOfAProcessThatIsKilled) {
  place_.tc_way = TcWay::clsact;
  Child owner([&]() -> u64 {
    const auto* app = new App(load({"on_ingress"}).value());  // stays until the process is killed
    return (new auto(attach(*app, "on_ingress", place_)))->ok() ? program_id(*app, "on_ingress")
                                                                : 0;
  });
  const u32 id = static_cast<u32>(owner.told());
  EXPECT_TRUE(id != 0 && program_exists(id));
  owner.kill();
  EXPECT_TRUE(eventually([&] { return !program_exists(id); }));
}

TEST_F(KernelNetworkErrors, RoutesOfAnInterfaceThatIsDown) {
  const App app = load({"on_route_out"}).value();
  ASSERT_TRUE(make_interface("veth8", "veth"));
  set_down("veth8");
  expect_refused(app, "on_route_out", {.interface = "veth8", .route = "10.8.0.0/16"},
                 {Fault::system, "make the route 10.8.0.0/16 of veth8", "ip link set"});
}

}  // namespace
}  // namespace skep::network_test
