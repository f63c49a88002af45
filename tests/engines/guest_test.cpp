// The guests of tests/qemu/run: that they are the kernels that were asked for, and have what the
// kernels of containers and small virtual machines often lack: kprobes, fentry, LSM programs. Runs
// inside of a guest and fails where something is missing; it would be of no use if it skipped.
//
// Everything is asked through bpf(2) and perf_event_open(2) directly, so that these tests say
// whether it is the guest or the kernel engine that does not work.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "btf/types.hpp"
#include "builder.hpp"
#include "kernel_bpf.hpp"

namespace skep::kernel_test {
namespace {

constexpr int kSleeps = 3;
constexpr const char* kSleepFunction = "do_nanosleep";  // in kernel/time/hrtimer.c

void sleep_some_times() {
  for (int i = 0; i < kSleeps; ++i) ::usleep(1000);
}

// A number that programs count up: the value of an array map.
class Counter {
 public:
  Counter() : map_(Fd::adopt(static_cast<int>(create_map(BPF_MAP_TYPE_ARRAY, 4, 8, 1)))) {}

  // Adds one to it, and returns 0.
  std::vector<isa::Slot> program() const {
    using namespace engines;
    Instruction value = constant(1, static_cast<u32>(map_.get()));
    value.operation = static_cast<u8>(Constant::map_value);
    return encode(engines::program({value, mov(2, 1), atomic(Atomic::add, Width::w64, 1, 0, 2),
                                    mov(0, 0), leave()}))
        .value();
  }

  u64 read() const {
    const u32 key = 0;
    u64 value = ~u64{0};
    bpf_attr attributes = no_attributes();
    attributes.map_fd = static_cast<u32>(map_.get());
    attributes.key = reinterpret_cast<u64>(&key);
    attributes.value = reinterpret_cast<u64>(&value);
    EXPECT_EQ(bpf(BPF_MAP_LOOKUP_ELEM, attributes), 0);
    return value;
  }

 private:
  Fd map_;
};

struct Hook {
  u32 program_type;
  u32 attach_type = 0;
  u32 function = 0;  // its BTF id, for hooks that are functions of the kernel
};

Fd load(const Counter& counter, const Hook& hook) {
  const std::vector<isa::Slot> slots = counter.program();
  std::vector<char> log(1 << 16);
  bpf_attr attributes = no_attributes();
  attributes.prog_type = hook.program_type;
  attributes.expected_attach_type = hook.attach_type;
  attributes.attach_btf_id = hook.function;
  attributes.insns = reinterpret_cast<u64>(slots.data());
  attributes.insn_cnt = static_cast<u32>(slots.size());
  attributes.license = reinterpret_cast<u64>("GPL");
  attributes.log_buf = reinterpret_cast<u64>(log.data());
  attributes.log_size = static_cast<u32>(log.size());
  attributes.log_level = 1;
  const s64 fd = bpf(BPF_PROG_LOAD, attributes);
  EXPECT_GE(fd, 0) << std::strerror(static_cast<int>(-fd)) << '\n' << log.data();
  return Fd::adopt(static_cast<int>(fd));
}

// For programs whose hook is said when they are loaded (fentry, LSM).
Fd attach_where_loaded(const Fd& program) {
  bpf_attr attributes = no_attributes();
  attributes.raw_tracepoint.prog_fd = static_cast<u32>(program.get());
  const s64 link = bpf(BPF_RAW_TRACEPOINT_OPEN, attributes);
  EXPECT_GE(link, 0) << std::strerror(static_cast<int>(-link));
  return Fd::adopt(static_cast<int>(link));
}

// A probe as a perf event, with a program: `source` is "kprobe" or "uprobe", `where` a function or
// a file, `offset` bytes into it. Ends with the descriptor.
struct Place {
  const char* source;
  std::string where;
  u64 offset = 0;
};
Fd attach_probe(const Fd& program, const Place& place) {
  u32 type = 0;
  std::ifstream(std::string("/sys/bus/event_source/devices/") + place.source + "/type") >> type;
  perf_event_attr attributes{};
  attributes.type = type;
  attributes.size = sizeof(attributes);
  attributes.config1 = reinterpret_cast<u64>(place.where.c_str());
  attributes.config2 = place.offset;
  const long fd = ::syscall(__NR_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
  EXPECT_GE(fd, 0) << place.source << ", type " << type << ": " << std::strerror(errno);
  EXPECT_EQ(::ioctl(static_cast<int>(fd), PERF_EVENT_IOC_SET_BPF, program.get()), 0);
  EXPECT_EQ(::ioctl(static_cast<int>(fd), PERF_EVENT_IOC_ENABLE, 0), 0);
  return Fd::adopt(static_cast<int>(fd));
}

// Where the file has what is in memory at `address`, as uprobes want it.
u64 file_offset(const void* address) {
  const auto wanted = reinterpret_cast<u64>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    u64 begin = 0, end = 0, offset = 0;
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &begin, &end, &offset) !=
        3)
      continue;
    if (wanted >= begin && wanted < end) return wanted - begin + offset;
  }
  return 0;
}

[[gnu::noinline]] void probed() { asm volatile(""); }

