// What skep says of loaded things beside what Debian's bpftool says of the same ones: ids, types,
// names, tags, sizes, contents.
//
// The test loads what this kernel takes of every program type and map kind, and links of its own
// (on its own process and cgroup-less hooks only), and compares field by field by jq: whatever
// bpftool has, skep must have and the same. skep may say more. Where bpf(2) is refused or bpftool
// is missing, it skips.
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.hpp"
#include "engines/kernel_bpf.hpp"
#include "kernel/bpf.hpp"
#include "kernel/feature_cache.hpp"
#include "kernel/features.hpp"
#include "kernel/inventory.hpp"
#include "kernel/inventory_owners.hpp"
#include "kernel/map.hpp"
#include "support/scratch.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;
using platform::MapKind;
using platform::ProgramType;

const std::string kSkep = SKEP_BINARY_DIR "/skep";

std::string output_of(const std::string& command) {
  const test::Scratch scratch;
  return scratch.run(command);
}
int exit_of(const std::string& command) {
  return WEXITSTATUS(std::system((command + " >/dev/null 2>&1").c_str()));
}

class Look : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    if (!missing(kSysAdmin).empty()) GTEST_SKIP() << "ids may be asked for only with CAP_SYS_ADMIN";
    ::setenv("PATH", (std::string(std::getenv("PATH")) + ":/usr/sbin:/sbin").c_str(), 1);
  }
  void needs_bpftool() {
    if (exit_of("command -v bpftool") != 0) GTEST_SKIP() << "bpftool is not installed";
  }
};

// Empty when all that bpftool says of each `what` ("prog") with these ids skep says too; else the
// fields that differ. bpftool is asked for each alone: the list of 7.1 keeps what a map before it
// had. Two clocks are read to tell when a program was loaded, so that one second is no difference.
std::string differences(const std::string& what, const std::vector<u32>& ids) {
  std::vector<std::string> words;
  for (const u32 id : ids) words.push_back(std::to_string(id));
  return output_of(
      format(
          "for id in {}; do bpftool -j {} show id $id; done >a.json && {} {} list -j >b.json && ",
          join(words, " "), what, kSkep, what) +
      "jq -rn --slurpfile a a.json --slurpfile b b.json '"
      "($b | map({key: (.id | tostring), value: .}) | from_entries) as $ours | "
      "($a | map(if type == \"array\" then .[] else . end)) as $theirs | " +
      format("(if ($theirs | length) == {} then empty else \"bpftool knows others\" end), ",
             ids.size()) +
      "($theirs[] | . as $x | ($ours[.id | tostring] // {}) as $y | to_entries[] | "
      "select($y[.key] != .value) | select((.key == \"loaded_at\" and (.value - ($y.loaded_at // "
      "0) | fabs) <= 1) | not) | "
      "\"\\($x.id) \\(.key): bpftool \\(.value), skep \\($y[.key])\")'");
}

// What bpftool 7.1, of Linux 6.1, knows only by number is left out of the comparison, its type
// alone.
std::string without_newer_types(const std::string& differences,
                                const std::vector<std::string>& newer) {
  std::string out;
  for (std::size_t at = 0; at < differences.size();) {
    const std::size_t end = differences.find('\n', at);
    const std::string line = differences.substr(at, end - at);
    const bool is_newer = std::ranges::any_of(newer, [&](const std::string& name) {
      return line.find(" type: bpftool ") != std::string::npos && line.ends_with(", skep " + name);
    });
    if (!is_newer) out += line + "\n";
    at = end + 1;
  }
  return out;
}

TEST_F(Look, ProgramsOfEveryTypeAreDescribedAsBpftoolDoes) {
  needs_bpftool();
  if (IsSkipped()) return;
  Trials trials;
  std::string refused;
  std::vector<Fd> held;
  std::vector<u32> loaded;
  for (const ProgramType type : every<ProgramType>()) {
    if (type == ProgramType::unspecified) continue;
    Answer answer =
        trials.load({.type = type, .name = "look_" + std::to_string(static_cast<int>(type))});
    if (!answer.fd) {
      refused += format(" {} ({})", platform::row(type).name, std::strerror(answer.refusal));
      continue;
    }
    loaded.push_back(id_of(*answer.fd, Kind::program).value());
    held.push_back(std::move(*answer.fd));
  }
  EXPECT_EQ(without_newer_types(differences("prog", loaded), {"netfilter"}), "");
  std::printf("%zu program types compared; not loaded here:%s\n", loaded.size(), refused.c_str());
  EXPECT_GE(loaded.size(), 25u);
}

