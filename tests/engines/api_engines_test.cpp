// The C++ interface over its two engines: the same calls on the same object come to the same, and
// what only one of them has is refused by the other, with a reason.
#include <algorithm>
#include <map>
#include <thread>

#include "engines/api_kernel.hpp"

namespace skep::api_test {
namespace {

using std::uint16_t, std::uint32_t, std::uint64_t;

constexpr const char* kEngines[] = {"user", "kernel"};
constexpr uint32_t kDrop = 1, kPass = 2;  // XDP_DROP, XDP_PASS

struct FlowKey {  // as bpf/flows.bpf.c declares them
  std::array<std::byte, 32> addresses;
  uint16_t ports[2];
  std::array<std::byte, 4> protocol;
  auto operator<=>(const FlowKey&) const = default;
};
struct FlowCount {
  uint64_t packets, bytes;
  bool operator==(const FlowCount&) const = default;
};
struct FlowEvent {
  uint64_t time_ns;
  uint32_t kind, query_type;
  std::array<std::byte, 104> rest;
};

App load(const std::string& object, std::string_view name) {
  return engine(name).load(Object::open(kPrograms + object).value()).value();
}

// What `flows` made of the capture; times of records are each engine's own.
struct Flows {
  uint64_t packets = 0, bytes = 0, passed = 0, not_ip = 0;
  std::map<FlowKey, FlowCount> table;
  std::vector<std::array<std::byte, 112>> records;
  std::vector<uint64_t> sizes;  // of all CPUs
  bool operator==(const Flows&) const = default;
};

Flows flows_of(std::string_view name) {
  App app = load("flows.bpf.o", name);
  const Feed feed = app.program("flows").feed(kCapture).value();
  EXPECT_FALSE(feed.cut_short) << feed.cut_short->message;
  Flows out;
  out.packets = feed.packets;
  out.bytes = feed.bytes;
  for (const VerdictCount& each : feed.verdicts) {
    if (each.name == "XDP_PASS") out.passed = each.packets;
  }
  out.not_ip = app.global("not_ip").get<uint64_t>().value();
  for (const auto& [key, count] : app.map("flow_table").entries<FlowKey, FlowCount>().value()) {
    EXPECT_TRUE(out.table.emplace(key, count).second) << "a key that is there twice";
  }
  const auto take = [&](const FlowEvent& each) {
    std::array<std::byte, 112> bytes;
    std::memcpy(bytes.data(), &each.kind, bytes.size());
    out.records.push_back(bytes);
  };
  (void)app.ring<FlowEvent>("events").drain(take).value();
  for (uint32_t key = 0; key < 64; ++key) {
    const auto cpus = app.map("sizes").lookup_cpus<uint64_t>(key);
    if (!cpus.ok()) break;
    uint64_t sum = 0;
    for (const uint64_t each : *cpus) sum += each;
    out.sizes.push_back(sum);
  }
  return out;
}

TEST_F(ApiKernel, ACaptureComesToTheSameInBothEngines) {
  const Flows user = flows_of("user"), kernel = flows_of("kernel");
  EXPECT_EQ(user.packets, 1117u);  // tshark: tests/cases/cli
  EXPECT_EQ(user.table.size(), 218u);
  EXPECT_GT(user.records.size(), 10u);
  EXPECT_GT(user.sizes.size(), 10u);
  EXPECT_EQ(user.packets, kernel.packets);
  EXPECT_EQ(user.table, kernel.table);
  EXPECT_EQ(user.records, kernel.records);
  EXPECT_TRUE(user == kernel);
}

TEST_F(ApiKernel, ARunComesToTheSameInBothEngines) {
  for (const char* const name : kEngines) {
    App app = load("filter.bpf.o", name);
    EXPECT_EQ(app.engine(), name);
    const std::array<std::byte, 60> frame{};
    const skep::Run run = app.program("filter").run(frame).value();
    EXPECT_EQ(run.return_value, kPass) << name;
    EXPECT_TRUE(std::ranges::equal(run.packet, frame)) << name;
    expect_refusal(app.program("filter").run(std::span(frame).first(13)), Fault::usage,
                   "a packet of 13 bytes, expected 14 to ");
    expect_refusal(app.program("flter").run(frame), Fault::absent, "did you mean filter");
    expect_refusal(app.program("filter").feed("/nowhere.pcap"), Fault::absent, "/nowhere.pcap");
  }
}

struct Node {  // of tests/bpf/cli/arena.bpf.c
  Node* next;
  uint64_t value;
};
struct Arena {
  Node nodes[4];
  Node* head;
};

TEST_F(ApiKernel, PointersOfAnArenaAreFollowedInBothEngines) {
  for (const char* const name : kEngines) {
    App app = load("cli/arena.bpf.o", name);
    const std::span<std::byte> memory = app.map("memory").memory().value();
    ASSERT_EQ(memory.size(), 8u * 4096);
    auto* arena = reinterpret_cast<Arena*>(memory.data());
    EXPECT_EQ(arena->nodes[1].value, 2u) << name;  // as the program begins it
    EXPECT_EQ(arena->head, nullptr) << name;
    const std::array<std::byte, 60> frame{};
    const auto run = [&](const char* program) {
      return app.program(program).run(frame).value().return_value;
    };
    EXPECT_EQ(run("sum"), kDrop) << name;  // the list is empty
    EXPECT_EQ(run("push"), kPass) << name;
    EXPECT_EQ(arena->head, &arena->nodes[1]) << name;
    EXPECT_EQ(arena->head->next, nullptr) << name;
    EXPECT_EQ(run("sum"), kPass) << name;
    // A node of ours, on a page that nobody has allocated.
    auto* added = reinterpret_cast<Node*>(memory.data() + 5 * 4096);
    *added = {arena->head, 40};
    arena->head = added;
    EXPECT_EQ(run("sum"), kDrop) << name;  // 42
    arena->nodes[1].value -= 40;
    EXPECT_EQ(run("sum"), kPass) << name;
    expect_refusal(load("filter.bpf.o", name).map("ports").memory(), Fault::usage,
                   "map ports is a hash, not an arena");
    expect_refusal(app.map("memory").lookup<uint32_t>(7u), Fault::usage, "keys have 0 bytes");
  }
}

TEST_F(ApiKernel, MapsAreReadAndWrittenInBothEngines) {
  for (const char* const name : kEngines) {
    const App app = load("filter.bpf.o", name);
    Map ports = app.map("ports");
    const uint16_t ssh = 22, web = 80;
    EXPECT_EQ(ports.info().value().max_entries, 1024u);
    EXPECT_EQ(ports.lookup<uint32_t>(ssh).error().fault, Fault::absent);
    EXPECT_TRUE(ports.update(ssh, kDrop).ok());
    EXPECT_EQ(ports.lookup<uint32_t>(ssh).value(), kDrop);
    expect_refusal(ports.update(ssh, 7u, Update::only_new), Fault::usage, "is there already");
    expect_refusal(ports.update(web, 7u, Update::only_existing), Fault::absent, "no such key");
    EXPECT_TRUE(ports.update(web, 9u, Update::only_new).ok());
    EXPECT_EQ(ports.size().value(), 2u);
    std::map<uint16_t, uint32_t> all;
    for (const auto& each : ports.entries<uint16_t, uint32_t>().value()) all.insert(each);
    EXPECT_EQ(all, (std::map<uint16_t, uint32_t>{{ssh, kDrop}, {web, 9}})) << name;
    EXPECT_TRUE(ports.erase(ssh).ok());
    expect_refusal(ports.erase(ssh), Fault::absent, "map ports: no such key");
    EXPECT_EQ(ports.keys<uint16_t>().value(), std::vector{web}) << name;
    expect_refusal(ports.lookup<uint32_t>(5u), Fault::usage, "keys have 2 bytes, and 4 were given");
    expect_refusal(ports.lookup<uint64_t>(web), Fault::usage, "values have 4 bytes, and 8 were");
    expect_refusal(app.map("prts").size(), Fault::absent, "did you mean ports");
    for (uint16_t port = 1000; port < 2023; ++port) ASSERT_TRUE(ports.update(port, 0u).ok());
    expect_refusal(ports.update(uint16_t{3000}, 0u), Fault::exhausted, "raise its max_entries");
    expect_refusal(app.ring<uint32_t>("ports").drain([](uint32_t) {}), Fault::usage,
                   "map ports is hash, not a ring buffer");
  }
}

TEST_F(ApiKernel, PerCpuMapsHaveAValueForEachCpu) {
  using Counts = std::array<uint64_t, 8>;
  for (const char* const name : kEngines) {
    const App app = load("filter.bpf.o", name);
    Map counts = app.map("counts");
    const uint32_t zero = 0;
    EXPECT_TRUE(counts.update(zero, Counts{1, 2, 3}).ok());
    const auto all = counts.lookup_cpus<Counts>(zero).value();
    EXPECT_GE(all.size(), 1u);
    for (const Counts& each : all) EXPECT_EQ(each, (Counts{1, 2, 3})) << name;
    expect_refusal(counts.lookup<Counts>(zero), Fault::usage, "use lookup_cpus()");
    expect_refusal(counts.entries<uint32_t, Counts>(), Fault::usage, "use lookup_cpus()");
    expect_refusal(app.map("ports").lookup_cpus<uint32_t>(uint16_t{1}), Fault::usage, "lookup()");
    EXPECT_EQ(counts.keys<uint32_t>().value(), std::vector{zero});
  }
  const auto machine = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_CONF));
  EXPECT_EQ(load("filter.bpf.o", "kernel").map("counts").lookup_cpus<Counts>(0u).value().size(),
            machine);
}

