// skep run and test-run in the kernel, as they are typed: what is printed, exit codes, and that
// nothing is left.
//
// Programs are attached to what the commands of this test do, by a process number in a global
// variable. Skips, saying so, where bpf(2) is refused.
#include "engines/look.hpp"
#include "engines/user_namespace.hpp"

namespace skep::kernel {
namespace {

const std::string kTracing = SKEP_ATTACH_OBJECT;
const std::string kFlows = SKEP_SOURCE_DIR "/build/bpf/flows.bpf.o";
const std::string kBad = SKEP_SOURCE_DIR "/build/bpf/bad/array-index-off-by-one.bpf.o";
// Root without what root may do.
const std::string kPowerless = "setpriv --bounding-set=-all --inh-caps=-all ";

using KernelCli = Look;

// What several commands print.
std::string said(const std::string& commands) { return output_of("{ " + commands + "; }"); }

std::string run(const std::string& arguments) {
  return format("{} run {} --engine kernel ", kSkep, arguments);
}
std::string raw_tracepoint() {
  return run(kTracing + " --program raw_tracepoint --kconfig /dev/null");
}

// Owners are listed in the test's own folder; a command in the background is attached when it is
// there.
const std::string kOwnList = "export XDG_RUNTIME_DIR=$PWD; ";
const std::string kUntilAttached = format(
    "for i in $(seq 200); do {} link list --mine -q | grep -vq 'being attached' && break; "
    "sleep 0.05; done; ",
    kSkep);
const std::string kUntilNothingIs = format(
    "for i in $(seq 200); do {} link list --mine -q >/dev/null; test $? = 5 && break; sleep 0.05; "
    "done; ",
    kSkep);

TEST_F(KernelCli, RunCountsWhatHappensMeanwhile) {
  const std::string hits =
      said(kOwnList + raw_tracepoint() + "--set only=$$ -d 2s -q -j > out & " + kUntilAttached +
           "for i in 1 2 3 4 5 6; do cat /dev/null; done; wait; jq -r "
           "'select(.map==\".bss\").values.hits' out");
  EXPECT_GT(std::atoi(hits.c_str()), 5) << hits;
}

TEST_F(KernelCli, RunEndsWithItsCommandAndTracesItAlone) {
  EXPECT_EQ(said(run(kTracing + " --program perf_event --kconfig /dev/null") +
                 "-q -c 'echo hello' | head -1"),
            "hello\n");
  EXPECT_EQ(said(raw_tracepoint() + "-c 'sleep 0.2' 2>&1 >/dev/null"),
            "skep: attached raw_tracepoint to raw tracepoint sys_enter\n");
}

TEST_F(KernelCli, CtrlCPrintsTheResults) {
  EXPECT_EQ(said(kOwnList + raw_tracepoint() + "-q -j > out & " + kUntilAttached +
                 "kill -INT $!; wait $!; echo $?; jq -r .type out"),
            "0\nmap\nmap\nglobals\nlost\n");
}

TEST_F(KernelCli, IteratorsAreReadOnce) {
  EXPECT_EQ(exit_of("timeout 20 " + run(kTracing + " --program iterator --kconfig /dev/null")), 0);
}

TEST_F(KernelCli, WithJsonAnIteratorIsAnObjectToo) {
  EXPECT_EQ(said(run(kTracing + " --program iterator --kconfig /dev/null") +
                 "-q -j | jq -r 'select(.type==\"iterator\").program'"),
            "iterator\n");
}

// In a network namespace of its own.
TEST_F(KernelCli, TargetsOfTailCallsAreNotAttached) {
  const std::string protocols = SKEP_SOURCE_DIR "/build/bpf/protocols.bpf.o";
  EXPECT_EQ(said("unshare -n " + run(protocols + " --interface lo -d 100ms") +
                 "2>&1 >/dev/null | grep -c attached"),
            "1\n");
}

TEST_F(KernelCli, WithoutPrivilegeTheOneThatIsMissingIsNamed) {
  const std::string refused = said(kPowerless + raw_tracepoint() + "2>&1; echo $?");
  EXPECT_NE(refused.find("CAP_BPF"), std::string::npos) << refused;
  EXPECT_NE(refused.find("\n3\n"), std::string::npos) << refused;
}

TEST_F(KernelCli, AutoSaysWhichProgramCanRunWhere) {
  const std::string table = said(kPowerless + kSkep + " run " + kTracing +
                                 " --program uprobe --engine auto 2>&1; echo $?");
  EXPECT_NE(table.find("uprobe   uprobe  kernel  no: CAP_BPF and CAP_PERFMON are missing"),
            std::string::npos)
      << table;
  EXPECT_NE(table.find("uprobe   uprobe  user    no: "), std::string::npos) << table;
  EXPECT_NE(table.find("\n3\n"), std::string::npos) << table;
  EXPECT_EQ(said(kSkep + " run " + kFlows + " --engine auto -j | jq -r .error.report | head -1"),
            "program  hook  engine  possible\n");
  const std::string where = said(kSkep + " run " + kFlows + " --engine auto 2>&1; echo $?");
  EXPECT_NE(
      where.find("flows    xdp   kernel  no: the section does not say where; say --interface NAME"),
      std::string::npos)
      << where;
  EXPECT_EQ(exit_of(kSkep + " run " + kFlows +
                    " --engine auto --pcap " SKEP_SOURCE_DIR "/tests/data/web.pcap"),
            0);
}

TEST_F(KernelCli, WhatMakesNoSenseIsAUsageError) {
  EXPECT_EQ(exit_of(run(kFlows + " --pcap " SKEP_SOURCE_DIR "/tests/data/web.pcap")), 2);
  EXPECT_EQ(exit_of(raw_tracepoint() + "--attach nobody=f"), 2);
  EXPECT_EQ(exit_of(raw_tracepoint() + "-d never"), 2);
  EXPECT_EQ(exit_of(run(kFlows)), 2);  // no interface
  EXPECT_EQ(exit_of(kSkep + " test-run " + kTracing +
                    " --program raw_tracepoint --kconfig /dev/null --engine kernel --repeat 2"),
            2);
  EXPECT_EQ(exit_of(run(kFlows + " --interface lo --xdp-mode fast")), 2);
  EXPECT_EQ(exit_of(run(kTracing + " --program replacement --kconfig /dev/null")), 2);
}

TEST_F(KernelCli, BothVerifiersSayWhyAProgramIsRejected) {
  const std::string report = said(run(kBad + " --interface lo") + "2>&1; echo $?");
  EXPECT_NE(report.find("rule kernel: "), std::string::npos) << report;
  EXPECT_NE(report.find("array-index-off-by-one.bpf.c:"), std::string::npos) << report;
  EXPECT_NE(report.find("skep's own verifier rejects it too:"), std::string::npos) << report;
  EXPECT_NE(report.find("rule map-value-bounds: "), std::string::npos) << report;
  EXPECT_NE(report.find("\n4\n"), std::string::npos) << report;
}

// The kernel's log is longer than the first buffer for it: its end is what matters.
TEST_F(KernelCli, ALongLogIsReadToItsEnd) {
  const std::string bad = SKEP_SOURCE_DIR "/build/bpf/bad/long-walk-to-an-index.bpf.o";
  const std::string report = said(run(bad + " --interface lo") + "2>&1; echo $?");
  EXPECT_NE(report.find("long-walk-to-an-index.bpf.c:25: "), std::string::npos) << report;
  EXPECT_NE(report.find("invalid access to map value"), std::string::npos) << report;
  EXPECT_NE(report.find("\n4\n"), std::string::npos) << report;
}

TEST_F(KernelCli, PinnedItStaysAndIsListedAsOurs) {
  const std::string listed = said(
      "export XDG_RUNTIME_DIR=$PWD; unshare -m sh -c 'mkdir pins && mount -t bpf bpf pins && " +
      raw_tracepoint() + "-q --pin pins/mine && ls pins/mine && " + kSkep +
      " link list --mine -j | jq -r .program; " + raw_tracepoint() +
      "-q --pin pins/mine 2>&1; echo $?; ls pins/mine; rm -r pins/mine; " + kUntilNothingIs +
      kSkep + " link list --mine -q; echo $?'");
  EXPECT_NE(listed.find("raw_tracepoint\nraw_tracepoint\n"), std::string::npos) << listed;
  EXPECT_TRUE(listed.ends_with("raw_tracepoint\n5\n")) << listed;
  EXPECT_NE(listed.find("the path is taken"), std::string::npos) << listed;
  EXPECT_NE(listed.find("remove it with rm, or choose another path\n2\n"), std::string::npos)
      << listed;
}

TEST_F(KernelCli, KilledItLeavesNothing) {
  const std::string shown = kSkep + " link show id $id >/dev/null 2>&1";
  EXPECT_EQ(said(kOwnList + raw_tracepoint() + "-q & " + kUntilAttached + "id=$(" + kSkep +
                 " link list --mine -j | jq .id); test $id -gt 0; echo $?; kill -9 $!; wait $! "
                 "2>/dev/null; " +
                 kSkep + " link list --mine -q; echo $?; for i in $(seq 200); do " + shown +
                 " || break; sleep 0.05; done; " + shown + "; echo $?"),
            "0\n5\n5\n");
}

// Both verdicts are said, and what the load had pinned before is gone.
TEST_F(KernelCli, WhatOnlyTheKernelRejectsIsSaidAndLeavesNothingPinned) {
  const std::string object = SKEP_SOURCE_DIR "/build/bpf/cli/modulo.bpf.o";
  ASSERT_EQ(exit_of(kSkep + " verify " + object), 0);
  const std::string report = said("unshare -mn sh -c 'mkdir pins && mount -t bpf bpf pins && " +
                                  run(object + " --interface lo --pin-maps pins") +
                                  "-d 100ms 2>&1; echo $?; ls pins | sed /debug/d'");
  if (report.find("attached program") != std::string::npos)
    GTEST_SKIP() << "this kernel's verifier learns from a modulo, and accepts it too";
  EXPECT_NE(report.find("rule kernel: "), std::string::npos) << report;
  EXPECT_NE(report.find("modulo.bpf.c:21: "), std::string::npos) << report;
  EXPECT_NE(report.find("skep's own verifier accepts this program"), std::string::npos) << report;
  EXPECT_TRUE(report.ends_with("\n4\n")) << report;
}

// Nothing is made where one of the paths is taken.
TEST_F(KernelCli, APathThatIsTakenLeavesTheOthersFree) {
  const std::string left = said(
      "export XDG_RUNTIME_DIR=$PWD; unshare -mn sh -c 'mkdir pins && mount -t bpf bpf pins && " +
      run(kFlows + " --interface lo --pin pins/mine") + "-q && cd pins/mine && " +
      "for each in *; do test $each = map_sizes || rm $each; done; cd ../..; " +
      run(kFlows + " --interface lo --pin pins/mine") + "2>&1; echo $?; ls pins/mine'");
  EXPECT_NE(left.find("pins/mine/map_sizes: the path is taken"), std::string::npos) << left;
  EXPECT_TRUE(left.ends_with("\n2\nmap_sizes\n")) << left;
}

// A container's user, with what an administrator delegated to it.
TEST_F(KernelCli, InAUserNamespaceATokenLoads) {
  if (!kernel_test::can_delegate()) GTEST_SKIP() << "this kernel has no tokens";
  const auto typed = [](const std::string& words) {
    return kernel_test::in_user_namespace(kernel_test::kEverything, [&](const std::string& folder) {
      return said(kSkep + " test-run " SKEP_TOKEN_OBJECT " --engine kernel " + words +
                  (words.empty() ? "" : folder) + " 2>&1; echo $?");
    });
  };
  const std::string ran = typed("--token ");
  EXPECT_NE(ran.find("return value 46, "), std::string::npos) << ran;
  EXPECT_TRUE(ran.ends_with("\n0\n")) << ran;
  const std::string refused = typed("");
  EXPECT_NE(refused.find("bpf(2) takes only with a token: --token FOLDER"), std::string::npos)
      << refused;
  EXPECT_TRUE(refused.ends_with("\n3\n")) << refused;
}

TEST_F(KernelCli, TestRunGivesWhatUserSpaceGives) {
  const std::string test = kSkep + " test-run " + kFlows + " -j --engine ";
  const std::string both = said(test + "kernel | jq -c '[.engine,.retval,.data_out_bytes]'; " +
                                test + "user | jq -c '[.engine,.retval,.data_out_bytes]'");
  EXPECT_EQ(both, "[\"kernel\",2,60]\n[\"user\",2,60]\n");
  EXPECT_EQ(exit_of(kSkep + " test-run " + kTracing +
                    " --program perf_event --kconfig /dev/null --engine kernel"),
            3);
}

}  // namespace
}  // namespace skep::kernel
