// The public interface on the programs of bpf/, and skeletons made when the tests are built. Counts
// are those of tests/data/web.pcap, which tshark gives (tests/cases/cli).
#include <array>
#include <skep/skep.hpp>
#include <string>
#include <thread>

#include "filter.skel.hpp"
#include "gtest/gtest.h"
#include "shapes.skel.hpp"

namespace skep {
namespace {

using std::uint32_t, std::uint64_t;

const std::string kPrograms = SKEP_SOURCE_DIR "/build/bpf/";
const std::string kCapture = SKEP_SOURCE_DIR "/tests/data/web.pcap";
constexpr uint64_t kPackets = 1117;
constexpr uint32_t kDrop = 1, kPass = 2;  // XDP_DROP, XDP_PASS

Object open(const std::string& name) { return Object::open(kPrograms + name).value(); }
Engine user() { return Engine::open("user").value(); }

template <class T>
std::string refusal(const Result<T>& result) {
  return result.ok() ? "nothing" : result.error().message + " | " + result.error().hint;
}
void expect_refusal(const std::string& found, const std::string& part) {
  EXPECT_NE(found.find(part), std::string::npos) << found;
}

std::array<std::byte, 60> frame() { return {}; }

TEST(ApiObject, SaysWhatIsInside) {
  const Object object = open("filter.bpf.o");
  const ProgramInfo program = object.program("filter").value();
  EXPECT_EQ(program.section, "xdp");
  EXPECT_EQ(program.type, "xdp");
  const MapInfo ports = object.map("ports").value();
  EXPECT_EQ(ports.kind, "hash");
  EXPECT_EQ(ports.key_bytes, 2u);
  EXPECT_EQ(ports.value_bytes, 4u);
  EXPECT_EQ(ports.max_entries, 1024u);
  EXPECT_EQ(object.maps().size(), 3u);
  expect_refusal(refusal(object.program("filtr")), "did you mean filter");
  expect_refusal(refusal(object.map("port")),
                 "filter.bpf.o: no map named port | did you mean ports");
  expect_refusal(refusal(Object::open("/nowhere")), "cannot");
}

TEST(ApiGlobals, AreCheckedAgainstTheirTypes) {
  Object object = open("cli/shapes.bpf.o");
  EXPECT_EQ(object.global("small").get<int>().value(), -1);
  EXPECT_TRUE(object.global("small").set(-128).ok());
  EXPECT_EQ(object.global("small").get<std::int64_t>().value(), -128);
  expect_refusal(refusal(object.global("small").set(-129)), "-129 does not fit");
  expect_refusal(refusal(object.global("small").set(128)), "128 does not fit");
  expect_refusal(refusal(object.global("hops").set(-1)), "-1 does not fit");
  EXPECT_TRUE(object.global("hops").set(255).ok());
  expect_refusal(refusal(object.global("hops").set(256u)), "256 does not fit");
  expect_refusal(refusal(object.global("elapsed_ns").get<uint32_t>()), "a number of 4 bytes");
  EXPECT_TRUE(object.global("elapsed_ns").set(~uint64_t{0}).ok());
  EXPECT_EQ(object.global("elapsed_ns").get<uint64_t>().value(), ~uint64_t{0});
  EXPECT_EQ(object.global("big").get<uint64_t>().value(), 0x123456789abcdefu);
  struct Two {
    uint32_t left, right;
  };
  expect_refusal(refusal(object.global("elapsed_ns").set(Two{})), "set it to a number");
  expect_refusal(refusal(object.global("shapes").set(Two{})), "8 were given");
  expect_refusal(refusal(object.global("shapes").set(5)), "5 is a number");
  expect_refusal(refusal(object.global("shapes").set("text")), "a text was given");
  expect_refusal(refusal(object.global("smal").set(1)), "small");
  EXPECT_THROW(object.global("hops") = 300, Error);
}

TEST(ApiEngine, NamesWhatItDoesNotDo) {
  expect_refusal(refusal(Engine::open("usr")), "no engine named usr");
  expect_refusal(refusal(Engine::open("usr")), "user, kernel and auto");
  for (const char* const name : {"user", "kernel", "auto"})
    EXPECT_EQ(Engine::open(name).value().name(), name);
  EXPECT_EQ(user().load(open("filter.bpf.o")).value().engine(), "user");
  expect_refusal(refusal(user().load(open("cli/kprobe.bpf.o"))),
                 "kprobe.bpf.o: program probe in section kprobe/do_unlinkat is of type kprobe");
  expect_refusal(refusal(user().load(open("filter.bpf.o"), {.programs = {"filtre"}})),
                 "no program named filtre | did you mean filter");
}

TEST(ApiEngine, GivesTheReportOfARejection) {
  const auto app = user().load(open("bad/array-index-off-by-one.bpf.o"));
  ASSERT_FALSE(app.ok());
  EXPECT_EQ(app.error().fault, Fault::rejected);
  EXPECT_NE(app.error().report().find("rule"), std::string_view::npos) << app.error().report();
  EXPECT_EQ(open("filter.bpf.o").map("x").error().report(), "");
}

TEST(ApiProgram, RunsOnPacketsAndCaptures) {
  Object object = open("filter.bpf.o");
  const App app = user().load(object).value();
  const auto packet = frame();
  const skep::Run run = app.program("filter").run(packet).value();
  EXPECT_EQ(run.return_value, kPass);
  EXPECT_TRUE(std::ranges::equal(run.packet, packet));
  const Feed feed = app.program("filter").feed(kCapture).value();
  EXPECT_EQ(feed.packets, kPackets);
  ASSERT_EQ(feed.verdicts.size(), 1u);
  EXPECT_EQ(feed.verdicts[0].name, "XDP_PASS");
  EXPECT_EQ(feed.verdicts[0].packets, kPackets);
  expect_refusal(refusal(app.program("filter").run(std::span(packet).first(13))), "13 bytes");
  expect_refusal(refusal(app.program("filter").feed("/nowhere.pcap")), "/nowhere.pcap");
  expect_refusal(refusal(app.program("flter").run(packet)), "did you mean filter");
}

TEST(ApiProgram, IsTheSameInterpreted) {
  for (const bool interpret : {false, true}) {
    const App app = user().load(open("flows.bpf.o"), {.interpret = interpret}).value();
    EXPECT_EQ(app.program("flows").feed(kCapture).value().packets, kPackets);
    EXPECT_EQ(app.map("flow_table").size().value(), 218u);
    EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 16u);
  }
}

TEST(ApiProgram, IsStoppedWhenItsBudgetIsUsedUp) {
  for (const bool interpret : {false, true}) {
    const auto load = [&](std::uint64_t budget) {
      return user().load(open("flows.bpf.o"), {.interpret = interpret, .budget = budget}).value();
    };
    const auto stopped = load(12).program("flows").run(frame());
    ASSERT_FALSE(stopped.ok());
    EXPECT_EQ(stopped.error().fault, Fault::exhausted);
    expect_refusal(refusal(stopped), "the fuel of 12 instructions is used up");
    EXPECT_TRUE(load(100'000).program("flows").run(frame()).ok());
  }
}

TEST(ApiMap, ReadsAndWritesEntries) {
  const App app = user().load(open("filter.bpf.o")).value();
  Map ports = app.map("ports");
  const std::uint16_t ssh = 22, web = 80;
  EXPECT_EQ(ports.lookup<uint32_t>(ssh).error().fault, Fault::absent);
  EXPECT_TRUE(ports.update(ssh, kDrop).ok());
  EXPECT_EQ(ports.lookup<uint32_t>(ssh).value(), kDrop);
  EXPECT_FALSE(ports.update(ssh, 7u, Update::only_new).ok());
  EXPECT_FALSE(ports.update(web, 7u, Update::only_existing).ok());
  EXPECT_TRUE(ports.update(web, 0u, Update::only_new).ok());
  EXPECT_EQ(ports.size().value(), 2u);
  uint64_t sum = 0;
  for (const auto& [key, value] : ports.entries<std::uint16_t, uint32_t>().value()) sum += key;
  EXPECT_EQ(sum, 102u);
  EXPECT_TRUE(ports.erase(ssh).ok());
  EXPECT_EQ(ports.erase(ssh).error().fault, Fault::absent);
  EXPECT_EQ(ports.keys<std::uint16_t>().value(), std::vector{web});
  expect_refusal(refusal(ports.lookup<uint32_t>(5u)), "keys have 2 bytes, and 4 were given");
  expect_refusal(refusal(ports.lookup<uint64_t>(web)), "values have 4 bytes, and 8 were given");
  expect_refusal(refusal(ports.lookup_cpus<uint32_t>(web)), "use lookup()");
  expect_refusal(refusal(app.map("counts").lookup<std::array<uint64_t, 8>>(0u)), "lookup_cpus()");
  expect_refusal(refusal(app.map("prts").size()), "did you mean ports");
  expect_refusal(refusal(app.ring<uint32_t>("ports").drain([](uint32_t) {})), "not a ring buffer");
}

TEST(ApiMap, ForgetsNothingThatWasLost) {
  const App app = user().load(open("filter.bpf.o")).value();
  Map ports = app.map("ports");
  for (std::uint16_t port = 0; port < 1024; ++port) ASSERT_TRUE(ports.update(port, 0u).ok());
  EXPECT_FALSE(ports.update(std::uint16_t{1024}, 0u).ok());
  EXPECT_EQ(ports.lost().value(), 1u);
}

TEST(ApiGlobals, OfAnAppAreItsMemory) {
  Object object = open("flows.bpf.o");
  object.global("not_ip") = 100;
  const App app = user().load(object).value();
  object.global("not_ip") = 200;  // the App has what was loaded
  EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 100u);
  ASSERT_TRUE(app.program("flows").run(frame()).ok());  // a frame that is no IP
  EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 101u);
  app.global("not_ip") = 5u;
  ASSERT_TRUE(app.program("flows").run(frame()).ok());
  EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 6u);
  const App filter = user().load(open("filter.bpf.o")).value();
  expect_refusal(refusal(filter.global("otherwise").set(1)), "constant of a loaded program");
  EXPECT_EQ(filter.global("otherwise").get<uint32_t>().value(), 0u);
}

