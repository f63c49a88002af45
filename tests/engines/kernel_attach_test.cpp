// Every kind of hook that traces, at work: a program is attached, this process does what hits it,
// and the program counts; when the link is gone it counts no more.
//
// A kind that this kernel does not have is skipped with what the kernel says, so that one test
// serves all kernels: the guests of tests/qemu run it as well, and there what they must have is
// listed by name (kExpected).
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "kernel/attach.hpp"
#include "kernel/bpf.hpp"
#include "kernel/inventory.hpp"
#include "kernel/test_run.hpp"

// Targets of probes: global, and not to be inlined.
unsigned short skep_attach_test_semaphore __attribute__((section(".probes"))) = 0;
extern "C" [[gnu::noinline]] int skep_probed(int argument) {
  STAP_PROBE2(skep, attach_test, argument, argument * 3);
  asm volatile("" ::: "memory");
  return argument + 1;
}

namespace skep::kernel {
namespace {

using std::chrono::milliseconds;

// ---- what hits the programs ----

volatile int watched = 0;

void sleep_a_little() { std::this_thread::sleep_for(milliseconds(2)); }
void ask_parent() { (void)::getppid(); }
void ask_group() { (void)::getpgid(::getpid()); }
void call_probed() { (void)skep_probed(14); }
void open_file() { ::close(::open("/proc/self/stat", O_RDONLY | O_CLOEXEC)); }
void make_socket() { ::close(::socket(AF_INET, SOCK_STREAM, 0)); }
void compute() {
  const auto end = std::chrono::steady_clock::now() + milliseconds(100);
  while (std::chrono::steady_clock::now() < end) {
  }
}
void write_watched() { watched = watched + 1; }

bool tracepoints_are_listed() { return ::access("/sys/kernel/tracing/events/syscalls", F_OK) == 0; }

struct Case {
  std::string_view program;
  std::string target;  // what the section leaves to the user
  void (*act)();
  u64 least = 1;  // hits of one act
};

std::string own(std::string_view function) { return format("/proc/self/exe:{}", function); }

std::vector<Case> cases() {
  return {
      {"kprobe", "", sleep_a_little},
      {"kretprobe", "", sleep_a_little},
      {"kprobe_multi", "", sleep_a_little},
      {"kretprobe_multi", "", sleep_a_little},
      {"kprobe_session", "", sleep_a_little, 2},
      {"ksyscall", "", ask_parent},
      {"kretsyscall", "", ask_parent},
      {"uprobe", own("skep_probed"), call_probed},
      {"uprobe_sleepable", own("skep_probed"), call_probed},
      {"uretprobe", own("skep_probed"), call_probed},
      {"uprobe_multi", own("skep_prob*"), call_probed},
      {"uretprobe_multi", own("skep_prob*"), call_probed},
      {"uprobe_session", own("skep_prob*"), call_probed, 2},
      {"usdt", own("skep:attach_test"), call_probed},
      {"tracepoint", "", ask_parent},
      {"raw_tracepoint", "", ask_parent},
      {"tracepoint_with_types", "", ask_parent},
      {"fentry", "", sleep_a_little},
      {"fexit", "", sleep_a_little},
      {"fmod_ret", "", ask_group},
      {"lsm", "", ask_group},
      {"lsm_sleepable", "", open_file},
  };
}

// What each kernel must have: of these nothing is skipped.
using Names = std::vector<std::string_view>;
Names expected_here() {
  const char* guest = std::getenv("SKEP_GUEST");
  if (guest == nullptr)
    return {"uprobe", "uretprobe", "usdt", "raw_tracepoint", "tracepoint_with_types", "perf_event"};
  Names names = {"kprobe",
                 "kretprobe",
                 "ksyscall",
                 "kretsyscall",
                 "uprobe",
                 "uprobe_sleepable",
                 "uretprobe",
                 "usdt",
                 "tracepoint",
                 "raw_tracepoint",
                 "tracepoint_with_types",
                 "fentry",
                 "fexit",
                 "fmod_ret",
                 "lsm",
                 "lsm_sleepable",
                 "lsm_cgroup",
                 "replacement",
                 "perf_event",
                 "watchpoint",
                 "iterator"};
  if (std::string_view(guest) == "6.12") {
    names.insert(names.end(), {"kprobe_multi", "kretprobe_multi", "kprobe_session", "uprobe_multi",
                               "uretprobe_multi"});
  }
  return names;
}

class KernelAttach : public testing::Test {
 protected:
  // tracefs in a mount namespace of our own.
  static void SetUpTestSuite() {
    if (::access("/sys/kernel/tracing/events", F_OK) == 0 || ::unshare(CLONE_NEWNS) != 0) return;
    (void)::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    (void)::mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, nullptr);
  }

