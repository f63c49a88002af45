// One object, two engines: every packet program that comes with skep runs in user space and in the
// kernel on the same packets, in the same order, and must come to the same.
//
// Compared are, packet by packet, the return value and the packet as the program left it, and at
// the end the records of its rings and the contents of its maps, both as skep prints them. Times
// are blanked out: the engines' clocks differ. Packets are all of the captures in tests/data, and
// short ones that no capture has. How much was compared is printed at the end.
#include <gtest/gtest.h>
#include <sched.h>

#include <filesystem>
#include <regex>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/contents.hpp"
#include "events/decode.hpp"
#include "events/report.hpp"
#include "events/show.hpp"
#include "hooks/packets/capture.hpp"
#include "kernel/bpf.hpp"
#include "kernel/ring.hpp"
#include "kernel/test_run.hpp"
#include "runtime/engine.hpp"
#include "verify/verify.hpp"

namespace skep {
namespace {

namespace fs = std::filesystem;
using PacketBytes = std::vector<std::byte>;

constexpr std::size_t kShortest = 15;  // an Ethernet header and something: what the kernel asks for
constexpr std::size_t kLongest = 3500;  // the kernel's frame of an XDP test-run
constexpr std::size_t kEthernetBytes = 14;
// Maps that say how long something took: no two runs are the same.
constexpr std::string_view kTimesAlone[] = {"latency"};

struct Compared {
  u64 objects = 0, programs = 0, inputs = 0, records = 0, maps = 0, refused = 0;
};
Compared total;

std::vector<PacketBytes> packets() {
  std::vector<PacketBytes> out;
  std::vector<fs::path> captures;
  for (const auto& entry : fs::directory_iterator(SKEP_SOURCE_DIR "/tests/data")) {
    if (entry.path().extension() == ".pcap") captures.push_back(entry.path());
  }
  std::ranges::sort(captures);
  for (const fs::path& each : captures) {
    auto capture = hooks::CaptureReader::open(each.string());
    if (!capture.ok()) continue;  // of a link type that is refused
    while (true) {
      const auto packet = capture->next();
      if (!packet.ok() || !*packet) break;
      const auto bytes = (*packet)->bytes;
      if (bytes.size() >= kShortest && bytes.size() <= kLongest)
        out.emplace_back(bytes.begin(), bytes.end());
    }
  }
  for (std::size_t bytes = kShortest; bytes < 64; ++bytes) out.emplace_back(bytes, std::byte{0x45});
  return out;
}

std::string without_times(const std::string& json) {
  static const std::regex times("(_ns|time)\":[0-9]+");
  return std::regex_replace(json, times, "$1\":0");
}

class Results {
 public:
  explicit Results(const btf::Types& types) : types_(types) {}

  auto taker(const platform::MapSpec& ring) {
    return [this, &ring](std::span<const std::byte> bytes) {
      JsonWriter json;
      events::to_json(json,
                      events::decode(types_, events::record_type(ring, types_), Bytes(bytes)));
      records.push_back(without_times(ring.name + " " + json.take()));
    };
  }
  void add(const maps::View& map) {
    const auto contents = events::read_contents(map, types_);
    if (contents) maps.push_back(without_times(events::contents_json(*contents, 0)));
  }

  std::vector<std::string> records;
  std::vector<std::string> maps;

 private:
  const btf::Types& types_;
};

class UserSide {
 public:
  UserSide(const object::Object& object, const object::ProgramEntry& entry)
      : entry_(entry), environment_(runtime::real_environment()), results(object.types()) {
    auto first = prove(object, entry.name);
    app_.emplace(runtime::App::create(first.program().maps, *environment_).value());
    program_ = app_->load(std::move(first), runtime::Tier::jit).value();
    for (const platform::MapSpec& map : object.maps()) {
      for (const auto& [index, name] : map.initial_programs) {
        if (name != entry.name) (void)app_->load(prove(object, name), runtime::Tier::jit).value();
      }
    }
  }

  kernel::TestResult run(const PacketBytes& packet) {
    reset(packet);
    const u64 r0 = app_->run(*program_, arena_[0]).value();
    for (maps::Map& map : app_->maps()) {
      if (map.spec().kind == platform::MapKind::ringbuf) map.drain(results.taker(map.spec()));
    }
    const auto bytes = arena_[0].bytes();
    PacketBytes output(has_header() ? 0 : kEthernetBytes);  // which the kernel clears
    output.insert(output.end(), bytes.begin(), bytes.end());
    return {.return_value = static_cast<u32>(r0), .output = std::move(output)};
  }
  void finish() {
    for (const maps::Map& map : app_->maps()) results.add(map);
  }

 private:
  bool has_header() const { return entry_.type != platform::ProgramType::socket_filter; }

