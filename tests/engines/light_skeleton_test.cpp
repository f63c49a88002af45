// Light skeletons as programs use them: compiled headers that load into this kernel.
#include <bpf/libbpf.h>
#include <bpf/skel_internal.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <fstream>

#include "everything.lskel.hpp"
#include "flows.lskel.hpp"
#include "kernel_bpf.hpp"
#include "kernel_inventory.hpp"
#include "rejected.lskel.hpp"

namespace skep::object {
namespace {

using kernel_test::bpf_descriptors;

class LightSkeleton : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    before_ = bpf_descriptors();
  }
  void TearDown() override { EXPECT_EQ(bpf_descriptors(), before_) << "descriptors are left"; }

  std::vector<int> before_;
};

constexpr std::array<std::byte, 64> kPacket{};
constexpr u32 kXdpTx = 3;

// One that is ready to be loaded.
struct Everything : everything::Skeleton {
  Everything() {
    configuration.CONFIG_HZ = 250u;
    globals.watched = static_cast<u32>(::getpid());
  }
};

TEST_F(LightSkeleton, RunsWithGlobalsMapsOfMapsTailCallsAndSymbols) {
  Everything skeleton;
  skeleton.globals.limit = 8u;
  skeleton.globals.started = 100u;
  const auto error = skeleton.load();
  ASSERT_FALSE(error) << error->what();
  u32 verdict = 0;
  ASSERT_FALSE(skeleton.programs.main_program.test_run(kPacket, verdict));
  EXPECT_EQ(verdict, kXdpTx);
  EXPECT_EQ(skeleton.globals.sum, 100u + 1 + 8 * 2 + 3 * 3 + 8 + 1);
  EXPECT_EQ(skeleton.globals.hz, 250u);
  EXPECT_EQ(skeleton.globals.absent, 0u);
  EXPECT_EQ(skeleton.globals.found, 1u);
  EXPECT_EQ(skeleton.globals.version >> 16, everything::loader::kernel_version() >> 16);
  EXPECT_EQ(skeleton.maps.second.lookup(0), 42u);
  EXPECT_EQ(skeleton.maps.first.lookup(0), 0u);
  skeleton.globals.started = 200u;  // the map's own memory
  ASSERT_FALSE(skeleton.programs.main_program.test_run(kPacket, verdict));
  EXPECT_EQ(skeleton.globals.sum, 200u + 1 + 8 * 2 + 1 + 3 * 3 + 8 + 1);
}

TEST_F(LightSkeleton, IsTheSameInTheKernelAsByLibbpf) {
  kernel_test::Inventory ours, theirs;
  {
    Everything skeleton;
    skeleton.globals.watched = 0;
    skeleton.configuration.LINUX_KERNEL_VERSION = 0x060203;
    const auto error = skeleton.load();
    ASSERT_FALSE(error) << error->what();
    ours = kernel_test::inventory(before_);
  }
  libbpf_set_print(nullptr);
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_file(SKEP_LIGHT_EVERYTHING, nullptr), bpf_object__close);
  ASSERT_EQ(bpf_object__load(object.get()), 0);
  theirs = kernel_test::inventory(before_);
  ASSERT_EQ(ours.maps.size(), theirs.maps.size());
  for (std::size_t at = 0; at < ours.maps.size(); ++at) {
    EXPECT_EQ(ours.maps[at].name, theirs.maps[at].name);
    EXPECT_EQ(ours.maps[at].facts, theirs.maps[at].facts) << ours.maps[at].name;
    if (ours.maps[at].name == "everyth.kconfig") continue;  // ours are made up
    EXPECT_EQ(ours.maps[at].contents, theirs.maps[at].contents) << ours.maps[at].name;
  }
  ASSERT_EQ(ours.programs.size(), theirs.programs.size());
  for (std::size_t at = 0; at < ours.programs.size(); ++at) {
    EXPECT_EQ(ours.programs[at].name, theirs.programs[at].name);
    EXPECT_EQ(ours.programs[at].facts, theirs.programs[at].facts) << ours.programs[at].name;
    EXPECT_EQ(ours.programs[at].code, theirs.programs[at].code) << ours.programs[at].name;
  }
}

// The loader program that libbpf makes, as `bpftool gen skeleton -L` has it; what it loads is in
// the descriptors that it leaves.
void load_by_libbpfs_loader(const std::string& path) {
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_file(path.c_str(), nullptr), bpf_object__close);
  gen_loader_opts made{};
  made.sz = sizeof(made);
  ASSERT_EQ(bpf_object__gen_loader(object.get(), &made), 0);
  ASSERT_EQ(bpf_object__load(object.get()), 0);
  std::vector<std::byte> context(sizeof(bpf_loader_ctx) + 16 * sizeof(bpf_map_desc));
  auto* head = reinterpret_cast<bpf_loader_ctx*>(context.data());
  head->sz = static_cast<u32>(context.size());
  bpf_load_and_run_opts run{};
  run.ctx = head;
  run.data = made.data;
  run.data_sz = made.data_sz;
  run.insns = made.insns;
  run.insns_sz = made.insns_sz;
  ASSERT_EQ(bpf_load_and_run(&run), 0) << run.errstr;
}