  void SetUp() override {
    if (const std::string names = missing(kBpf | kPerfmon | kSysAdmin); !names.empty()) {
      GTEST_SKIP() << "attaching takes " << names << ", which this process does not have";
    }
    auto map = create_array();
    if (!map.ok()) GTEST_SKIP() << "bpf(2) is refused here: " << map.error().message;
    object_.emplace(object::Object::open(SKEP_ATTACH_OBJECT).value());
    const u32 pid = static_cast<u32>(::getpid());
    object_->set_global("only", std::as_bytes(std::span(&pid, 1))).value();
  }

  static Result<Fd> create_array() {
    platform::CreateMap create{};
    create.map_type = platform::kernel_number(platform::MapKind::array);
    create.key_size = create.value_size = 4;
    create.max_entries = 1;
    return descriptor(bpf(Command::create_map, create), "create a map", kBpf);
  }

  Result<App> load(std::string_view program, LoadOptions options = {}) {
    TRY(object_->resolve({.configuration = "CONFIG_X86_64=y\n", .release = "6.1.0"}));
    options.programs = {std::string(program)};
    return App::load(*object_, options);
  }

  u64 global(App& app, std::string_view name) {
    const object::Global place = object_->global(name).value();
    const auto bytes = app.maps()[place.map].map.lookup_copy(std::vector<std::byte>(4)).value();
    u64 value = 0;
    std::memcpy(&value, bytes.data() + place.offset, sizeof(value));
    return value;
  }

  // Skips, or fails where this kernel must have it.
  void cannot(std::string_view name, const Error& error) {
    const Names expected = expected_here();
    const bool must = std::ranges::find(expected, name) != expected.end();
    const std::string why = format("{}: {} {}", name, error.message, error.hint);
    if (must) {
      ADD_FAILURE() << why << "\n" << error.report();
    } else {
      std::printf("not in this kernel: %s\n", why.c_str());
    }
  }

  // Attached to what `act` does: it counts then, and not when the link is gone.
  void try_case(std::string_view name, const Place& place, void (*act)(), u64 least = 1) {
    auto app = load(name);
    if (!app.ok()) return cannot(name, app.error());
    {
      auto link = attach(*app, app->programs()[0], place);
      if (!link.ok()) return cannot(name, link.error());
      act();
      EXPECT_GE(global(*app, "hits"), least) << name;
      EXPECT_FALSE(link->where().empty());
    }
    const u64 hits = global(*app, "hits");
    act();
    EXPECT_EQ(global(*app, "hits"), hits) << name << " is still attached";
    std::printf("ran: %s\n", std::string(name).c_str());
  }

