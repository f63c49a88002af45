// Filters in the qdisc clsact: what is ours goes, the qdisc too if we made it, and what others have
// stays.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "kernel/netlink.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;
using kernel::Netlink;
using kernel::NetlinkRequest;
using kernel::Place;
using kernel::TcWay;

class KernelClsact : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_not();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

tcmsg at_qdisc(u32 parent, u32 handle) {
  tcmsg out{};
  out.tcm_ifindex = static_cast<int>(::if_nametoindex("veth0"));
  out.tcm_parent = parent;
  out.tcm_handle = handle;
  return out;
}
constexpr u32 kQdisc = TC_H_MAKE(TC_H_CLSACT, 0);

int change_qdisc(u16 type, u16 flags, const std::string& kind) {
  NetlinkRequest request(type, flags, at_qdisc(TC_H_CLSACT, kQdisc));
  request.text(TCA_KIND, kind);
  return Netlink::open().value().ask(request).value().error;
}
int add_qdisc(const std::string& kind) {
  return change_qdisc(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, kind);
}
int remove_qdisc(const std::string& kind) { return change_qdisc(RTM_DELQDISC, 0, kind); }

std::vector<kernel::NetlinkMessage> filters(u32 direction) {
  auto answer =
      Netlink::open()
          .value()
          .ask({RTM_GETTFILTER, NLM_F_DUMP, at_qdisc(TC_H_MAKE(TC_H_CLSACT, direction), 0)})
          .value();
  return std::move(answer.messages);
}

const Place kClsact{.interface = "veth0", .tc_way = TcWay::clsact};

TEST_F(KernelClsact, AQdiscOfOthersStays) {
  ASSERT_EQ(add_qdisc("clsact"), 0);
  const App app = load({"on_ingress"}).value();
  { const auto link = attach(app, "on_ingress", kClsact).value(); }
  EXPECT_EQ(remove_qdisc("clsact"), 0) << "it was not there any more";
}

TEST_F(KernelClsact, TheLastOfOursTakesTheQdiscAlong) {
  const App app = load({"on_ingress", "on_egress"}).value();
  auto first = std::optional(attach(app, "on_ingress", kClsact).value());
  auto second = std::optional(attach(app, "on_egress", kClsact).value());
  first.reset();
  EXPECT_EQ(filters(TC_H_MIN_INGRESS).size(), 0u);
  EXPECT_NE(filters(TC_H_MIN_EGRESS).size(), 0u);
  second.reset();
  EXPECT_NE(remove_qdisc("clsact"), 0) << "it was left behind";
}

TEST_F(KernelClsact, AFilterOfOthersKeepsTheQdiscThatWeMade) {
  const App app = load({"on_ingress"}).value();
  {
    const auto link = attach(app, "on_ingress", kClsact).value();
    tcmsg place = at_qdisc(TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), 0);
    place.tcm_info = TC_H_MAKE(99u << 16, htons(3));
    NetlinkRequest add(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, place);
    add.text(TCA_KIND, "bpf");
    add.nest(TCA_OPTIONS, [&] {
      add.number(TCA_BPF_FD, static_cast<u32>(app.program("on_ingress")->descriptor.get()));
      add.text(TCA_BPF_NAME, "somebody else's");
    });
    ASSERT_EQ(Netlink::open().value().ask(add).value().error, 0);
  }
  EXPECT_NE(filters(TC_H_MIN_INGRESS).size(), 0u);
  EXPECT_EQ(remove_qdisc("clsact"), 0) << "it was not there any more";
}

TEST_F(KernelClsact, ThePriorityIsThatOfTheFilter) {
  const App app = load({"on_ingress"}).value();
  Place place = kClsact;
  place.priority = 42;
  const auto link = attach(app, "on_ingress", place).value();
  const auto there = filters(TC_H_MIN_INGRESS);
  ASSERT_FALSE(there.empty());
  EXPECT_EQ(there.back().header<tcmsg>().value().tcm_info >> 16, 42u);
  for (const int each : {-1, 0x10000}) {
    place.priority = each;
    expect_refused("on_ingress", place, {Fault::usage, "is no priority", "from 1 to 65535"});
  }
  expect_refused("on_ingress", {.interface = "veth0", .tc_way = TcWay::tcx, .priority = 1},
                 {Fault::usage, "tcx knows no priorities", "--tc-way clsact"});
  EXPECT_EQ(attach(app, "on_ingress", {.interface = "veth0", .priority = 1}).value().where(),
            "veth0 ingress (clsact)");
}

TEST_F(KernelClsact, AnIngressQdiscHasNoEgress) {
  ASSERT_EQ(add_qdisc("ingress"), 0);
  expect_refused("on_egress", kClsact,
                 {Fault::usage, "has no egress", "tc qdisc del dev veth0 ingress"});
  const App app = load({"on_ingress"}).value();
  EXPECT_TRUE(attach(app, "on_ingress", kClsact).ok());
  EXPECT_EQ(remove_qdisc("ingress"), 0);
}

}  // namespace
}  // namespace skep::network_test