TEST(ApiRing, HandsOutRecordsOnce) {
  const App app = user().load(open("flows.bpf.o")).value();
  ASSERT_TRUE(app.program("flows").feed(kCapture).ok());
  struct Start {  // of struct flow_event
    uint64_t time_ns;
    uint32_t kind;
    uint32_t query_type;
  };
  uint64_t queries = 0;
  const auto take = [&](const Start& each) { queries += each.kind == 1; };
  const auto count = app.ring<Start>("events").drain(take).value();
  EXPECT_GT(count, queries);
  EXPECT_GT(queries, 0u);
  EXPECT_EQ(app.ring<Start>("events").drain([](const Start&) {}).value(), 0u);
  EXPECT_EQ(app.ring<Start>("events").lost().value(), 0u);
  ASSERT_TRUE(app.program("flows").feed(kCapture).ok());
  using TooLong = std::array<uint64_t, 100>;
  expect_refusal(refusal(app.ring<TooLong>("events").drain([](const TooLong&) {})), "are shorter");
}

TEST(ApiRing, WaitsForWhatAnotherThreadRuns) {
  using std::chrono::milliseconds;
  const App app = user().load(open("flows.bpf.o")).value();
  const RingBytes events = app.ring("events");
  EXPECT_FALSE(events.wait(milliseconds(3)).value());
  EXPECT_FALSE(events.wait(milliseconds(0)).value());
  std::thread other([program = app.program("flows")]() mutable {
    std::this_thread::sleep_for(milliseconds(20));
    ASSERT_TRUE(program.feed(kCapture).ok());
  });
  EXPECT_TRUE(events.wait(milliseconds::max()).value());
  other.join();
  EXPECT_TRUE(events.wait(milliseconds(0)).value());
  expect_refusal(refusal(events.fd()), "no descriptor to poll | call wait()");
  expect_refusal(refusal(app.ring("flow_table").wait(milliseconds(1))), "not a ring buffer");
  expect_refusal(refusal(app.ring("event").wait(milliseconds(1))), "did you mean events");
}

