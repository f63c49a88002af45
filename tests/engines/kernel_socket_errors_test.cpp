// What is refused at cgroups, sockets, maps of sockets and netfilter.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/netfilter.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <tuple>

#include "base/text.hpp"
#include "kernel/attachers.hpp"
#include "kernel_bpf.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;
using kernel::Place;

class KernelSocketErrors : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = why_not();
    if (!why.empty()) GTEST_SKIP() << why;
  }
};

// ---- cgroups ----

TEST_F(KernelSocketErrors, Cgroups) {
  const std::string mount = cgroup_mount();
  expect_refused("on_bind4", {.cgroup = "/tmp"},
                 {Fault::usage, "/tmp is not a cgroup of version 2",
                  mount.empty() ? "mount -t cgroup2" : mount});
  expect_refused("on_bind4", {.cgroup = "/nowhere"}, {Fault::absent, "cannot open /nowhere", ""});
  expect_refused("on_bind4", {}, {Fault::usage, "does not say a cgroup", "--cgroup"});
  if (::access("/sys/fs/cgroup/cpu/cgroup.procs", F_OK) != 0)
    GTEST_SKIP() << "version 1 is not mounted here";
  expect_refused("on_bind4", {.cgroup = "/sys/fs/cgroup/cpu"},
                 {Fault::usage, "but one of version 1", mount});
}

s64 attach_to_cgroup(const App& app, const std::string& program, const Fd& cgroup) {
  bpf_attr attributes = kernel_test::no_attributes();
  attributes.target_fd = static_cast<u32>(cgroup.get());
  attributes.attach_bpf_fd = static_cast<u32>(app.program(program)->descriptor.get());
  attributes.attach_type = BPF_CGROUP_INET4_BIND;
  return kernel_test::bpf(BPF_PROG_ATTACH, attributes);
}

TEST_F(KernelSocketErrors, AProgramThatAllowsNoOtherIsNamed) {
  const OwnCgroup cgroup;
  if (!cgroup.why().empty()) GTEST_SKIP() << cgroup.why();
  const std::string below = cgroup.folder() + "/below";
  ASSERT_EQ(::mkdir(below.c_str(), 0755), 0);
  const App app = load({"on_bind4"}).value();
  ASSERT_EQ(attach_to_cgroup(app, "on_bind4", Fd::open(cgroup.folder(), O_RDONLY).value()), 0);
  const std::string other = format("program {} (on_bind4) of ", program_id(app, "on_bind4"));
  expect_refused(app, "on_bind4", {.cgroup = cgroup.folder()},
                 {Fault::usage, other + cgroup.folder(), "BPF_F_ALLOW_MULTI"});
  expect_refused(app, "on_bind4", {.cgroup = below},
                 {Fault::usage, other + below + "/..", "BPF_F_ALLOW_MULTI"});
  EXPECT_EQ(::rmdir(below.c_str()), 0);
}

// ---- maps of sockets ----

TEST_F(KernelSocketErrors, MapsOfSockets) {
  expect_refused("on_message", {.target = "socket"},
                 {Fault::absent, "no map of sockets named socket", "did you mean sockets"});
  expect_refused("on_message", {.target = "else"},
                 {Fault::absent, "named else", "sockets, hashed_sockets"});
  const App app = load({"on_stream", "on_verdict", "on_message"}).value();
  const auto first = attach(app, "on_message", {}).value();
  const std::string other =
      format("map sockets is taken by program {} (on_message)", program_id(app, "on_message"));
  expect_refused(app, "on_message", {}, {Fault::usage, other, "one program of a kind"});
  EXPECT_TRUE(attach(app, "on_message", {.target = "hashed_sockets"}).ok());
  const auto stream = attach(app, "on_stream", {}).value();
  expect_refused(app, "on_verdict", {},
                 {Fault::usage, "map sockets is taken by", "either sk_skb/verdict or"});
}

// ---- sockets ----

std::string name_of(int descriptor, int process = ::getpid()) {
  return format("{}:{}", process, descriptor);
}