TEST_F(Look, MapsOfEveryKindAreDescribedAsBpftoolDoes) {
  needs_bpftool();
  if (IsSkipped()) return;
  Trials trials;
  std::string refused;
  std::vector<Fd> held;
  std::vector<u32> made;
  for (const MapKind kind : every<MapKind>()) {
    Answer answer = trials.create(kind, "look_" + std::to_string(static_cast<int>(kind)));
    if (!answer.fd) {
      refused += format(" {} ({})", platform::row(kind).name, std::strerror(answer.refusal));
      continue;
    }
    made.push_back(id_of(*answer.fd, Kind::map).value());
    held.push_back(std::move(*answer.fd));
  }
  EXPECT_EQ(without_newer_types(differences("map", made), {"cgrp_storage", "arena"}), "");
  std::printf("%zu map kinds compared; not made here:%s\n", made.size(), refused.c_str());
  EXPECT_GE(made.size(), 25u);
}

s64 create_link(const Fd& program, u32 target, AttachType type,
                void (*more)(platform::CreateLink&) = nullptr) {
  platform::CreateLink create{};
  create.program_fd = static_cast<u32>(program.get());
  create.target = target;
  create.attach_type = platform::kernel_number(type);
  if (more != nullptr) more(create);
  return bpf(Command::create_link, create);
}