// Every thread has its own slot of the per-CPU map, so nothing is lost without a lock.
TEST(ApiThreads, CountExactly) {
  constexpr uint64_t kThreads = 4, kRuns = 5000;
  const App app = user().load(open("filter.bpf.o")).value();
  std::vector<std::thread> threads;
  for (uint64_t at = 0; at < kThreads; ++at) {
    threads.emplace_back([program = app.program("filter")]() mutable {
      const auto packet = frame();
      for (uint64_t run = 0; run < kRuns; ++run) ASSERT_TRUE(program.run(packet).ok());
    });
  }
  for (std::thread& each : threads) each.join();
  uint64_t not_ip = 0;
  for (const auto& counts : app.map("counts").lookup_cpus<std::array<uint64_t, 8>>(0u).value()) {
    not_ip += counts[3];
  }
  EXPECT_EQ(not_ip, kThreads * kRuns);
}

TEST(ApiLifetime, PartsOutliveTheApp) {
  Program program = user().load(open("filter.bpf.o")).value().program("filter");
  EXPECT_EQ(program.run(frame()).value().return_value, kPass);
}

TEST(ApiOptions, TraceTakesWhatIsPrinted) {
  std::vector<std::string> lines;
  const LoadOptions options{.deterministic = true,
                            .trace = [&](std::string_view line) { lines.emplace_back(line); }};
  const Object object = open("cli/shapes.bpf.o");
  Program program = user().load(object, options).value().program(object.programs()[0].name);
  EXPECT_TRUE(program.run(frame()).ok());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find("60 bytes"), std::string::npos) << lines[0];
}