TEST_F(ApiKernel, GlobalsAreMemoryOfTheProgramsInBothEngines) {
  for (const char* const name : kEngines) {
    auto object = Object::open(kPrograms + "flows.bpf.o").value();
    object.global("not_ip") = 100;
    App app = engine(name).load(object).value();
    const std::array<std::byte, 60> frame{};
    ASSERT_TRUE(app.program("flows").run(frame).ok());  // a frame that is no IP
    EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 101u) << name;
    app.global("not_ip") = 5u;
    ASSERT_TRUE(app.program("flows").run(frame).ok());
    EXPECT_EQ(app.global("not_ip").get<uint64_t>().value(), 6u) << name;
    expect_refusal(app.global("not_p").get<uint64_t>(), Fault::absent, "not_ip");
    const App filter = load("filter.bpf.o", name);
    expect_refusal(filter.global("otherwise").set(1), Fault::usage, "constant of a loaded program");
    EXPECT_EQ(filter.global("otherwise").get<uint32_t>().value(), 0u);
  }
}

TEST_F(ApiKernel, ThreadsCountExactlyInBothEngines) {
  constexpr uint64_t kThreads = 4, kRuns = 500;
  for (const char* const name : kEngines) {
    const App app = load("filter.bpf.o", name);
    std::vector<std::thread> threads;
    for (uint64_t at = 0; at < kThreads; ++at) {
      threads.emplace_back([program = app.program("filter")]() mutable {
        const std::array<std::byte, 60> frame{};
        for (uint64_t run = 0; run < kRuns; ++run) ASSERT_TRUE(program.run(frame).ok());
      });
    }
    for (std::thread& each : threads) each.join();
    uint64_t not_ip = 0;
    for (const auto& each : app.map("counts").lookup_cpus<std::array<uint64_t, 8>>(0u).value()) {
      not_ip += each[3];
    }
    EXPECT_EQ(not_ip, kThreads * kRuns) << name;
  }
}

