// What is inside of loaded things: code, elements of maps, what programs cost and print; beside
// bpftool where that shows it too.
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "engines/look.hpp"
#include "kernel/inventory_owners.hpp"
#include "kernel/trials.hpp"

namespace skep::kernel {
namespace {

using platform::MapKind;
using platform::ProgramType;

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

// llvm-objdump reads the same bytes: as many instructions, and the same lengths.
TEST_F(LookAtCode, MachineCodeIsAsOthersReadIt) {
  const std::string program = format("pinned {}/progs/flows", folder_);
  const std::string text = skep("prog dump jited " + program);
  if (text.find("\tpush %rbp\n") == std::string::npos)
    GTEST_SKIP() << "libzydis4.0 is not installed: NOT CHECKED against LLVM";
  if (exit_of("command -v llvm-objdump-19 objcopy") != 0)
    GTEST_SKIP() << "llvm-objdump-19 is not installed: NOT CHECKED against LLVM";
  skep("prog dump jited " + program + " -o code.bin");
  scratch_.run(
      "objcopy -I binary -O elf64-x86-64 -B i386:x86-64 --rename-section "
      ".data=.text,alloc,load,readonly,code,contents code.bin code.o");
  // It shows a prefix of lock as an instruction of its own.
  const std::string theirs = scratch_.run(
      "llvm-objdump-19 -d code.o | awk -F'\\t' '/^ *[0-9a-f]+: / { sub(/^ *[0-9a-f]+: /, \"\", "
      "$1); "
      "sub(/ *$/, \"\", $1); printf \"%s%s\", $1, $1 == \"f0\" ? \" \" : \"\\n\" }'");
  const std::string ours = skep("prog dump jited " + program +
                                " -j | jq -r 'select(.instructions).instructions[].bytes'");
  EXPECT_EQ(ours, theirs);
  EXPECT_GT(ours.size(), 300u);
  const std::string bytes = skep("prog dump jited " + program + " opcodes");
  EXPECT_NE(bytes.find("\tpush %rbp\n\t55\n"), std::string::npos) << bytes.substr(0, 500);
  const std::string places = skep("prog dump jited " + program + " linum");
  EXPECT_NE(places.find(" line_num:"), std::string::npos) << places.substr(0, 500);
  EXPECT_EQ(exit_of(kSkep + " prog dump xlated " + program + " opcodes"), 2);
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
  const pid_t top = ::fork();
  ASSERT_GE(top, 0);
  if (top == 0) {
    if (std::freopen(scratch.path("top").c_str(), "w", stdout) == nullptr) std::_Exit(1);
    ::execl(kSkep.c_str(), "skep", "prog", "top", "--interval", "200ms", "-j", nullptr);
    std::_Exit(1);
  }
  // It counts from when it prints the first time.
  for (int wait = 0; wait < 200 && scratch.read("top").empty(); ++wait) ::usleep(50'000);
  constexpr u32 kRuns = 12'345;
  std::vector<u8> packet(64);
  platform::TestRun run{};
  run.program_fd = static_cast<u32>(filter.fd->get());
  run.data_in = platform::address_of(packet.data());
  run.data_size_in = static_cast<u32>(packet.size());
  for (u32 each = 0; each < kRuns; ++each) ASSERT_GE(bpf(Command::test_run, run), 0);
  ::usleep(500'000);
  int status = 0;
  EXPECT_EQ(::kill(top, SIGINT), 0);
  EXPECT_EQ(::waitpid(top, &status, 0), top);
  EXPECT_EQ(status, 0) << "Ctrl-C ends it, and that is no failure";
  const std::string counted =
      scratch.run(format("jq -s '[.[].programs[] | select(.id == {}) | .run_cnt] | add' top", id));
  EXPECT_EQ(counted, std::to_string(kRuns) + "\n");
  EXPECT_EQ(scratch.run(format("jq -r 'select(.programs[].id == {}) | .programs[] | select(.id == "
                               "{}) | .name' top | sort -u",
                               id, id)),
            "look_top\n");
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