  std::optional<object::Object> object_;
};

TEST_F(KernelAttach, ProbesTracepointsAndFunctions) {
  for (const Case& each : cases())
    try_case(each.program, {.target = each.target}, each.act, each.least);
}

TEST_F(KernelAttach, UprobesHaveTheCookieAndThePid) {
  auto app = load("uprobe").value();
  const auto pid = static_cast<u32>(::getpid());
  const Link link =
      attach(app, app.programs()[0], {.target = own("skep_probed"), .pid = pid, .cookie = 77})
          .value();
  call_probed();
  EXPECT_EQ(global(app, "hits"), 1u);
  EXPECT_EQ(global(app, "cookie"), 77u);
}

TEST_F(KernelAttach, UsdtReadsArgumentsAndRaisesTheSemaphore) {
  auto app = load("usdt").value();
  EXPECT_EQ(*static_cast<volatile unsigned short*>(&skep_attach_test_semaphore), 0);
  {
    const Link link = attach(app, app.programs()[0], {.target = own("skep:attach_test")}).value();
    EXPECT_EQ(*static_cast<volatile unsigned short*>(&skep_attach_test_semaphore), 1);
    call_probed();
    EXPECT_EQ(global(app, "value"), 42u);  // 14 * 3
  }
  EXPECT_EQ(*static_cast<volatile unsigned short*>(&skep_attach_test_semaphore), 0);
}

// Whether the processor stops at one at all, without BPF: of some virtual machines none does.
bool watchpoints_count() {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_BREAKPOINT;
  attributes.size = sizeof(attributes);
  attributes.bp_type = HW_BREAKPOINT_W;
  attributes.bp_addr = reinterpret_cast<u64>(&watched);
  attributes.bp_len = HW_BREAKPOINT_LEN_4;
  const Fd event =
      Fd::adopt(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0)));
  write_watched();
  u64 count = 0;
  return ::read(event.get(), &count, sizeof(count)) == sizeof(count) && count != 0;
}

TEST_F(KernelAttach, SamplesAndWatchpoints) {
  const auto pid = static_cast<u32>(::getpid());
  try_case("perf_event", {.target = "profile:hz:999", .pid = pid}, compute);
  try_case("perf_event", {.target = "software:cpu-clock:1000000", .pid = pid}, compute);
  auto app = load("perf_event").value();
  const std::string watchpoint = format("watchpoint:{}:4:w", reinterpret_cast<u64>(&watched));
  auto link = attach(app, app.programs()[0], {.target = watchpoint, .pid = pid});
  if (!link.ok()) return cannot("watchpoint", link.error());
  if (!watchpoints_count()) {
    std::printf("not on this machine: watchpoint: its processor counts none, without BPF either\n");
    return;
  }
  const u64 before = global(app, "hits");
  write_watched();
  write_watched();
  EXPECT_EQ(global(app, "hits"), before + 2);
  std::printf("ran: watchpoint\n");
}

TEST_F(KernelAttach, FunctionsThatALinkIsAttachedToHaveTheirNames) {
  auto app = load("kprobe_multi");
  if (!app.ok()) return cannot("kprobe_multi", app.error());
  const auto link = attach(*app, app->programs()[0]);
  if (!link.ok()) return cannot("kprobe_multi", link.error());
  const LinkEntry shown = describe_link(link->links()[0]).value();
  EXPECT_FALSE(shown.functions.empty());
  EXPECT_EQ(shown.functions.size(), shown.places.size());
  for (const LinkEntry::Function& each : shown.functions) {
    EXPECT_TRUE(each.name.starts_with("do_nano")) << each.name;
    EXPECT_EQ(each.module, "");
  }
}

TEST_F(KernelAttach, IteratorsAreRead) {
  auto app = load("iterator");
  if (!app.ok()) return cannot("iterator", app.error());
  auto link = attach(*app, app->programs()[0]);
  if (!link.ok()) return cannot("iterator", link.error());
  platform::CreateIterator create{};
  create.link_fd = static_cast<u32>(link->links()[0].get());
  const Fd iterator = descriptor(bpf(Command::create_iterator, create), "read", 0).value();
  char byte = 0;
  while (::read(iterator.get(), &byte, 1) > 0) {
  }
  EXPECT_GE(global(*app, "hits"), 1u);
  std::printf("ran: iterator\n");
}

