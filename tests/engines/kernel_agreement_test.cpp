// One object, two engines: every program of the repository and of the kernel's own tests that both
// can run is given the same inputs in the same order, and must come to the same.
//
// Compared are, run by run, the return value, the packet and the context as the program left them,
// and at the end the records of its rings and the contents of its maps. Times are blanked out: the
// engines' clocks differ. How much was compared is printed at the end, and what was not, with why.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <chrono>
#include <map>

#include "agreement_objects.hpp"
#include "agreement_sides.hpp"
#include "base/text.hpp"
#include "kernel/features.hpp"
#include "kernel_bpf.hpp"
#include "object/user_engine.hpp"
#include "support/scratch.hpp"

namespace skep::agreement {
namespace {

constexpr std::size_t kOfShipped = 2600;  // every packet of the captures
constexpr std::size_t kOfOthers = 120;
constexpr std::size_t kContexts = 60;
constexpr std::chrono::milliseconds kTimeOfOne{300};
constexpr std::size_t kEthernetBytes = 14, kIpv6Bytes = 40;

struct Totals {
  u64 objects = 0, programs = 0, inputs = 0, records = 0, maps = 0, refused_inputs = 0;
  std::map<std::string, u64> not_compared;  // programs, by why
};
Totals total;

// A folder of type bpf, for maps that are pinned by their name: another one for each load.
class Pins {
 public:
  Pins() {
    if (::unshare(CLONE_NEWNS) != 0) return;
    (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    is_mounted_ = ::mount("bpf", scratch_.path("").c_str(), "bpf", 0, nullptr) == 0;
  }
  Pins(const Pins&) = delete;
  Pins& operator=(const Pins&) = delete;
  ~Pins() {
    if (is_mounted_) (void)::umount2(scratch_.path("").c_str(), MNT_DETACH);
  }
  std::string next() {
    const std::string folder = scratch_.path(format("{}", ++number_));
    std::filesystem::create_directory(folder);
    return folder;
  }

 private:
  test::Scratch scratch_;
  bool is_mounted_ = false;
  u32 number_ = 0;
};
Pins& pins() {
  static Pins made;
  return made;
}

const btf::Targets* kernel_types(const object::Object& object) {
  static const auto types = [] {
    btf::Targets out;
    (void)out.open(btf::kKernelTypes);
    return out;
  }();
  return object.needs_targets() && !types.empty() ? &types : nullptr;
}

// Newer kernels refuse packets that end within their IP header.
bool may_be_refused(const Input& input) {
  return !input.packet.empty() && input.packet.size() < kEthernetBytes + kIpv6Bytes;
}

enum class Maps : u8 { compared, left_out };

class Comparison {
 public:
  Comparison(UserSide& user, KernelSide& kernel, Maps maps)
      : user_(user), kernel_(kernel), maps_(maps) {}

  void run(const std::vector<Input>& inputs) {
    const auto end = std::chrono::steady_clock::now() + kTimeOfOne;
    for (const Input& input : inputs) {
      if (!run(input)) return;
      if (std::chrono::steady_clock::now() > end) break;  // one of those that measure
    }
    user_.finish();
    kernel_.finish();
    EXPECT_EQ(difference(user_.results.records, kernel_.results.records), "") << "ring records";
    total.records += kernel_.results.records.size();
    if (maps_ == Maps::left_out) return;
    EXPECT_EQ(difference(user_.results.maps, kernel_.results.maps), "") << "maps";
    total.maps += kernel_.results.maps.size();
  }

 private:
  // False when there is a difference: what follows would only repeat it.
  bool run(const Input& input) {
    const auto theirs = kernel_.run(input);
    if (!theirs.ok()) {
      EXPECT_TRUE(may_be_refused(input)) << theirs.error().message << " at input " << number_;
      ++total.refused_inputs;
      return true;
    }
    const Outcome ours = user_.run(input);
    EXPECT_EQ(ours.return_value, theirs->return_value) << "at input " << number_;
    EXPECT_EQ(ours.packet, theirs->packet) << "at input " << number_;
    EXPECT_EQ(ours.context, theirs->context) << "at input " << number_;
    ++number_;
    ++total.inputs;
    return !testing::Test::HasFailure();
  }

  UserSide& user_;
  KernelSide& kernel_;
  Maps maps_;
  u64 number_ = 0;
};

class Agreement : public testing::TestWithParam<Source> {
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
                counted(total.refused_inputs, "input").c_str());
    for (const auto& [why, programs] : total.not_compared)
      std::printf("  not compared: %s, %s\n", counted(programs, "program").c_str(), why.c_str());
    const bool is_whole =
        static_cast<std::size_t>(testing::UnitTest::GetInstance()->test_to_run_count()) ==
        objects().size();
    if (is_whole && total.objects != 0) EXPECT_EQ(unused_rows(), std::vector<std::string>());
  }

  // Whether there was something to compare.
  bool compare(const Chosen& chosen);
};

bool Agreement::compare(const Chosen& chosen) {
  auto user = UserSide::load(chosen);
  if (const auto* refused = std::get_if<Refused>(&user)) {
    ++total.not_compared["user space refuses them: " + refused->why];
    return false;
  }
  auto kernel = KernelSide::load(chosen, pins().next());
  if (const auto* refused = std::get_if<Refused>(&kernel)) {
    ++total.not_compared[refused->message];
    return false;
  }
  UserSide& ours = *std::get<0>(user);
  const auto type = chosen.entry.type;
  const std::size_t packets = GetParam().is_shipped ? kOfShipped : kOfOthers;
  const LeftOut* row = find_left_out(GetParam(), chosen.entry.name);
  if (row != nullptr) {
    EXPECT_TRUE(calls(ours.program(), row->depends)) << "it does not depend on what the table says";
    ++total.not_compared[format("{} depends on {}: {}",
                                row->part == Part::maps ? "what is in maps" : "the result",
                                name_of(row->depends), row->why)];
    if (row->part == Part::everything) return false;
  }
  Comparison(ours, *std::get<0>(kernel), row != nullptr ? Maps::left_out : Maps::compared)
      .run(object::takes_packets(type) ? packet_inputs(type, packets)
                                       : context_inputs(ours.context_bytes(), kContexts));
  ++total.programs;
  return true;
}

TEST_P(Agreement, OfBothEngines) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  auto object = object::Object::open(GetParam().path);
  if (!object.ok()) return;  // what is no object of programs is the business of other tests
  (void)object->resolve({.release = kernel::kernel_release()});
  bool has_compared = false;
  for (const object::ProgramEntry& entry : object->programs()) {
    if (!object::runs_in_user_engine(entry.type)) continue;
    SCOPED_TRACE(entry.name);
    has_compared |= compare({*object, entry, kernel_types(*object)});
  }
  total.objects += has_compared ? 1 : 0;
}

INSTANTIATE_TEST_SUITE_P(Objects, Agreement, testing::ValuesIn(objects()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace skep::agreement