TEST_F(LightSkeleton, HasTheTagsOfLibbpfsLoader) {
  libbpf_set_print(nullptr);
  load_by_libbpfs_loader(std::string(SKEP_SOURCE_DIR) + "/build/bpf/flows.bpf.o");
  const kernel_test::Inventory theirs = kernel_test::inventory(before_);
  for (const int each : bpf_descriptors()) {
    if (std::ranges::find(before_, each) == before_.end()) ::close(each);
  }
  flows::Skeleton skeleton;
  const auto error = skeleton.load();
  ASSERT_FALSE(error) << error->what();
  const kernel_test::Inventory ours = kernel_test::inventory(before_);
  ASSERT_EQ(theirs.programs.size(), 1u);
  EXPECT_EQ(ours.programs, theirs.programs);
  EXPECT_EQ(ours.maps, theirs.maps);
}

TEST_F(LightSkeleton, AttachesUntilItsLinkIsClosed) {
  Everything skeleton;
  ASSERT_FALSE(skeleton.load());
  ASSERT_FALSE(skeleton.programs.entered.attach());
  ASSERT_FALSE(skeleton.programs.left.attach());
  for (int at = 0; at < 10; ++at) ::syscall(SYS_getppid);
  skeleton.programs.entered.link.reset();
  skeleton.programs.left.link.reset();
  const u64 calls = skeleton.globals.calls;
  EXPECT_GE(calls, 10u);
  EXPECT_EQ(skeleton.globals.pid, static_cast<u64>(::getpid()));
  EXPECT_GE(skeleton.maps.table.lookup(static_cast<u32>(::getpid())), 10u);
  for (int at = 0; at < 10; ++at) ::syscall(SYS_getppid);
  EXPECT_EQ(skeleton.globals.calls, calls);
}

TEST_F(LightSkeleton, MakesMapsAsLargeAsAskedFor) {
  Everything skeleton;
  skeleton.maps.table.max_entries = 1000;
  ASSERT_FALSE(skeleton.load());
  for (const auto& map : kernel_test::inventory(before_).maps) {
    if (map.name == "table") EXPECT_EQ(map.facts[3], 1000u);
    if (map.name == "cpus") EXPECT_EQ(map.facts[3], everything::loader::cpus());
  }
  EXPECT_TRUE(skeleton.maps.table.update(1, 2));
  EXPECT_EQ(skeleton.maps.table.lookup(1), 2u);
  EXPECT_TRUE(skeleton.maps.table.erase(1));
  EXPECT_EQ(skeleton.maps.table.lookup(1), std::nullopt);
}

TEST_F(LightSkeleton, TakesNoStepWithoutTheConfigurationThatItNeeds) {
  everything::Skeleton skeleton;
  const auto error = skeleton.load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->hint, "give configuration.CONFIG_HZ a value first");
}

TEST_F(LightSkeleton, IsLoadedOnce) {
  Everything skeleton;
  ASSERT_FALSE(skeleton.load());
  const auto error = skeleton.load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->number, EALREADY);
}

TEST_F(LightSkeleton, SaysWhatTheVerifierSaysAndLeavesNothing) {
  rejected::Skeleton skeleton;
  const auto error = skeleton.load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->step, "load program unbounded");
  EXPECT_EQ(error->number, EACCES);
  EXPECT_NE(error->log.find("invalid access to packet"), std::string::npos) << error->log;
  EXPECT_EQ(error->log.find("magic"), std::string::npos) << "the log is of another step";
  EXPECT_EQ(bpf_descriptors(), before_);
}

TEST_F(LightSkeleton, SaysThatAMapCannotBeMade) {
  flows::Skeleton skeleton;
  skeleton.maps.flow_table.max_entries = ~u32{0};
  const auto error = skeleton.load();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->step, "create map flow_table");
  EXPECT_EQ(error->log, "");
  EXPECT_EQ(bpf_descriptors(), before_);
}

TEST_F(LightSkeleton, LeavesDescriptorZeroAlone) {
  // With standard input closed, 0 is the first descriptor that the kernel gives.
  const int kept = ::dup(0);
  ::close(0);
  Everything skeleton;
  const auto error = skeleton.load();
  ::dup2(kept, 0);
  ::close(kept);
  EXPECT_FALSE(error) << error->what();
}

TEST_F(LightSkeleton, SaysWhichRightsAreMissing) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(2);
    flows::Skeleton skeleton;
    const auto error = skeleton.load();
    const bool says = error && error->number == EPERM && error->hint.contains("CAP_BPF");
    ::_exit(says ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "this user cannot become another one";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace skep::object
