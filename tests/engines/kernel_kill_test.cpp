// SIGKILL in the middle of attaching: whenever it comes, nothing stays attached or pinned, and what
// is attached at that moment is written down as whose it is.
//
// skep is stopped at its system calls from the first program that it loads until it
// waits for events, a run for each moment, and killed there. All happens in a network namespace and
// with mounts of the test's own; the uprobe is in this process.
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdio>
#include <set>
#include <thread>

#include "engines/look.hpp"
#include "engines/stopped_command.hpp"
#include "kernel/inventory.hpp"
#include "kernel/netlink.hpp"

extern "C" void skep_kill_target() { asm volatile(""); }

namespace skep::kernel {
namespace {

constexpr u64 kAll = ~u64{0};

bool lo_is_up() {
  const int raw = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (raw < 0) return false;
  const Fd socket = Fd::adopt(raw);
  ifreq lo{};
  std::strcpy(lo.ifr_name, "lo");
  lo.ifr_flags = IFF_UP;
  return ::ioctl(raw, SIOCSIFFLAGS, &lo) == 0;
}

// Once a process.
std::string enter_own_namespaces() {
  if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return "namespaces are refused here";
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "no own mounts";
  return lo_is_up() ? "" : "lo cannot be set up";
}

class KernelKill : public Look {
 protected:
  void SetUp() override {
    Look::SetUp();
    if (IsSkipped()) return;
    static const std::string why = enter_own_namespaces();
    if (!why.empty()) GTEST_SKIP() << why;
    ::setenv("XDG_RUNTIME_DIR", scratch_.path("").c_str(), 1);
    ::mkdir(scratch_.path("bpf").c_str(), 0700);
    ASSERT_EQ(::mount("bpf", scratch_.path("bpf").c_str(), "bpf", 0, nullptr), 0);
  }
  void TearDown() override { ::umount2(scratch_.path("bpf").c_str(), MNT_DETACH); }

  test::Scratch scratch_;
};

// ---- what is there ----

// "kill" in the names of the programs, as other runs of this test do not have it: all see the same
// programs of the kernel. Four letters and digits of this process's number, a letter first.
std::string own_word() {
  constexpr std::string_view kCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  u64 rest = static_cast<u64>(::getpid());
  std::string word(1, kCharacters[rest % 52]);
  for (rest /= 52; word.size() < 4; rest /= kCharacters.size())
    word += kCharacters[rest % kCharacters.size()];
  return word;
}
std::string own(std::string_view name) { return format("{}_{}", own_word(), name); }
std::set<std::string> own(std::initializer_list<std::string_view> names) {
  std::set<std::string> out;
  for (const std::string_view each : names) out.insert(own(each));
  return out;
}

// The object with that in place of "kill".
std::string own_object(const test::Scratch& scratch, const std::string& path) {
  std::string bytes = read_text(path).value();
  for (std::size_t at = bytes.find("kill_"); at != bytes.npos; at = bytes.find("kill_", at))
    bytes.replace(at, 4, own_word());
  const std::string name = std::filesystem::path(path).filename().string();
  scratch.write(name, bytes);
  return scratch.path(name);
}

bool is_ours(const std::string& name) { return name.starts_with(own("")); }

std::set<std::string> our_programs() {
  std::set<std::string> names;
  for (const u32 id : ids(Kind::program).value()) {
    const auto fd = open_id(Kind::program, id);
    if (!fd.ok()) continue;
    const auto program = describe_program(*fd);
    if (program.ok() && is_ours(program->name)) names.insert(program->name);
  }
  return names;
}

// The names of our programs that hang on a bpf_link.
std::set<std::string> our_links() {
  std::set<std::string> names;
  for (const u32 id : ids(Kind::link).value()) {
    const auto fd = open_id(Kind::link, id);
    if (!fd.ok()) continue;
    const auto link = describe_link(*fd);
    if (!link.ok() || link->program_id == 0) continue;
    const auto program = open_id(Kind::program, link->program_id);
    if (!program.ok()) continue;
    const auto known = describe_program(*program);
    if (known.ok() && is_ours(known->name)) names.insert(known->name);
  }
  return names;
}

bool clsact_is_there() {
  tcmsg lo{};
  lo.tcm_ifindex = static_cast<int>(::if_nametoindex("lo"));
  Netlink kernel = Netlink::open().value();
  const NetlinkAnswer all = kernel.ask({RTM_GETQDISC, NLM_F_DUMP, lo}).value();
  return std::ranges::any_of(all.messages, [&](const NetlinkMessage& each) {
    const auto there = each.header<tcmsg>().value();
    return there.tcm_ifindex == lo.tcm_ifindex && there.tcm_parent == TC_H_CLSACT;
  });
}

// In a new file system of type bpf the kernel puts maps.debug and progs.debug (CONFIG_BPF_PRELOAD).
std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& each : std::filesystem::directory_iterator(folder, none))
    names.insert(each.path().filename());
  return names;
}

