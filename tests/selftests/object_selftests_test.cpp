// Objects that others wrote: our verdict on each program beside the running kernel's.
//
//   test_object_selftests v2|v3|v4  the kernel's test programs and samples, compiled for that
//   test_object_selftests tools     the objects inside of Debian's libbpf-tools and xdp-tools
//   test_object_selftests own       those of tests/bpf/verdicts, whose names say what Linux thinks
//
// Prints a table; differences_VERSION.tsv has the known differences. The programs are compiled with
// the running kernel's types, so that another kernel is another corpus: there the list is not
// compared.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "base/text.hpp"
#include "selftests/check_list.hpp"
#include "selftests/object_verdicts.hpp"
#include "unit/corpus.hpp"

namespace skep::selftests {
namespace {

constexpr const char* kTypes = "/sys/kernel/btf/vmlinux";
constexpr std::string_view kTools = "tools";
constexpr std::string_view kOwn = "own";
std::string corpus = "v3";  // the argument

std::vector<object::CorpusObject> objects() {
  if (corpus == kOwn) return object::objects_of_folder(SKEP_OWN_SELFTESTS);
  if (corpus != kTools) return object::objects_of_folder(SKEP_PROGRAM_SELFTESTS "/" + corpus);
  auto out = object::objects_of_folder("/usr/lib/x86_64-linux-gnu/bpf");  // xdp-tools
  for (const auto& file : object::files_of_package("libbpf-tools"))
    std::ranges::move(object::objects_inside(file), std::back_inserter(out));
  return out;
}

void print_failed() {
  if (corpus == kTools || corpus == kOwn) return;
  u32 failed = 0;
  std::string names;
  for (const auto& each :
       std::filesystem::directory_iterator(SKEP_PROGRAM_SELFTESTS "/" + corpus)) {
    if (each.path().extension() != ".failed") continue;
    ++failed;
    names += " " + each.path().stem().string();
  }
  std::cout << format("  {} sources do not compile with this kernel's types:{}\n", failed, names);
}

// "locks.bpf.o: good_taken": accepted, by us and, where it was asked, by the kernel.
void compare_with_name(const Comparison& one) {
  const bool is_good = one.name.find(": good_") != std::string::npos;
  ASSERT_TRUE(is_good || one.name.find(": bad_") != std::string::npos) << one.name;
  const Said said = is_good ? Said::accepted : Said::rejected;
  EXPECT_EQ(one.ours, said) << one.name << ": " << one.property << ": " << one.message;
  if (one.is_comparable()) EXPECT_EQ(one.kernel, said) << one.name << ": " << one.kernel_message;
}

TEST(ObjectSelftests, VerdictsAreTheKernelsButForTheList) {
  const std::string refused = kernel_test::refusal();
  btf::Targets targets;
  if (::access(kTypes, R_OK) != 0)
    GTEST_SKIP() << kTypes << " cannot be read: the programs are compiled with its types";
  ASSERT_TRUE(targets.open(kTypes).ok());
  ObjectVerdicts verdicts;
  for (const object::CorpusObject& each : objects())
    compare_object({each.name, targets, refused.empty()}, Bytes(each.bytes), verdicts);
  std::cout << summary("programs of " + corpus, verdicts.all);
  print_failed();
  for (const auto& [why, count] : verdicts.not_comparable)
    std::cout << format("  not comparable: {} because {}\n", count, why);
  if (corpus == kOwn) {
    ASSERT_FALSE(verdicts.all.empty());
    for (const Comparison& one : verdicts.all) compare_with_name(one);
    return;
  }
  if (verdicts.all.empty()) GTEST_SKIP() << "there are no objects: is the package installed?";
  const std::string list = SKEP_SOURCE_DIR "/tests/selftests/differences_" + corpus + ".tsv";
  if (!std::filesystem::exists(list) && std::getenv("UPDATE") == nullptr)
    GTEST_SKIP() << "there is no " << list << ": only the table is printed; UPDATE=1 writes it";
  if (const std::string why = check_list(list, verdicts.all, Elsewhere::nothing); !why.empty())
    GTEST_SKIP() << why;
}

}  // namespace
}  // namespace skep::selftests

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) skep::selftests::corpus = argv[1];
  return RUN_ALL_TESTS();
}
