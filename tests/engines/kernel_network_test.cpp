// Programs of the network at work in the kernel: each hook in a network namespace and a cgroup of
// the test's own.
//
// A program counts its runs. It must run while its Link lives, must not run after that, and its id
// must be gone when the object is closed, since whatever is still attached holds it; and so also
// when the process that attached it is killed. Each case says that it ran, or is skipped with the
// reason.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "kernel/netlink.hpp"
#include "kernel_bpf.hpp"
#include "network_hooks.hpp"

namespace skep::network_test {
namespace {

using kernel::App;
using kernel::Link;
using kernel::Place;

class Hooks : public testing::TestWithParam<HookCase> {
 protected:
  void SetUp() override {
    const std::string why = why_not();
    if (!why.empty()) GTEST_SKIP() << why;
    if (!GetParam().since.empty() && is_older_than(GetParam().since)) {
      GTEST_SKIP() << GetParam().name << ": this kernel is older than " << GetParam().since
                   << ", which has it";
    }
    place_ = GetParam().place(stage_);
    if (!stage_.skip.empty()) GTEST_SKIP() << GetParam().name << ": " << stage_.skip;
  }
  std::vector<std::string> programs() const {
    std::vector<std::string> out = GetParam().beside;
    out.push_back(GetParam().program);
    return out;
  }
  Result<std::vector<Link>> attach_all(const App& app) {
    std::vector<Link> out;
    for (const std::string& each : programs()) out.push_back(TRY(attach(app, each, place_)));
    return out;
  }

  Stage stage_;
  Place place_;
};

std::string text_of(const Error& error) { return error.message + "; " + error.hint; }

TEST_P(Hooks, RunsWhileItsLinkLives) {
  u32 id = 0;
  {
    const App app = load(programs()).value();
    id = program_id(app, GetParam().program);
    {
      const auto links = attach_all(app);
      ASSERT_TRUE(links.ok()) << text_of(links.error());
      const std::string& where = links->back().where();
      EXPECT_TRUE(where.ends_with(GetParam().where)) << where;
      GetParam().use(stage_, app);
      EXPECT_TRUE(eventually([&] { return hits(app, GetParam().program) > 0; }));
    }
    stage_.pair.reset();
    const u64 before = hits(app, GetParam().program);
    GetParam().use(stage_, app);
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_EQ(hits(app, GetParam().program), before);
  }
  stage_.pair.reset();
  EXPECT_TRUE(eventually([&] { return !program_exists(id); }))
      << "something still holds the program";
  std::printf("ran: %s\n", GetParam().name.c_str());
}

TEST_P(Hooks, AreLeftWhenTheProcessIsKilled) {
  Child child([&]() -> u64 {
    const auto* app = new App(load(programs()).value());  // stays until the process is killed
    auto* links = new auto(attach_all(*app));
    if (links->ok()) return program_id(*app, GetParam().program);
    std::fprintf(stderr, "%s\n", text_of(links->error()).c_str());
    return 0;
  });
  const u32 id = static_cast<u32>(child.told());
  EXPECT_TRUE(id != 0 && program_exists(id));
  child.kill();
  EXPECT_TRUE(eventually([&] { return !program_exists(id); }))
      << "something still holds the program";
}

INSTANTIATE_TEST_SUITE_P(Kernel, Hooks, testing::ValuesIn(hook_cases()),
                         [](const testing::TestParamInfo<HookCase>& info) {
                           return info.param.name;
                         });

// ---- what the kernel itself says is attached ----

std::vector<u32> queried(u32 target, u32 type) {
  std::vector<u32> out(64);
  bpf_attr query = kernel_test::no_attributes();
  query.query.target_fd = target;  // or the number of an interface
  query.query.attach_type = type;
  query.query.prog_ids = reinterpret_cast<u64>(out.data());
  query.query.prog_cnt = 64;
  EXPECT_EQ(kernel_test::bpf(BPF_PROG_QUERY, query), 0);
  out.resize(query.query.prog_cnt);
  return out;
}

std::vector<u32> xdp_at(const char* interface) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(::if_nametoindex(interface));
  const auto answer = kernel::Netlink::open().value().ask({RTM_GETLINK, 0, header}).value();
  const auto xdp = kernel::find_attribute(answer.messages.at(0).attributes<ifinfomsg>(), IFLA_XDP);
  const auto id = xdp ? kernel::find_number(*xdp, IFLA_XDP_PROG_ID) : std::nullopt;
  return id ? std::vector<u32>{*id} : std::vector<u32>();
}

// A program at a place, and the kernel's list of programs there with and without the Link.
void expect_listed(const std::string& program, const Place& place,
                   const std::function<std::vector<u32>(const App&)>& list) {
  const App app = load({program}).value();
  {
    const auto link = attach(app, program, place);
    ASSERT_TRUE(link.ok()) << text_of(link.error());
    EXPECT_EQ(list(app), std::vector<u32>{program_id(app, program)}) << program;
    EXPECT_EQ(link->ids().size(), 1u) << program;
  }
  EXPECT_EQ(list(app), std::vector<u32>()) << program;
}

TEST(KernelNetwork, TheKernelListsWhatIsAttached) {
  const std::string why = why_not();
  if (!why.empty()) GTEST_SKIP() << why;
  expect_listed("on_xdp", {.interface = "veth0"}, [](const App&) { return xdp_at("veth0"); });
  const Fd space = Fd::open("/proc/self/ns/net", O_RDONLY).value();
  expect_listed("on_lookup", {},
                [&](const App&) { return queried(static_cast<u32>(space.get()), BPF_SK_LOOKUP); });
  const OwnCgroup cgroup;
  if (cgroup.why().empty()) {
    const Fd folder = Fd::open(cgroup.folder(), O_RDONLY).value();
    expect_listed("on_bind4", {.cgroup = cgroup.folder()}, [&](const App&) {
      return queried(static_cast<u32>(folder.get()), BPF_CGROUP_INET4_BIND);
    });
  }
  if (is_older_than("6.10"))
    GTEST_SKIP() << "tcx is listed since 6.6, links of maps of sockets since 6.10";
  constexpr u32 kTcxIngress = 46;  // BPF_TCX_INGRESS, which Debian's headers do not have
  expect_listed("on_ingress", {.interface = "veth0"},
                [](const App&) { return queried(::if_nametoindex("veth0"), kTcxIngress); });
  expect_listed("on_message", {}, [](const App& app) {
    return queried(static_cast<u32>(app.map("sockets")->fd().get()), BPF_SK_MSG_VERDICT);
  });
}

}  // namespace
}  // namespace skep::network_test