TEST_F(KernelSocketErrors, SocketsThatAreNotThere) {
  for (const char* each : {"7", "7:", ":7", "a:b", "7:-1", "99999999999:1"}) {
    expect_refused("on_socket", {.socket = each},
                   {Fault::usage, "names no socket", "PID:DESCRIPTOR"});
  }
  expect_refused("on_socket", {}, {Fault::usage, "does not say a socket", "--socket"});
  expect_refused("on_socket", {.socket = name_of(1, 0x3fffffff)},
                 {Fault::absent, "no process 1073741823", ""});
  expect_refused("on_socket", {.socket = name_of(999)},
                 {Fault::absent, "has no descriptor 999", "/fd shows"});
  const Fd file = Fd::open("/dev/null", O_RDONLY).value();
  expect_refused("on_socket", {.socket = name_of(file.get())},
                 {Fault::usage, "is no socket", "/proc/PID/fd"});
}

TEST_F(KernelSocketErrors, AFilterOfOthersStays) {
  const App app = load({"on_socket"}).value();
  const Port port = udp_port(Reuse::no);
  const Place place{.socket = name_of(port.socket.get())};
  {
    const auto first = attach(app, "on_socket", place).value();
    expect_refused(app, "on_socket", place, {Fault::usage, "has a filter already", "one filter"});
  }
  sock_filter takes_all{BPF_RET | BPF_K, 0, 0, 0xffff};
  const sock_fprog classic{1, &takes_all};
  ASSERT_EQ(
      ::setsockopt(port.socket.get(), SOL_SOCKET, SO_ATTACH_FILTER, &classic, sizeof(classic)), 0);
  expect_refused(app, "on_socket", place,
                 {Fault::usage, "has a filter already", "SO_DETACH_FILTER"});
}

// A descriptor that means another socket by now.
TEST_F(KernelSocketErrors, ASocketInTheSamePlaceIsLeftAlone) {
  const App app = load({"on_socket"}).value();
  const Port port = udp_port(Reuse::no), other = udp_port(Reuse::no);
  {
    const auto link = attach(app, "on_socket", {.socket = name_of(port.socket.get())}).value();
    ASSERT_EQ(::dup2(other.socket.get(), port.socket.get()), port.socket.get());
    const int program = app.program("on_socket")->descriptor.get();
    ASSERT_EQ(
        ::setsockopt(other.socket.get(), SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)), 0);
  }
  send_to_port(other.number);
  EXPECT_EQ(hits(app, "on_socket"), 1u) << "the program of somebody else was taken away";
}

TEST_F(KernelSocketErrors, ALockedSocket) {
  const Port port = udp_port(Reuse::no);
  const int on = 1;
  ASSERT_EQ(::setsockopt(port.socket.get(), SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), 0);
  expect_refused("on_socket", {.socket = name_of(port.socket.get())},
                 {Fault::denied, "attach to socket", "SO_LOCK_FILTER"});
}

// The program of others stays when ours is refused.
TEST_F(KernelSocketErrors, SocketsThatShareNoPort) {
  const Port port = udp_port(Reuse::no);
  expect_refused("on_choice", {.socket = name_of(port.socket.get())},
                 {Fault::unsupported, "attach to socket", "SO_REUSEPORT"});
  const Fd pair = Fd::adopt(::socket(AF_UNIX, SOCK_DGRAM, 0));
  expect_refused("on_choice", {.socket = name_of(pair.get())},
                 {Fault::unsupported, "attach to socket", ""});
}

TEST_F(KernelSocketErrors, ASocketOfAnotherProcess) {
  const App app = load({"on_socket"}).value();
  Child other([]() -> u64 {
    const auto* port = new Port(udp_port(Reuse::no));  // stays until the process is killed
    return u64{port->number} << 32 | static_cast<u32>(port->socket.get());
  });
  const u16 number = static_cast<u16>(other.told() >> 32);
  {
    const auto link =
        attach(app, "on_socket",
               {.socket = name_of(static_cast<int>(other.told() & 0xffff), other.process())});
    EXPECT_TRUE(link.ok()) << link.error().message;
    send_to_port(number);
    EXPECT_EQ(hits(app, "on_socket"), 1u);
  }
  send_to_port(number);
  EXPECT_EQ(hits(app, "on_socket"), 1u);
}

