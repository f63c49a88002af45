// What the C++ interface attaches to the kernel takes note of what this process does as long as its
// Link lives or is pinned.
#include <fcntl.h>

#include <thread>

#include "engines/api_kernel.hpp"
#include "kernel/owned_links.hpp"

// Target of a probe: global, and not to be inlined.
extern "C" [[gnu::noinline]] int skep_api_probed(int argument) {
  asm volatile("" ::: "memory");
  return argument + 1;
}

namespace skep::api_test {
namespace {

using std::uint32_t, std::uint64_t;

TEST_F(ApiKernel, ALinkAttachesAsLongAsItLives) {
  const App app = load_events("system_call").value();
  hit();
  EXPECT_EQ(hits(app), 0u);
  {
    const Link link = app.program("system_call").attach().value();
    EXPECT_EQ(link.program(), "system_call");
    EXPECT_EQ(link.hook(), "raw tracepoint");
    EXPECT_EQ(link.where(), "sys_enter");
    EXPECT_EQ(link.ids().size(), 1u);
    hit();
    EXPECT_EQ(hits(app), 1u);
  }
  hit();
  EXPECT_EQ(hits(app), 1u);
  uint32_t on_cpus = 0;
  for (const uint32_t each : app.map("by_cpu").lookup_cpus<uint32_t>(0u).value()) on_cpus += each;
  EXPECT_EQ(on_cpus, 1u);
  EXPECT_TRUE(app.map("by_cpu").update(0u, 5u).ok());
  for (const uint32_t each : app.map("by_cpu").lookup_cpus<uint32_t>(0u).value())
    EXPECT_EQ(each, 5u);
}

TEST_F(ApiKernel, ALinkNeedsNothingOfItsApp) {
  std::optional<Link> link = load_events("system_call").value().attach("system_call").value();
  hit();
  Link moved = std::move(*link);
  link.reset();
  EXPECT_EQ(moved.ids().size(), 1u);
}

TEST_F(ApiKernel, AProbeSeesOneProcessOnly) {
  const App app = load_events("function").value();
  const Place place{.target = "/proc/self/exe:skep_api_probed",
                    .pid = static_cast<uint32_t>(::getpid())};
  const Link link = app.attach("function", place).value();
  EXPECT_EQ(link.hook(), "uprobe");
  (void)skep_api_probed(1);
  const auto records = drained(app);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].from, 2u);
}

TEST_F(ApiKernel, PinnedALinkOutlivesItself) {
  const PinFolder folder;
  const App app = load_events("system_call").value();
  {
    Link link = app.attach("system_call").value();
    expect_refusal(link.pin("/proc/nowhere/links"), Fault::absent, "/proc/nowhere/links");
    const auto paths = link.pin(folder.path("links")).value();
    EXPECT_EQ(paths, std::vector{folder.path("links/system_call")});
    expect_refusal(link.pin(folder.path("links")), Fault::usage, "the path is taken");
    ASSERT_TRUE(app.map("events").pin(folder.path("links/events")).ok());
    expect_refusal(app.map("events").pin(folder.path("links/events")), Fault::usage, "taken");
  }
  hit();
  EXPECT_EQ(hits(app), 1u) << "not attached any more";
  EXPECT_EQ(::access(folder.path("links/events").c_str(), F_OK), 0);
  ASSERT_EQ(::unlink(folder.path("links/system_call").c_str()), 0);
  // The kernel lets go of a pinned link a little later.
  for (int round = 0; round < 100; ++round) {
    const uint64_t before = hits(app);
    hit();
    if (hits(app) == before) break;
    std::this_thread::sleep_for(milliseconds(20));
  }
  const uint64_t before = hits(app);
  hit();
  EXPECT_EQ(hits(app), before);
}

TEST_F(ApiKernel, MapsPinnedByNameAreShared) {
  const PinFolder folder;
  const auto object = Object::open(kPrograms + "cli/pinned.bpf.o").value();
  const LoadOptions options{.pins = folder.path("")};
  const App one = engine("kernel").load(object, options).value();
  const App two = engine("kernel").load(object, options).value();
  EXPECT_TRUE(one.map("shared").update(0u, uint64_t{41}).ok());
  EXPECT_EQ(two.map("shared").lookup<uint64_t>(0u).value(), 41u);
}

TEST_F(ApiKernel, IteratorsAreRead) {
  const App app = load_events("all_maps").value();
  const Link link = app.attach("all_maps").value();
  EXPECT_NE(link.read().value().find("map\nmap\n"), std::string::npos);
  const App other = load_events("system_call").value();
  expect_refusal(other.attach("system_call").value().read(), Fault::usage,
                 "raw tracepoint sys_enter, and only iterators are read");
}