TEST_F(ApiKernel, ReportsOfBothEnginesSayWhy) {
  const auto bad = Object::open(kPrograms + "bad/array-index-off-by-one.bpf.o").value();
  for (const char* const name : kEngines) {
    const auto app = engine(name).load(bad);
    expect_refusal(app, Fault::rejected, "reject");
    EXPECT_NE(app.error().report().find("rule "), std::string_view::npos) << app.error().report();
  }
  const auto in_kernel = engine("kernel").load(bad);
  EXPECT_NE(in_kernel.error().report().find("skep's own verifier rejects it too:"),
            std::string_view::npos)
      << in_kernel.error().report();
}

TEST_F(ApiKernel, OptionsOfOneEngineAreRefusedByTheOther) {
  const auto object = Object::open(kPrograms + "filter.bpf.o").value();
  const auto with = [&](const char* name, const LoadOptions& options) {
    return engine(name).load(object, options);
  };
  expect_refusal(with("kernel", {.interpret = true}), Fault::unsupported, "LoadOptions::interpret");
  expect_refusal(with("kernel", {.budget = 5}), Fault::unsupported, "LoadOptions::budget");
  expect_refusal(with("kernel", {.deterministic = true}), Fault::unsupported, "::deterministic");
  expect_refusal(with("kernel", {.trace = [](std::string_view) {}}), Fault::unsupported,
                 "skep tracelog");
  expect_refusal(with("user", {.pins = "/sys/fs/bpf"}), Fault::unsupported, "LoadOptions::pins");
  expect_refusal(with("user", {.replaces = 1}), Fault::unsupported, "LoadOptions::replaces");
  expect_refusal(with("kernel", {.programs = {"filtre"}}), Fault::absent, "did you mean filter");
}