TEST(Skeleton, HasTypedMembers) {
  auto skeleton = filter::open().value();
  skeleton.globals.otherwise = filter::types::drop;
  auto app = skeleton.load(user()).value();
  const Feed all = app.programs.filter.feed(kCapture).value();
  const auto before = app.maps.counts.lookup_cpus(0).value();
  uint64_t dropped = 0, not_ip = 0;
  for (const filter::types::decisions& each : before) {
    dropped += each.dropped_otherwise;
    not_ip += each.passed_as_not_ip;
  }
  EXPECT_EQ(dropped + not_ip, all.packets);
  EXPECT_EQ(app.globals.otherwise.get().value(), filter::types::drop);
  EXPECT_TRUE(app.links.empty());
  expect_refusal(refusal(app.attach()), "the user engine does not attach programs");
  EXPECT_TRUE(app.maps.ports.update(0x5000, filter::types::pass).ok());  // 80 in network order
  EXPECT_EQ(app.maps.ports.lookup(0x5000).value(), filter::types::pass);
}

TEST(Skeleton, TakesEveryShape) {
  auto skeleton = shapes::open().value();
  const shapes::types::shapes value = skeleton.globals.shapes.get().value();
  EXPECT_EQ(value.colour, shapes::types::blue);
  EXPECT_EQ(value.list[2], 3);
  EXPECT_EQ(value.low, 5u);
  EXPECT_EQ(value.real, 2.5);
  EXPECT_EQ(skeleton.globals.big.get().value(), shapes::types::big_one);
  skeleton.globals.small = -7;
  EXPECT_EQ(skeleton.globals.small.get().value(), -7);
  using Untyped = decltype(shapes::Maps::untyped);
  static_assert(
      std::is_same_v<Untyped, TypedMap<std::array<std::byte, 4>, std::array<std::byte, 12>>>);
}

}  // namespace
}  // namespace skep
