// What the kernel allows: beside bpftool, whose yes is a program that was loaded or a map that was
// made; and where answers are kept.
#include <sys/stat.h>
#include <unistd.h>

#include "engines/look.hpp"
#include "kernel/feature_cache.hpp"

namespace skep::kernel {
namespace {

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
  if (::chown(path.c_str(), 65534, 65534) == 0) {  // takes CAP_CHOWN
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
}  // namespace
}  // namespace skep::kernel