u32 function_id(const char* name) {
  const auto types = btf::Types::open("/sys/kernel/btf/vmlinux").value();
  const auto id = types.find(name, btf::Kind::function);
  EXPECT_TRUE(id.has_value()) << "the kernel's BTF has no function " << name;
  return id.value_or(0);
}

bool is_mounted(const char* path, long magic) {
  struct statfs found {};
  return ::statfs(path, &found) == 0 && found.f_type == magic;
}

class Guest : public testing::Test {
 protected:
  void SetUp() override {
    if (line_ == nullptr) GTEST_SKIP() << "this is about the guests of tests/qemu/run";
  }
  const char* line_ = std::getenv("SKEP_GUEST");
};

TEST_F(Guest, runs_the_kernel_that_was_asked_for) {
  utsname name{};
  ASSERT_EQ(::uname(&name), 0);
  EXPECT_TRUE(std::string(name.release).starts_with(std::string(line_) + ".")) << name.release;
}

TEST_F(Guest, has_the_file_systems_of_a_running_machine) {
  EXPECT_TRUE(is_mounted("/sys/kernel/tracing", TRACEFS_MAGIC));
  EXPECT_TRUE(is_mounted("/sys/kernel/debug", DEBUGFS_MAGIC));
  EXPECT_TRUE(is_mounted("/sys/kernel/security", SECURITYFS_MAGIC));
  EXPECT_TRUE(is_mounted("/sys/fs/bpf", BPF_FS_MAGIC));
  EXPECT_TRUE(is_mounted("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC));
  EXPECT_EQ(::mkdir("/sys/fs/cgroup/guest_test", 0700), 0) << std::strerror(errno);
  EXPECT_EQ(::rmdir("/sys/fs/cgroup/guest_test"), 0) << std::strerror(errno);
}

TEST_F(Guest, has_types_of_its_kernel) {
  const auto types = btf::Types::open("/sys/kernel/btf/vmlinux").value();
  const auto id = types.find(kSleepFunction, btf::Kind::function);
  ASSERT_TRUE(id.has_value());
  const auto parameters = types.parameters(types.at(*id).type);
  ASSERT_EQ(parameters.size(), 2u);
  EXPECT_EQ(types.c_name((*parameters.begin()).type), "struct hrtimer_sleeper *");
}

TEST_F(Guest, a_kprobe_hits) {
  const Counter counter;
  const Fd program = load(counter, {.program_type = BPF_PROG_TYPE_KPROBE});
  {
    const Fd probe = attach_probe(program, {"kprobe", kSleepFunction});
    sleep_some_times();
  }
  sleep_some_times();  // detached: nobody counts
  EXPECT_EQ(counter.read(), kSleeps);
}

TEST_F(Guest, a_uprobe_on_this_program_hits) {
  const Counter counter;
  const Fd program = load(counter, {.program_type = BPF_PROG_TYPE_KPROBE});
  const u64 offset = file_offset(reinterpret_cast<const void*>(&probed));
  ASSERT_NE(offset, 0u);
  const Fd probe = attach_probe(program, {"uprobe", "/proc/self/exe", offset});
  for (int i = 0; i < kSleeps; ++i) probed();
  EXPECT_EQ(counter.read(), kSleeps);
}

TEST_F(Guest, an_fentry_program_hits) {
  const Counter counter;
  const Fd program = load(counter, {.program_type = BPF_PROG_TYPE_TRACING,
                                    .attach_type = BPF_TRACE_FENTRY,
                                    .function = function_id(kSleepFunction)});
  const Fd link = attach_where_loaded(program);
  sleep_some_times();
  EXPECT_EQ(counter.read(), kSleeps);
}

TEST_F(Guest, an_lsm_program_hits) {
  const Counter counter;
  const Fd program = load(counter, {.program_type = BPF_PROG_TYPE_LSM,
                                    .attach_type = BPF_LSM_MAC,
                                    .function = function_id("bpf_lsm_path_mkdir")});
  const Fd link = attach_where_loaded(program);
  for (int i = 0; i < kSleeps; ++i) {
    ASSERT_EQ(::mkdir("/tmp/guest_test", 0700), 0) << std::strerror(errno);
    ASSERT_EQ(::rmdir("/tmp/guest_test"), 0);
  }
  EXPECT_EQ(counter.read(), kSleeps);
}

TEST_F(Guest, has_the_network_devices_of_its_modules) {
  EXPECT_NE(::if_nametoindex("lo"), 0u);
  EXPECT_NE(::if_nametoindex("dummy0"), 0u);  // the module brings it
  ASSERT_EQ(std::system("ip link add type veth && ip link set veth0 up"), 0);
  EXPECT_NE(::if_nametoindex("veth0"), 0u);
  EXPECT_NE(::if_nametoindex("veth1"), 0u);
  if (std::string(line_) == "6.1") return;  // netkit came with Linux 6.7, and is no module
  ASSERT_EQ(std::system("ip link add near type netkit"), 0);
  EXPECT_NE(::if_nametoindex("near"), 0u);
}

}  // namespace
}  // namespace skep::kernel_test