// Links to what only this process has, or what hardly ever runs.
std::map<std::string, Fd> own_links(Trials& trials) {
  std::map<std::string, Fd> out;
  const auto keep = [&](const char* name, s64 fd) {
    if (fd >= 0) {
      out.emplace(name, Fd::adopt(static_cast<int>(fd)));
    } else {
      std::printf("no link of kind %s here: %s\n", name, std::strerror(static_cast<int>(-fd)));
    }
  };
  if (const Answer raw = trials.load({.type = ProgramType::raw_tracepoint}); raw.fd) {
    platform::OpenRawTracepoint open{};
    open.name = platform::address_of("xdp_exception");
    open.program_fd = static_cast<u32>(raw.fd->get());
    keep("raw_tracepoint", bpf(Command::open_raw_tracepoint, open));
  }
  if (const Answer iterator =
          trials.load({.type = ProgramType::tracing, .attach = AttachType::trace_iter});
      iterator.fd) {
    keep("iter", create_link(*iterator.fd, 0, AttachType::trace_iter));
  }
  if (const Answer sampled = trials.load({.type = ProgramType::perf_event}); sampled.fd) {
    perf_event_attr clock{};
    clock.size = sizeof(clock);
    clock.type = PERF_TYPE_SOFTWARE;
    clock.config = PERF_COUNT_SW_CPU_CLOCK;
    clock.sample_period = 1'000'000'000'000;
    clock.disabled = 1;
    const Fd event = Fd::adopt(
        static_cast<int>(::syscall(__NR_perf_event_open, &clock, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    keep("perf_event",
         create_link(*sampled.fd, static_cast<u32>(event.get()), AttachType::perf_event));
  }
  if (const Answer lookup = trials.load({.type = ProgramType::sk_lookup}); lookup.fd) {
    const auto space = Fd::open("/proc/self/ns/net", 0);
    if (space.ok())
      keep("netns", create_link(*lookup.fd, static_cast<u32>(space->get()), AttachType::sk_lookup));
  }
  constexpr u32 kLoopback = 1;  // of this process's own network namespace
  if (const Answer xdp = trials.load({.type = ProgramType::xdp}); xdp.fd) {
    keep("xdp", create_link(*xdp.fd, kLoopback, AttachType::xdp));
  }
  if (const Answer tc = trials.load({.type = ProgramType::sched_cls}); tc.fd) {
    keep("tcx", create_link(*tc.fd, kLoopback, AttachType::tcx_ingress));
  }
  if (const Answer filter = trials.load({.type = ProgramType::netfilter}); filter.fd) {
    keep("netfilter",
         create_link(*filter.fd, 0, AttachType::netfilter, [](platform::CreateLink& create) {
           create.netfilter.protocol_family = 2;  // NFPROTO_IPV4
           create.netfilter.hook = 1;             // NF_INET_LOCAL_IN
           create.netfilter.priority = static_cast<u32>(-128);
         }));
  }
  return out;
}

TEST_F(Look, LinksAreDescribedAsBpftoolDoes) {
  needs_bpftool();
  if (IsSkipped()) return;
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0)
      << "a network namespace of its own, so that nobody else's is touched";
  Trials trials;
  const auto links = own_links(trials);
  EXPECT_GE(links.size(), 6u);
  std::vector<u32> made;
  for (const auto& [name, fd] : links) {
    made.push_back(id_of(fd, Kind::link).value());
    EXPECT_EQ(output_of(format("{} link show id {} -j | jq -r .type", kSkep, made.back())),
              name + "\n");
  }
  EXPECT_EQ(without_newer_types(differences("link", made), {"netfilter", "tcx"}), "");
  const auto json = [&](const char* name) {
    return output_of(
        format("{} link show id {} -j", kSkep, id_of(links.at(name), Kind::link).value()));
  };
  EXPECT_NE(json("raw_tracepoint").find("\"tp_name\":\"xdp_exception\""), std::string::npos);
  if (links.contains("tcx"))
    EXPECT_NE(json("tcx").find("\"ifindex\":1,\"attach_type\":\"tcx_ingress\""), std::string::npos)
        << json("tcx");
  if (links.contains("netfilter")) {
    EXPECT_NE(json("netfilter").find("\"pf\":2,\"hook\":1,\"prio\":-128,\"flags\":0"),
              std::string::npos)
        << json("netfilter");
  }
}

TEST_F(Look, ALinkIsDetachedOnlyWhenItIsNamed) {
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  Trials trials;
  const Answer xdp = trials.load({.type = ProgramType::xdp});
  ASSERT_TRUE(xdp.fd);
  const Fd link = Fd::adopt(static_cast<int>(create_link(*xdp.fd, 1, AttachType::xdp)));
  const u32 id = id_of(link, Kind::link).value();
  EXPECT_EQ(exit_of(kSkep + " link detach"), 2);
  EXPECT_NE(output_of(format("{} link show id {} -j", kSkep, id)).find("\"ifindex\":1"),
            std::string::npos);
  EXPECT_EQ(exit_of(format("{} link detach id {}", kSkep, id)), 0);
  EXPECT_NE(output_of(format("{} link show id {}", kSkep, id)).find("ifindex (detached)"),
            std::string::npos);
}

TEST_F(Look, OwnersAndPinnedPathsAreFound) {
  Trials trials;
  const Answer map = trials.create(MapKind::array, "look_owned");
  ASSERT_TRUE(map.fd);
  const u32 id = id_of(*map.fd, Kind::map).value();
  const Owners all = owners();
  const auto& held = all.at(Kind::map, id);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].pid, static_cast<u32>(::getpid()));
  EXPECT_EQ(held[0].comm, "test_look");
  ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
  const test::Scratch scratch;
  ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  const std::string folder = scratch.path("a folder with spaces");
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(::mount("bpf", folder.c_str(), "bpf", 0, nullptr), 0);
  EXPECT_EQ(exit_of(format("{} map pin id {} '{}/one'", kSkep, id, folder)), 0);
  EXPECT_EQ(exit_of(format("{} map pin id {} '{}/one'", kSkep, id, folder)), 2);  // taken
  EXPECT_EQ(exit_of(format("{} map pin id {} /tmp/look-is-no-bpf", kSkep, id)), 3);
  const Pins pinned = pins();
  EXPECT_EQ(pinned.at(Kind::map, id), std::vector<std::string>{folder + "/one"});
  const std::string shown = output_of(format("{} map show pinned '{}/one' -j", kSkep, folder));
  EXPECT_NE(shown.find("/a folder with spaces/one\"]"), std::string::npos) << shown;
  EXPECT_NE(shown.find("\"comm\":\"test_look\""), std::string::npos) << shown;
  EXPECT_EQ(exit_of(format("{} prog show pinned '{}/one'", kSkep, folder)), 2);  // it is a map
  ::umount(folder.c_str());
}