TEST_F(KernelAttach, LsmProgramsOfACgroup) {
  auto app = load("lsm_cgroup");
  if (!app.ok()) return cannot("lsm_cgroup", app.error());
  const std::string root =
      ::access("/sys/fs/cgroup/unified", F_OK) == 0 ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  const std::string folder = format("{}/skep-attach-{}", root, ::getpid());
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  const pid_t child = ::fork();
  if (child == 0) {  // only the child is in it
    const Fd processes = Fd::open(folder + "/cgroup.procs", O_WRONLY).value();
    ::_exit(::write(processes.get(), "0", 1) == 1 && ::raise(SIGSTOP) == 0 ? (make_socket(), 0)
                                                                           : 1);
  }
  int status = 0;
  ::waitpid(child, &status, WUNTRACED);
  const u32 pid = static_cast<u32>(child);
  object_->set_global("only", std::as_bytes(std::span(&pid, 1))).value();
  app = load("lsm_cgroup");
  auto link = attach(*app, app->programs()[0], {.cgroup = folder});
  ::kill(child, SIGCONT);
  ::waitpid(child, &status, 0);
  ::rmdir(folder.c_str());
  if (!link.ok()) return cannot("lsm_cgroup", link.error());
  EXPECT_EQ(status, 0);
  EXPECT_EQ(global(*app, "hits"), 1u);
  std::printf("ran: lsm_cgroup\n");
}

TEST_F(KernelAttach, AFunctionOfAProgramIsReplaced) {
  auto host = load("host");
  if (!host.ok()) return cannot("replacement", host.error());
  const std::vector<std::byte> packet(64);
  EXPECT_EQ(test_run(host->programs()[0], {.packet = packet})->return_value, 1u);
  const u32 id = id_of(host->programs()[0].descriptor, Kind::program).value();
  auto app = load("replacement", {.replaces = id});
  if (!app.ok()) return cannot("replacement", app.error());
  auto link = attach(*app, app->programs()[0]);
  if (!link.ok()) return cannot("replacement", link.error());
  EXPECT_EQ(test_run(host->programs()[0], {.packet = packet})->return_value, 7u);
  std::printf("ran: replacement\n");
}

TEST_F(KernelAttach, NothingIsLeftOfAProcessThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto app = load("raw_tracepoint").value();
    const Link link = attach(app, app.programs()[0]).value();
    const u32 id = link.ids().at(0);
    (void)!::write(ends[1], &id, sizeof(id));
    while (true) ::pause();
  }
  u32 id = 0;
  ASSERT_EQ(::read(ends[0], &id, sizeof(id)), static_cast<ssize_t>(sizeof(id)));
  EXPECT_TRUE(open_id(Kind::link, id).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  for (int patience = 200; open_id(Kind::link, id).ok() && patience > 0; --patience) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(open_id(Kind::link, id).error().fault, Fault::absent);
}

TEST_F(KernelAttach, RefusalsSayWhatToDo) {
  const auto refusal = [&](std::string_view program, const Place& place) {
    auto app = load(program).value();
    auto link = attach(app, app.programs()[0], place);
    EXPECT_FALSE(link.ok()) << program;
    return link.ok() ? std::string() : link.error().message + " / " + link.error().hint;
  };
  EXPECT_EQ(refusal("uprobe", {}),
            "program uprobe: section uprobe does not say what it is attached to / "
            "write it behind the section's name, or say --attach PROGRAM=TARGET (in C++: "
            "Place::target)");
  EXPECT_EQ(
      refusal("uprobe", {.target = own("skep_prbed")}),
      "program uprobe: /proc/self/exe has no function skep_prbed / did you mean skep_probed?");
  EXPECT_EQ(refusal("usdt", {.target = own("skep:attach_tast")}),
            "program usdt: /proc/self/exe has no usdt probe skep:attach_tast / did you mean "
            "skep:attach_test?");
  EXPECT_NE(
      refusal("perf_event", {.target = "software:page-fults:1"}).find("did you mean page-faults"),
      std::string::npos);
  EXPECT_NE(refusal("perf_event", {.target = "profile:hz:0"}).find("'0' is no frequency"),
            std::string::npos);
  EXPECT_NE(refusal("uprobe", {.target = "libnothing.so.9:f"})
                .find("no library libnothing.so.9 is found"),
            std::string::npos);
  if (tracepoints_are_listed()) {
    object_->set_global("only", std::as_bytes(std::span("\1\0\0\0", 4))).value();
    EXPECT_NE(refusal("tracepoint", {.target = "syscalls/sys_enter_getpid_"}).find("did you mean"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace skep::kernel