TEST_F(ApiKernel, ProgramsOfTypeSyscallRunOnTheirContext) {
  const App app = load_events("add").value();
  const std::array<uint64_t, 3> sum{30, 5, 0};
  const skep::Run run = app.program("add").run(std::as_bytes(std::span(sum))).value();
  EXPECT_EQ(run.return_value, 3u);
  ASSERT_EQ(run.context.size(), sizeof(sum));
  uint64_t result = 0;
  std::memcpy(&result, run.context.data() + 16, sizeof(result));
  EXPECT_EQ(result, 42u);
  expect_refusal(app.program("add").feed(kCapture), Fault::unsupported, "takes no packets");
  expect_refusal(app.attach("add"), Fault::unsupported, "Program::run()");
  expect_refusal(app.attach_all(), Fault::usage, "no program that is attached to something");
  // A section of static variables only is not the process's memory.
  EXPECT_EQ(app.global("hidden").get<uint64_t>().value(), 7u);
  expect_refusal(app.global("hidden").set(8), Fault::unsupported, "static variables only");
}

bool is_registered() {
  char text[4096] = {};
  const int file =
      ::open("/proc/sys/net/ipv4/tcp_available_congestion_control", O_RDONLY | O_CLOEXEC);
  (void)!::read(file, text, sizeof(text) - 1);
  ::close(file);
  return std::string_view(text).contains("skep_api");
}

TEST_F(ApiKernel, StructuresOfOperationsAreAttachedByTheirName) {
  const auto object = Object::open(SKEP_API_OPERATIONS).value();
  {
    const App app = engine("kernel").load(object).value();
    const auto links = app.attach_all().value();
    EXPECT_EQ(links.size(), 1u);
    EXPECT_TRUE(is_registered());
  }
  EXPECT_FALSE(is_registered());
  const App app = engine("kernel").load(object).value();
  const Link link = app.attach("control").value();
  EXPECT_EQ(link.where(), "struct tcp_congestion_ops");
  EXPECT_TRUE(is_registered());
}

TEST_F(ApiKernel, TargetsOfTailCallsAreNotAttached) {
  const App app =
      engine("kernel").load(Object::open(kPrograms + "protocols.bpf.o").value()).value();
  const auto links = app.attach_all({.interface = "lo", .xdp_mode = XdpMode::generic}).value();
  ASSERT_EQ(links.size(), 1u);
  EXPECT_EQ(links[0].where(), "lo (generic)");
}

// What the C++ interface attaches is on the list of `skep link list --mine` as long as it is.
TEST_F(ApiKernel, WhatIsAttachedIsWrittenDown) {
  const test::Scratch scratch;
  ::setenv("XDG_RUNTIME_DIR", scratch.path("").c_str(), 1);
  const App app = load_events("system_call").value();
  const auto listed = [] { return kernel::OwnedLinks::all(); };
  {
    const Link link = app.attach("system_call").value();
    ASSERT_EQ(listed().size(), 1u);
    EXPECT_EQ(listed()[0].program, "system_call");
    EXPECT_EQ(listed()[0].hook, "raw tracepoint");
    EXPECT_EQ(listed()[0].where, "sys_enter");
    EXPECT_EQ(listed()[0].pid, static_cast<uint32_t>(::getpid()));
    EXPECT_EQ(listed()[0].id, link.ids()[0]);
    Link other = app.attach("system_call").value();
    EXPECT_EQ(listed().size(), 2u);
    other = app.attach("system_call").value();  // the one before it is detached
    EXPECT_EQ(listed().size(), 2u);
  }
  EXPECT_TRUE(listed().empty());
  {
    const PinFolder pins;
    const auto links = app.attach_all().value();
    EXPECT_EQ(listed().size(), links.size());
    Link pinned = app.attach("system_call").value();
    ASSERT_TRUE(pinned.pin(pins.path("a")).ok());
    EXPECT_TRUE(pinned.pin(pins.path("b")).ok());
    { const Link gone = std::move(pinned); }
    EXPECT_EQ(listed().size(), links.size() + 1) << "what is pinned has no owner";
  }
  EXPECT_TRUE(listed().empty()) << "an owner stays written down";
  // Nothing is attached without an owner.
  ::setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
  expect_refusal(app.attach("system_call"), Fault::absent, "XDG_RUNTIME_DIR");
  ::unsetenv("XDG_RUNTIME_DIR");
}

}  // namespace
}  // namespace skep::api_test