// The objects of bpftool's own loader: names of maps in the dump, functions, lines.
class LookAtCode : public Look {
 protected:
  void SetUp() override {
    Look::SetUp();
    if (IsSkipped()) return;
    needs_bpftool();
    if (IsSkipped()) return;
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    folder_ = scratch_.path("bpf");
    ASSERT_EQ(::mkdir(folder_.c_str(), 0700), 0);
    ASSERT_EQ(::mount("bpf", folder_.c_str(), "bpf", 0, nullptr), 0);
    scratch_.run(format("bpftool prog loadall {}/bpf/flows.bpf.o {}/progs pinmaps {}/maps",
                        SKEP_BINARY_DIR "/..", folder_, folder_));
  }
  void TearDown() override {
    if (!folder_.empty()) ::umount(folder_.c_str());
  }
  std::string skep(const std::string& words) { return scratch_.run(kSkep + " " + words); }

  test::Scratch scratch_;
  std::string folder_;
};

TEST_F(LookAtCode, TranslatedInstructionsAreThoseThatBpftoolShows) {
  const std::string program = format("pinned {}/progs/flows", folder_);
  const std::string ours = skep("prog dump xlated " + program + " -j | jq -r .slot");
  const std::string theirs = scratch_.run("bpftool prog dump xlated " + program +
                                          " | sed -n 's/^ *\\([0-9]*\\): (.*/\\1/p'");
  EXPECT_EQ(ours, theirs);
  EXPECT_GT(ours.size(), 100u);
  skep("prog dump xlated " + program + " -o ours.bin");
  scratch_.run("bpftool prog dump xlated " + program + " file theirs.bin");
  EXPECT_EQ(scratch_.read("ours.bin"), scratch_.read("theirs.bin"));
  const std::string text = skep("prog dump xlated " + program);
  EXPECT_NE(text.find("flows:\n"), std::string::npos) << text.substr(0, 300);
  EXPECT_NE(text.find("map[sizes] ll"), std::string::npos) << text;
  EXPECT_NE(text.find("kfunc[__htab_map_lookup_elem]"), std::string::npos);
  EXPECT_NE(skep("prog dump source " + program).find("flows.bpf.c:"), std::string::npos);
}

TEST_F(LookAtCode, MachineCodeIsWholeAndUnderItsLines) {
  const std::string program = format("pinned {}/progs/flows", folder_);
  const std::string bytes =
      skep("prog dump jited " + program + " -j | jq -r .bytes | tr ' ' '\\n' | grep -c .");
  EXPECT_EQ(bytes, skep("prog show " + program + " -j | jq .bytes_jited"));
  EXPECT_NE(skep("prog dump jited " + program).find("flows.bpf.c:"), std::string::npos);
}

TEST_F(LookAtCode, TypesTellWhoUsesThem) {
  const std::string id = skep(format("prog show pinned {}/progs/flows -j | jq .btf_id", folder_));
  const std::string ours =
      skep("btf list -j | jq -c 'select(.id == " + id.substr(0, id.size() - 1) +
           ") | [.size, (.prog_ids|sort), (.map_ids|sort), .kernel]'");
  const std::string theirs = scratch_.run(
      "bpftool -j btf list | jq -c '.[] | select(.id == " + id.substr(0, id.size() - 1) +
      ") | [.size, (.prog_ids|sort), (.map_ids|sort), .kernel]'");
  EXPECT_EQ(ours, theirs);
}

