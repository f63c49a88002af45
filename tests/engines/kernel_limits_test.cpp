// Limits of the machine that loading and attaching meet: memory that may not be locked or is not
// there, CPUs that are off.
//
// What changes the process is done in a child. A CPU is switched off in a guest only
// (tests/qemu/run), and on again.
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <functional>

#include "kernel/attach.hpp"
#include "kernel/cpus.hpp"
#include "kernel/perf_buffer.hpp"
#include "kernel_bpf.hpp"
#include "support/scratch.hpp"

namespace skep::kernel {
namespace {

using platform::MapKind;

class KernelLimits : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  }
};

std::string text_of(const Error& error) { return format("{} ({})", error.what(), error.hint); }

// What `does` says, in a process of its own.
std::string in_child(const std::function<std::string()>& does) {
  const test::Scratch scratch;
  const pid_t child = ::fork();
  if (child == 0) {
    scratch.write("said", does());
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  return scratch.read("said");
}

Map perf_event_array(u32 entries) {
  const s64 fd =
      kernel_test::create_map(platform::kernel_number(MapKind::perf_event_array), 4, 4, entries);
  EXPECT_GE(fd, 0);
  return Map::of(Fd::adopt(static_cast<int>(fd))).value();
}

// ---- CPUs ----

TEST(Cpus, ListsAreReadAsTheKernelWritesThem) {
  using Cpus = std::vector<u32>;
  EXPECT_EQ(parse_cpus(""), Cpus());
  EXPECT_EQ(parse_cpus("0"), Cpus({0}));
  EXPECT_EQ(parse_cpus("0-3,8"), Cpus({0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpus("1,3-4,127"), Cpus({1, 3, 4, 127}));
  for (const char* wrong : {"x", "0-", "-1", "3-1", "0,", ",0", "0,0", "4,1", "0 1", "0-9999999",
                            "0-1-2", "99999999999999999999"})
    EXPECT_EQ(parse_cpus(wrong), std::nullopt) << wrong;
}

TEST(Cpus, ThoseThatRunAreAmongThePossibleOnes) {
  const auto online = online_cpus().value();
  EXPECT_EQ(online.size(), static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_ONLN)));
  EXPECT_GE(possible_cpus().value(), online.size());
}

class CpuOff {
 public:
  explicit CpuOff(u32 cpu) : path_(format("/sys/devices/system/cpu/cpu{}/online", cpu)) {
    std::ofstream(path_) << "0";
  }
  ~CpuOff() { std::ofstream(path_) << "1"; }

 private:
  std::string path_;
};

TEST_F(KernelLimits, ACpuThatIsOffHasNoEvents) {
  if (::getenv("SKEP_GUEST") == nullptr) GTEST_SKIP() << "CPUs are switched off in guests only";
  const auto object = object::Object::open(SKEP_ATTACH_OBJECT).value();
  const App app = App::load(object, {.programs = {"perf_event"}}).value();
  const Map map = perf_event_array(possible_cpus().value());
  const auto events = [&] { return attach(app, app.programs()[0]).value().ids().size(); };
  const auto rings = [&] { return PerfBuffer::open(map).value().fds().size(); };
  ASSERT_EQ(online_cpus().value().size(), 2u);
  EXPECT_EQ(events(), 2u);
  EXPECT_EQ(rings(), 2u);
  {
    const CpuOff off(1);
    ASSERT_EQ(online_cpus().value(), std::vector<u32>({0}));
    EXPECT_EQ(events(), 1u);
    EXPECT_EQ(rings(), 1u);
  }
  EXPECT_EQ(events(), 2u);
}

// ---- memory ----

bool give_up_locking() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  data[0].effective &= ~(1u << CAP_IPC_LOCK);
  const rlimit none{0, 0};
  return ::syscall(SYS_capset, &header, data) == 0 && ::setrlimit(RLIMIT_MEMLOCK, &none) == 0;
}

// perf_event_mlock_kb, 516, is for each user and CPU; 4 MiB a CPU are beyond it.
TEST_F(KernelLimits, APerfBufferBeyondTheLockedMemorySaysWhichLimitsThereAre) {
  const Map map = perf_event_array(possible_cpus().value());
  const std::string said = in_child([&] {
    if (!give_up_locking()) return std::string("setup");
    const auto buffer = PerfBuffer::open(map, 1024);
    return buffer.ok() ? "it was made" : text_of(buffer.error());
  });
  EXPECT_NE(said.find("4096 KiB a CPU are more memory than this user may lock"), said.npos) << said;
  for (const char* way : {"ulimit -l", "kernel.perf_event_mlock_kb", "CAP_IPC_LOCK"})
    EXPECT_NE(said.find(way), said.npos) << said;
}

// A kernel before 5.11, as far as it says so itself: it calls itself 2.6 then.
TEST_F(KernelLimits, OldKernelsCountLockedMemory) {
  const std::string said = in_child([] {
    ::personality(UNAME26);
    return text_of(refused("create map flows", EPERM, 0));
  });
  EXPECT_NE(said.find("cannot create map flows: Operation not permitted"), said.npos) << said;
  EXPECT_NE(said.find("before Linux 5.11 programs and maps count as locked memory: raise the "
                      "limit, ulimit -l unlimited"),
            said.npos)
      << said;
  EXPECT_EQ(text_of(refused("create map flows", EPERM, 0)).find("5.11"), std::string::npos);
}

TEST_F(KernelLimits, AMapThatIsLargerThanTheMachineIsRefused) {
  const s64 answer = kernel_test::create_map(platform::kernel_number(MapKind::array), 4, 1 << 30,
                                             1 << 12);  // 4 TiB
  ASSERT_EQ(answer, -ENOMEM);
  const Error error = refused("create map huge", ENOMEM, kBpf);
  EXPECT_EQ(error.fault, Fault::exhausted);
  EXPECT_NE(error.hint.find("memory.max"), std::string::npos) << error.hint;
}

}  // namespace
}  // namespace skep::kernel
