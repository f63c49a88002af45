// Which pointers that are read from a task may be acquired: our verdict beside the kernel's, for
// fields that keep the trust of their structure and one that does not, in programs that may sleep
// and in one that may not, inside of an RCU section and behind it. Where fields stand is another
// place in each kernel, so that these are no cases of tests/cases.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "kernel_programs.hpp"
#include "support/program_case.hpp"
#include "verify/verify.hpp"

namespace skep::kernel_test {
namespace {

enum class Section : u8 { none, around, before, count_ };

struct Tried {
  std::string_view type;
  std::string_view field;
  Section section;
  bool looks = false;  // compares the pointer with null
};

u32 offset_in_task(const btf::Types& types, std::string_view field) {
  const auto task = types.find("task_struct", btf::Kind::structure);
  for (const btf::Member& member : types.members(task.value_or(btf::kVoid))) {
    if (member.name == field) return member.bit_offset / 8;
  }
  return 0;
}

std::string code_of(const Tried& tried, u32 offset) {
  const std::string lock = tried.section == Section::none ? "" : "call kfunc[bpf_rcu_read_lock]\n";
  const std::string unlock = "call kfunc[bpf_rcu_read_unlock]\n";
  return lock + "call bpf_get_current_task_btf\n" + format("r6 = *(u64 *)(r0 + {})\n", offset) +
         (tried.section == Section::before ? unlock : "") +
         (tried.looks ? "if r6 == 0 goto out\n" : "") +
         "r1 = r6\ncall kfunc[bpf_task_acquire]\nif r0 == 0 goto out\n"
         "r1 = r0\ncall kfunc[bpf_task_release]\nout:\n" +
         (tried.section == Section::around ? unlock : "") +
         (tried.type == "xdp" ? "r0 = 2\nexit\n" : "r0 = 0\nexit\n");
}

TEST(TrustBesideTheKernel, IsTheSame) {
  if (const std::string why = refusal(); !why.empty()) GTEST_SKIP() << why;
  const auto types = kernel::KernelTypes().vmlinux();
  if (!types.ok()) GTEST_SKIP() << "the kernel's types are not there";
  u32 accepted = 0, rejected = 0;
  for (const std::string_view type : {"xdp", "syscall"}) {
    for (const std::string_view field : {"group_leader", "real_parent", "parent"}) {
      for (const Section section : every<Section>()) {
        for (const bool looks : {false, true}) {
          const Tried tried{type, field, section, looks};
          const std::string code = code_of(tried, offset_in_task(**types, field));
          const test::CaseFile file{
              "trust", "", {{"type", std::string(type)}, {"license", "GPL"}, {"asm", code}}};
          const auto program = test::program_of(file);
          ASSERT_TRUE(program.ok()) << program.error().what() << "\n" << code;
          const KernelVerdict theirs = kernel_verdict(**program);
          ASSERT_TRUE(theirs.asked) << theirs.log;
          const verify::Verdict ours = verify::verify(
              *program, {.rules = verify::Rules::kernel, .kernel_types = types->get()});
          EXPECT_EQ(ours.accepted(), theirs.accepted) << type << "\n" << code << theirs.log;
          ++(theirs.accepted ? accepted : rejected);
        }
      }
    }
  }
  std::cout << accepted << " accepted, " << rejected << " rejected\n";
  EXPECT_GT(accepted, 3u);
  EXPECT_GT(rejected, 3u);
}

}  // namespace
}  // namespace skep::kernel_test