// Written by one, read by the other, both ways.
TEST_F(Look, ElementsAreReadAndWrittenAsBpftoolDoes) {
  needs_bpftool();
  if (IsSkipped()) return;
  for (const MapKind kind :
       {MapKind::hash, MapKind::percpu_hash, MapKind::array, MapKind::percpu_array}) {
    const s64 raw = kernel_test::create_map(platform::kernel_number(kind), 4, 4, 3);
    ASSERT_GE(raw, 0);
    const Fd map = Fd::adopt(static_cast<int>(raw));
    const u32 id = id_of(map, Kind::map).value();
    const auto skep = [&](const std::string& words) {
      return output_of(format("{} map {}", kSkep, words));
    };
    const auto bpftool = [&](const std::string& words) {
      return output_of(format("bpftool -j map {}", words));
    };
    skep(format("update id {} key 1 0 0 0 value hex 05 06 07 08", id));
    bpftool(format("update id {} key 2 0 0 0 value 9 0 0 0", id));
    EXPECT_EQ(skep(format("dump id {} -j | jq -c .", id)),
              bpftool(format("dump id {} | jq -c ", id) +
                      "'.[] | {key, value, values} | with_entries(select(.value))'"));
    EXPECT_EQ(skep(format("lookup id {} key 1 0 0 0 -j", id)),
              bpftool(format("lookup id {} key 1 0 0 0", id)));
    EXPECT_EQ(skep(format("getnext id {} -j", id)), bpftool(format("getnext id {}", id)));
    EXPECT_EQ(exit_of(format("{} map update id {} key 1 value 7 noexist", kSkep, id)), 2);
    EXPECT_EQ(exit_of(format("{} map lookup id {} key 9 9", kSkep, id)), 2);
    EXPECT_EQ(exit_of(format("{} map lookup id {} key 9 9 9 9", kSkep, id)), 5);
    if (kind == MapKind::hash) {
      skep(format("delete id {} key 1", id));
      EXPECT_EQ(exit_of(format("{} map lookup id {} key 1", kSkep, id)), 5);
      EXPECT_EQ(exit_of(format("{} map delete id {} key 1", kSkep, id)), 5);
    }
  }
}