  // The kernel's test-run gives socket filters what stands behind the Ethernet header.
  void reset(const PacketBytes& packet) {
    if (has_header()) return arena_[0].reset(entry_.type, packet, {});
    const auto protocol =
        static_cast<u16>(std::to_integer<u32>(packet[12]) << 8 | std::to_integer<u32>(packet[13]));
    arena_[0].reset(entry_.type, std::span(packet).subspan(kEthernetBytes),
                    {.protocol = protocol, .link = runtime::Link::none});
  }

  static verify::VerifiedProgram prove(const object::Object& object, const std::string& name) {
    return std::get<verify::VerifiedProgram>(
        std::move(verify::verify(object.program(name).value()).outcome));
  }

  const object::ProgramEntry& entry_;
  std::unique_ptr<runtime::Environment> environment_;
  std::optional<runtime::App> app_;
  const runtime::LoadedProgram* program_ = nullptr;
  runtime::PacketArena arena_ = runtime::PacketArena::create(1).value();

 public:
  Results results;
};

class KernelSide {
 public:
  KernelSide(const object::Object& object, const object::ProgramEntry& entry)
      : results(object.types()),
        app_(kernel::App::load(object, {}).value()),
        program_(app_.program(entry.name)) {
    for (const kernel::LoadedMap& each : app_.maps()) {
      if (each.spec().kind == platform::MapKind::ringbuf)
        rings_.emplace_back(&each, kernel::Ring::open(each.map).value());
    }
  }

  Result<kernel::TestResult> run(const PacketBytes& packet) {
    auto result = kernel::test_run(*program_, packet);
    for (auto& [map, ring] : rings_) ring.drain(results.taker(map->spec()));
    return result;
  }
  void finish() {
    for (const kernel::LoadedMap& each : app_.maps()) results.add(each.map);
  }

  Results results;

 private:
  kernel::App app_;
  const kernel::LoadedProgram* program_;
  std::vector<std::pair<const kernel::LoadedMap*, kernel::Ring>> rings_;
};

void compare(const object::Object& object, const object::ProgramEntry& entry) {
  UserSide user(object, entry);
  KernelSide kernel(object, entry);
  std::size_t number = 0;
  for (const PacketBytes& packet : packets()) {
    const auto theirs = kernel.run(packet);
    if (!theirs.ok()) {  // newer kernels refuse packets that end within their IP header
      ASSERT_LT(packet.size(), kEthernetBytes + 40) << theirs.error().message;
      ++total.refused;
      continue;
    }
    const auto ours = user.run(packet);
    ASSERT_EQ(ours.return_value, theirs->return_value) << entry.name << " on packet " << number;
    ASSERT_EQ(ours.output, theirs->output) << entry.name << " on packet " << number;
    ++number;
  }
  user.finish();
  kernel.finish();
  EXPECT_EQ(user.results.records, kernel.results.records) << entry.name;
  const std::string stem = fs::path(object.name()).stem().stem().string();
  if (std::ranges::find(kTimesAlone, stem) == std::end(kTimesAlone)) {
    EXPECT_EQ(user.results.maps, kernel.results.maps) << entry.name;
    total.maps += kernel.results.maps.size();
  }
  total.inputs += number;
  total.records += kernel.results.records.size();
  ++total.programs;
}

class Agreement : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {  // per-CPU maps: one CPU counts
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
  }
  static void TearDownTestSuite() {
    std::printf("compared in both engines: %s, %s on %s, %s, %s; %s refused by the kernel\n",
                counted(total.objects, "object").c_str(),
                counted(total.programs, "program").c_str(), counted(total.inputs, "input").c_str(),
                counted(total.records, "ring record").c_str(), counted(total.maps, "map").c_str(),
                counted(total.refused, "input").c_str());
  }
};

TEST_P(Agreement, OfBothEngines) {
  const auto object = object::Object::open(GetParam()).value();
  if (auto loaded = kernel::App::load(object, {});
      !loaded.ok() && loaded.error().fault == Fault::denied) {
    GTEST_SKIP() << loaded.error().message << "; " << loaded.error().hint;
  }
  for (const object::ProgramEntry& entry : object.programs()) {
    if (platform::row(entry.type).context_size != 0) compare(object, entry);
  }
  ++total.objects;
}

std::vector<std::string> shipped() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(SKEP_SOURCE_DIR "/bpf")) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(".bpf.c"))
      out.push_back(format("{}/build/bpf/{}.o", SKEP_SOURCE_DIR, name.substr(0, name.size() - 2)));
  }
  std::ranges::sort(out);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Shipped, Agreement, testing::ValuesIn(shipped()), [](const auto& info) {
  return fs::path(info.param).stem().stem().string();
});

}  // namespace
}  // namespace skep