// ---- netfilter, infrared ----

TEST_F(KernelSocketErrors, Netfilter) {
  if (is_older_than("6.4"))
    GTEST_SKIP() << "this kernel has no programs of netfilter: Linux has them since 6.4";
  for (const char* each : {"ipv5/input", "ipv4", "ipv4/", "ipv4/in", "/input", "ipv4/input/x",
                           "ipv4/input/defrag/x"}) {
    expect_refused("on_netfilter", {.target = each},
                   {Fault::usage, "is no place in netfilter", "hooks: prerouting, input"});
  }
  for (const s32 each : {INT_MIN, INT_MAX}) {
    expect_refused("on_netfilter", {.priority = each},
                   {Fault::usage, "netfilter's own", "in between"});
  }
  expect_refused("on_netfilter", {.target = "ipv4/input/defrag", .priority = -400},
                 {Fault::usage, "before fragments", "above -400"});
  const App app = load({"on_netfilter"}).value();
  const auto first = attach(app, "on_netfilter", {.priority = 3}).value();
  expect_refused(app, "on_netfilter", {.priority = 3},
                 {Fault::usage, "ipv4/input, priority 3 has a program", "--priority"});
  EXPECT_TRUE(attach(app, "on_netfilter", {.priority = 4}).ok());
}

// The kernel's own word for where a link is: struct bpf_link_info, whose last part begins at
// byte 16.
TEST_F(KernelSocketErrors, TheKernelSaysWhereInNetfilterItIs) {
  if (is_older_than("6.4"))
    GTEST_SKIP() << "this kernel has no programs of netfilter: Linux has them since 6.4";
  struct Row {
    const char* target;
    u32 family, hook;
  };
  const App app = load({"on_netfilter"}).value();
  for (const Row& row : {Row{"ipv4/prerouting", NFPROTO_IPV4, NF_INET_PRE_ROUTING},
                         Row{"ipv4/input", NFPROTO_IPV4, NF_INET_LOCAL_IN},
                         Row{"ipv6/forward", NFPROTO_IPV6, NF_INET_FORWARD},
                         Row{"ipv4/output", NFPROTO_IPV4, NF_INET_LOCAL_OUT},
                         Row{"ipv6/postrouting", NFPROTO_IPV6, NF_INET_POST_ROUTING}}) {
    const auto link = attach(app, "on_netfilter", {.target = row.target, .priority = -5}).value();
    std::array<u32, 16> info{};
    bpf_attr get = kernel_test::no_attributes();
    get.info.bpf_fd = static_cast<u32>(link.links().at(0).get());
    get.info.info_len = sizeof(info);
    get.info.info = reinterpret_cast<u64>(info.data());
    ASSERT_EQ(kernel_test::bpf(BPF_OBJ_GET_INFO_BY_FD, get), 0);
    EXPECT_EQ(info[4], row.family) << row.target;
    EXPECT_EQ(info[5], row.hook) << row.target;
    EXPECT_EQ(static_cast<s32>(info[6]), -5) << row.target;
  }
}

// No receiver here, and no kernel that takes programs for one: another program shows what is said
// of a device.
TEST_F(KernelSocketErrors, Infrared) {
  const App app = load({"on_xdp"}).value();
  for (const auto& [device, fault, hint] :
       {std::tuple{"/dev/lirc99", Fault::absent, ""},
        std::tuple{"/dev/null", Fault::unsupported, "/dev/lirc0"}}) {
    const Place place{.target = device};
    const auto link =
        kernel::attach_infrared({app, *app.program("on_xdp"), place, {}, kernel::Hook::infrared});
    ASSERT_FALSE(link.ok());
    EXPECT_EQ(link.error().fault, fault) << link.error().message;
    EXPECT_NE(link.error().message.find(device), std::string::npos) << link.error().message;
    EXPECT_NE(link.error().hint.find(hint), std::string::npos) << link.error().hint;
  }
}

}  // namespace
}  // namespace skep::network_test