TEST_F(Look, TopCountsEveryRun) {
  Trials trials;
  const Answer filter = trials.load({.type = ProgramType::socket_filter, .name = "look_top"});
  ASSERT_TRUE(filter.fd);
  const u32 id = id_of(*filter.fd, Kind::program).value();
  const test::Scratch scratch;
  const std::string line =
      format("{} prog top -d 3s --interval 1500ms -j >{}", kSkep, scratch.path("top"));
  FILE* running = ::popen(line.c_str(), "r");
  ASSERT_NE(running, nullptr);
  ::usleep(700'000);
  constexpr u32 kRuns = 12'345;
  std::vector<u8> packet(64);
  platform::TestRun run{};
  run.program_fd = static_cast<u32>(filter.fd->get());
  run.data_in = platform::address_of(packet.data());
  run.data_size_in = static_cast<u32>(packet.size());
  for (u32 each = 0; each < kRuns; ++each) ASSERT_GE(bpf(Command::test_run, run), 0);
  EXPECT_EQ(::pclose(running), 0);
  const std::string counted =
      scratch.run(format("jq -s '[.[].programs[] | select(.id == {}) | .run_cnt] | add' top", id));
  EXPECT_EQ(counted, std::to_string(kRuns) + "\n");
  EXPECT_EQ(scratch.run(format("jq -r 'select(.programs[].id == {}) | .programs[] | select(.id == "
                               "{}) | .name' top | sort -u",
                               id, id)),
            "look_top\n");
}

// bpftool's "yes" is a program that the kernel loaded or a map that it made, so ours is yes too.
// Its "no" of types that need a target (tracing, lsm, ext, struct_ops) is none: it gives them none.
TEST_F(Look, FeaturesThatBpftoolFindsAreFound) {
  needs_bpftool();
  if (IsSkipped()) return;
  const test::Scratch scratch;
  scratch.run("(bpftool -j feature probe kernel >theirs.json)");
  scratch.run("(" + kSkep + " feature --no-cache -j >ours.json)");
  const std::string missing = scratch.run(
      "jq -rn --slurpfile t theirs.json --slurpfile o ours.json '"
      "[$o[] | select(.available == true) | \"have_\" + .name + (if .section == \"program_types\" "
      "then \"_prog_type\" else \"_map_type\" end)] as $ours | "
      "($t[0].program_types + $t[0].map_types) | to_entries[] | select(.value) | .key | "
      "select(IN($ours[]) | not)'");
  EXPECT_EQ(missing, "");
  // What bpftool says no to is none: it knows an older sentence of the verifier than kernels
  // from 6.9 on write, and says yes to the rest. It leaves out trace_printk, and knows no
  // cgrp_storage.
  const std::string different = scratch.run(
      "jq -rn --slurpfile t theirs.json --slurpfile o ours.json '"
      "$t[0].helpers | to_entries[] | select(.value | length > 0) | (.key | "
      "sub(\"_available_helpers\"; \"\")) as $type | "
      "([$o[] | select(.section == \"helpers\" and .program_type == $type and .available) | "
      "\"bpf_\" + .name] | "
      "map(select(test(\"trace_v?printk|cgrp_storage\") | not))) as $ours | "
      "select($ours - .value | length > 0) | \"\\($type): only skep \\($ours - .value)\"'");
  EXPECT_EQ(different, "");
  // net/core/filter.c, kernel/trace/bpf_trace.c: who may call what, of kernels since 4.18.
  const auto may_call = [&](const std::string& type, const std::string& helper) {
    return scratch.run("jq -c 'select(.section == \"helpers\" and .program_type == \"" + type +
                       "\" and .name == \"" + helper + "\") | .available' ours.json");
  };
  EXPECT_EQ(may_call("xdp", "xdp_adjust_head"), "true\n");
  EXPECT_EQ(may_call("xdp", "skb_store_bytes"), "false\n");
  EXPECT_EQ(may_call("sched_cls", "skb_store_bytes"), "true\n");
  EXPECT_EQ(may_call("socket_filter", "skb_store_bytes"), "false\n");
  EXPECT_EQ(may_call("socket_filter", "skb_load_bytes"), "true\n");
  EXPECT_EQ(may_call("kprobe", "get_current_pid_tgid"), "true\n");
  EXPECT_EQ(may_call("kprobe", "xdp_adjust_head"), "false\n");
  EXPECT_EQ(may_call("tracing", "seq_write"), "false\n");  // of iterators only; tried as tp_btf
  EXPECT_EQ(may_call("syscall", "sys_bpf"), "true\n");
  const std::string compared =
      scratch.run("jq '[.helpers[] | select(length > 0)] | length' theirs.json");
  std::printf("helpers compared of %s program types\n", std::string(trimmed(compared)).c_str());
  EXPECT_GE(std::stoi(compared), 20);
  // tp_btf and iterators load here, whatever bpftool says of tracing.
  EXPECT_EQ(scratch.run("jq -c 'select(.section == \"program_types\" and .name == \"tracing\") | "
                        ".available' ours.json"),
            "true\n");
  EXPECT_EQ(
      scratch.run(
          "jq -r 'select(.available == false and (.reason // \"\") == \"\") | .name' ours.json"),
      "");
}

TEST(Features, ReleasesAreCompared) {
  EXPECT_TRUE(is_before("6.1.0-56-amd64", "6.4"));
  EXPECT_FALSE(is_before("6.18.44-fc", "6.4"));
  EXPECT_FALSE(is_before("6.4.0", "6.4"));
  EXPECT_TRUE(is_before("5.19", "6.0"));
  EXPECT_FALSE(is_before("6.1", ""));
}

std::vector<Feature> some_features() {
  Feature yes;
  yes.section = Section::map_types;
  yes.name = "hash";
  yes.there = There::yes;
  yes.since = "3.19";
  Feature no = yes;
  no.name = "rhash";
  no.there = There::no;
  no.reason = "a\ttab and\na line";
  return {yes, no};
}

TEST(FeatureCache, IsBelievedOnlyWhenItIsThisUsersAndOfThisBoot) {
  const test::Scratch scratch;
  ASSERT_EQ(::chmod(scratch.path("").c_str(), 0700), 0);
  const std::string path = scratch.path("features");
  EXPECT_FALSE(read_feature_cache(path));
  write_feature_cache(path, some_features());
  const auto kept = read_feature_cache(path);
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ((*kept)[0].name, "hash");
  EXPECT_EQ((*kept)[1].there, There::no);
  EXPECT_EQ((*kept)[1].reason, "a tab and a line");
  const std::string text = scratch.read("features");
  scratch.write("features", "skep features 1 another boot\n" + text.substr(text.find('\n') + 1));
  EXPECT_FALSE(read_feature_cache(path));
  scratch.write("features", text.substr(0, text.size() - 5));  // cut
  EXPECT_FALSE(read_feature_cache(path));
  scratch.write("features", text);
  ASSERT_TRUE(read_feature_cache(path));
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);  // anybody may have written it
  EXPECT_FALSE(read_feature_cache(path));
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  ASSERT_TRUE(read_feature_cache(path));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    EXPECT_FALSE(read_feature_cache(path));
  }
}