TEST_F(ApiKernel, TheKernelDoesNotCountAllLosses) {
  const App app = load("flows.bpf.o", "kernel");
  expect_refusal(app.map("flow_table").lost(), Fault::unsupported, "let the program count");
  expect_refusal(app.ring("events").lost(), Fault::unsupported, "let the program count");
  EXPECT_EQ(load("flows.bpf.o", "user").map("flow_table").lost().value(), 0u);
}

TEST_F(ApiKernel, TheUserEngineDoesNotAttachOrPin) {
  const App app = load("flows.bpf.o", "user");
  expect_refusal(app.attach("flows"), Fault::unsupported, "Engine::open(\"kernel\")");
  expect_refusal(app.attach_all(), Fault::unsupported, "run() and feed()");
  expect_refusal(app.attach("flow"), Fault::absent, "did you mean flows");
  expect_refusal(app.map("flow_table").pin("/tmp/flow_table"), Fault::unsupported, "kernel");
  expect_refusal(app.ring("events").fd(), Fault::unsupported, "wait()");
}

TEST_F(ApiKernel, AutoTakesTheKernelWhereItMay) {
  const auto flows = Object::open(kPrograms + "flows.bpf.o").value();
  EXPECT_EQ(engine("auto").name(), "auto");
  EXPECT_EQ(engine("auto").load(flows).value().engine(), "kernel");
  EXPECT_EQ(engine("auto").load(flows, {.deterministic = true}).value().engine(), "user");
  const auto neither =
      engine("auto").load(events_of(::getpid()), {.programs = {"system_call"}, .interpret = true});
  expect_refusal(neither, Fault::unsupported, "no engine can run all of its programs");
  EXPECT_NE(neither.error().report().find("kernel  no: LoadOptions::interpret is for the user"),
            std::string_view::npos)
      << neither.error().report();
  EXPECT_NE(neither.error().report().find("user    no: programs of type raw_tracepoint do not run"),
            std::string_view::npos)
      << neither.error().report();
}

}  // namespace
}  // namespace skep::api_test
