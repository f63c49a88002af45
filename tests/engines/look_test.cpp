// What skep says of loaded things beside what Debian's bpftool says of the same ones: ids, types,
// names, tags, sizes, contents.
//
// The test loads what this kernel takes of every program type and map kind, and links of its own
// (on its own process and cgroup-less hooks only), and compares field by field by jq: whatever
// bpftool has, skep must have and the same. skep may say more. Where bpf(2) is refused or bpftool
// is missing, it skips.
#include "engines/look.hpp"

#include <linux/perf_event.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "kernel/inventory.hpp"
#include "kernel/inventory_owners.hpp"
#include "kernel/trials.hpp"

namespace skep::kernel {
namespace {

using platform::AttachType;
using platform::MapKind;
using platform::ProgramType;

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
}  // namespace
}  // namespace skep::kernel