TEST_F(Look, NobodyGetsTheTableOfWhatIsPossible) {
  const std::string nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  if (exit_of(nobody + kSkep + " version") != 0)
    GTEST_SKIP() << "nobody may not run the skep of this build";
  const test::Scratch scratch;
  const std::string names =
      scratch.run(nobody + kSkep +
                  " feature -j 2>note.txt | jq -r 'select(.section == \"program_types\") | .name'");
  EXPECT_NE(names.find("xdp\n"), std::string::npos);
  EXPECT_NE(scratch.read("note.txt").find("CAP_BPF is missing"), std::string::npos);
  EXPECT_EQ(exit_of(nobody + kSkep + " prog list"), 3);
}

TEST_F(Look, TracelogShowsWhatAProgramPrinted) {
  if (mounts_of("tracefs").empty() && mounts_of("debugfs").empty())
    GTEST_SKIP() << "tracefs is not mounted";
  const std::string marker = "look" + std::to_string(::getpid());
  // r1 = "lookNNN", trace_printk(r1, 16)
  char text[16] = {};
  std::memcpy(text, marker.data(), std::min<std::size_t>(marker.size(), 15));
  u64 words[2];
  std::memcpy(words, text, sizeof(words));
  std::vector<isa::Slot> code;
  for (int at = 0; at < 2; ++at) {
    code.push_back({isa::kWideOpcode, 1, 0, static_cast<s32>(words[at])});
    code.push_back({0, 0, 0, static_cast<s32>(words[at] >> 32)});
    code.push_back({0x7b, 0x1a, static_cast<s16>(-16 + 8 * at), 0});
  }
  for (const isa::Slot slot : {isa::Slot{0xbf, 0xa1, 0, 0},
                               {0x07, 1, 0, -16},
                               {0xb7, 2, 0, 16},
                               {isa::kCallOpcode, 0, 0, 6},
                               {0xb7, 0, 0, 0},
                               {0x95, 0, 0, 0}}) {
    code.push_back(slot);
  }
  Trials trials;
  const Answer printer =
      trials.load({.type = ProgramType::syscall, .code = code, .wants_log = true});
  ASSERT_TRUE(printer.fd) << printer.log;
  const test::Scratch scratch;
  const auto follow = [&](const std::string& flags) {
    FILE* running = ::popen(
        format("{} tracelog -d 1500ms -j {} >{}", kSkep, flags, scratch.path("log")).c_str(), "r");
    ::usleep(700'000);
    platform::TestRun run{};
    run.program_fd = static_cast<u32>(printer.fd->get());
    EXPECT_GE(bpf(Command::test_run, run), 0);
    EXPECT_EQ(::pclose(running), 0);
    return scratch.run(format("jq -c 'select(.line == \"{}\") | [.pid, .type]' log", marker));
  };
  EXPECT_EQ(follow(""), format("[{},\"trace\"]\n", ::getpid()));
  EXPECT_EQ(follow(format("-p {}", ::getpid())), format("[{},\"trace\"]\n", ::getpid()));
  EXPECT_EQ(follow("-p 1"), "");
}

TEST_F(Look, ProgramsThatAreNotThereAreFoundNothing) {
  EXPECT_EQ(exit_of(kSkep + " prog show id 2147483647"), 5);
  EXPECT_EQ(exit_of(kSkep + " prog show id 0"), 2);
  EXPECT_EQ(exit_of(kSkep + " prog show colour red"), 2);
  EXPECT_EQ(exit_of(kSkep + " map show tag 3b185187f1855c4c"), 2);
  EXPECT_EQ(exit_of(kSkep + " prog dump xlated id 2147483647"), 2);
  EXPECT_EQ(exit_of(kSkep + " prog dump nothing id 1"), 2);
  EXPECT_EQ(exit_of(kSkep + " prog list --engine user"), 5);
  EXPECT_EQ(exit_of(kSkep + " map list --engine user"), 5);
}

}  // namespace
}  // namespace skep::kernel