// The kernel frees programs, and a guard works, some moments after the end of the process: what is
// there after ten seconds stays.
template <class IsThere>
bool stays(IsThere is_there) {
  for (int attempt = 0; attempt < 500; ++attempt) {
    if (!is_there()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// ---- cases ----

struct Case {
  const test::Scratch& scratch;
  std::vector<std::string> words;
};

std::vector<std::string> run_words(const std::string& object) {
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  return {kSkep,
          "run",
          object,
          "--engine",
          "kernel",
          "--interface",
          "lo",
          "--attach",
          own("uprobe") + "=" + self + ":skep_kill_target",
          "-p",
          format("{}", ::getpid())};
}

void expect_owner_of_all(const Case& one, pid_t pid) {
  std::string owned;
  for (const std::string& each : names_in(one.scratch.path("skep"))) {
    const bool is_of_it =
        each.starts_with(format("{}.", pid)) || each.starts_with(format("pinned.{}.", pid));
    if (is_of_it) owned += one.scratch.read("skep/" + each);
  }
  for (const std::string& each : our_links())
    EXPECT_NE(owned.find("\t" + each + "\t"), owned.npos) << each << " has no owner";
}

void expect_nothing_left(const Case& one) {
  EXPECT_FALSE(stays([] { return !our_programs().empty(); }))
      << testing::PrintToString(our_programs());
  EXPECT_FALSE(stays(clsact_is_there)) << "the qdisc was left behind";
  for (const std::string& each : names_in(one.scratch.path("bpf")))
    EXPECT_TRUE(each == "maps.debug" || each == "progs.debug") << each << " stays pinned";
  EXPECT_EQ(exit_of(kSkep + " link list --mine"), 5) << "an owner stays written down";
}

// The number of moments, and whether all of ours was attached at the last one.
u64 count_moments(const Case& one, const std::set<std::string>& programs) {
  StoppedCommand command(one.words);
  const u64 moments = command.go(kAll);
  EXPECT_FALSE(command.has_ended()) << "it ended by itself";
  EXPECT_EQ(our_programs(), programs);
  return moments;
}

using Check = std::function<void(const Case&)>;

// At most `kills` of the moments, from the first to the last; `check` looks at what is left.
void kill_at_many_moments(const Case& one, u64 moments, u64 kills, const Check& check) {
  kills = std::min(kills, moments);
  ASSERT_GT(kills, 10u);
  u64 killed = 0;
  for (u64 kill = 0; kill < kills && !testing::Test::HasFailure(); ++kill) {
    const u64 moment = 1 + kill * (moments - 1) / (kills - 1);
    SCOPED_TRACE(format("killed at moment {} of {}", moment, moments));
    {
      StoppedCommand command(one.words);
      if (command.go(moment) == moment) ++killed;
      expect_owner_of_all(one, command.pid());
    }
    check(one);
  }
  EXPECT_EQ(killed, kills);
  ::printf("killed at %llu of %llu entries and ends of system calls\n",
           static_cast<unsigned long long>(killed), static_cast<unsigned long long>(moments));
}

TEST_F(KernelKill, NothingStaysAttached) {
  Case one{scratch_, run_words(own_object(scratch_, SKEP_KILL_OBJECTS "/kill_all.bpf.o"))};
  for (const char* word : {"--tc", "clsact", "--route", "10.9.0.0/16"}) one.words.push_back(word);
  const u64 moments =
      count_moments(one, own({"egress", "ingress", "netfilter", "route", "uprobe", "xdp"}));
  expect_nothing_left(one);
  kill_at_many_moments(one, moments, 40, expect_nothing_left);
}

// ---- pinning ----

std::set<std::string> pinned() {
  std::set<std::string> names = own({"netfilter", "uprobe", "xdp"});
  names.insert("map_" + own("runs"));
  return names;
}

// What is there when a guard had time to work: a second in which nothing changes.
std::set<std::string> pins_that_stay(const std::string& folder) {
  std::set<std::string> before = names_in(folder);
  for (int unchanged = 0; unchanged < 50 && !before.empty(); ++unchanged) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    auto now = names_in(folder);
    if (now != before) unchanged = 0;
    before = std::move(now);
  }
  return before;
}

// Killed before everything is pinned nothing is, and later everything, with its owner.
void expect_nothing_or_all_pinned(const Case& one) {
  const std::string folder = one.scratch.path("bpf/kept");
  const auto there = pins_that_stay(folder);
  if (!there.empty()) {
    EXPECT_EQ(there, pinned());
    EXPECT_EQ(exit_of(kSkep + " link list --mine"), 0) << "what is pinned has no owner";
  }
  for (const std::string& each : there) std::filesystem::remove(folder + "/" + each);
  std::filesystem::remove(folder);
  expect_nothing_left(one);
}

TEST_F(KernelKill, NothingOrAllStaysPinned) {
  Case one{scratch_, run_words(own_object(scratch_, SKEP_KILL_OBJECTS "/kill_links.bpf.o"))};
  for (const std::string& word :
       {std::string("--pin"), scratch_.path("bpf/kept"), std::string("-d"), std::string("60")})
    one.words.push_back(word);
  const u64 moments = count_moments(one, own({"netfilter", "uprobe", "xdp"}));
  EXPECT_EQ(pins_that_stay(scratch_.path("bpf/kept")), pinned());
  expect_nothing_or_all_pinned(one);
  kill_at_many_moments(one, moments, 40, expect_nothing_or_all_pinned);
}

}  // namespace
}  // namespace skep::kernel
