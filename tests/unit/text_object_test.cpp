// Objects that we assemble from clang's assembly, against those that clang makes itself.
#include "llvm_tools.hpp"
#include "text/text.hpp"

namespace skep::test {
namespace {

// A map with BTF, globals of each kind, a string, a static and a global subprogram, a pointer to a
// function in data, and a call into another section.
constexpr std::string_view kSource = R"(
#define SEC(name) __attribute__((section(name), used))
struct { int (*type)[1]; int (*key)[4]; int *max_entries[1]; } flows SEC(".maps");
static void *(*lookup)(void *, const void *) = (void *)1;
static int (*trace)(const char *, int, ...) = (void *)6;
const volatile int limit = 7;
int counter = 5;
static long hidden;
int zeroed[4];
int outside(int x);
static __attribute__((noinline)) int local_call(int x) { return x * 3 + outside(x); }
__attribute__((noinline)) int outside(int x) { hidden += x; return counter + x; }
SEC("xdp") int drop(int *context) {
  int key = limit;
  trace("hello \"%d\"\n", 12, key);
  int *value = lookup(&flows, &key);
  if (!value) return local_call(context[0]);
  zeroed[1] += *value;
  for (int i = 0; i < limit; i++) counter ^= context[i];
  return outside(*value);
}
SEC("tc") int pass(void *context) { return ((long)context & 1) ? local_call(4) : zeroed[2]; }
char _license[] SEC("license") = "GPL";
)";

class TextObjectAgainstClang : public LlvmTools {
 protected:
  void SetUp() override {
    LlvmTools::SetUp();
    if (IsSkipped()) return;
    if (std::system("clang-19 --version >/dev/null 2>&1") != 0) {
      GTEST_SKIP() << "clang-19 is not installed: NOT CHECKED against clang";
    }
    write("source.c", kSource);
  }

  void build(const std::string& flags) {
    run("clang-19 -target bpf -O2 " + flags + " -c source.c -o theirs.o");
    run("clang-19 -target bpf -O2 " + flags + " -S source.c -o source.s");
    const auto sections = text::assemble_object(read("source.s"));
    ASSERT_TRUE(sections.ok()) << sections.error().message;
    const auto file = text::write_elf(*sections);
    ASSERT_TRUE(file.ok()) << file.error().message;
    write("ours.o", *file);
  }

  void compare(const std::string& command) {
    EXPECT_EQ(run(command + " ours.o | tail -n +4"), run(command + " theirs.o | tail -n +4"))
        << command;
  }
};

TEST_F(TextObjectAgainstClang, InstructionsDataAndRelocationsAreTheSame) {
  for (const std::string cpu : {"v2", "v3", "v4"}) {
    build("-g -mcpu=" + cpu);
    if (HasFatalFailure()) return;
    for (const std::string section : {"xdp", "tc", ".text"}) {
      compare("llvm-objdump-19 -dr --section=" + section);
    }
    for (const std::string section :
         {".maps", ".rodata", ".data", "license", ".BTF", ".rodata.str1.1"}) {
      run("llvm-objcopy-19 -O binary --set-section-flags " + section +
          "=alloc --only-section=" + section + " ours.o ours.bin");
      run("llvm-objcopy-19 -O binary --set-section-flags " + section +
          "=alloc --only-section=" + section + " theirs.o theirs.bin");
      EXPECT_EQ(read("ours.bin"), read("theirs.bin")) << section;
      EXPECT_FALSE(read("ours.bin").empty()) << section;
    }
  }
}

TEST_F(TextObjectAgainstClang, IsAWellFormedRelocatable) {
  build("-g -mcpu=v3");
  if (HasFatalFailure()) return;
  const std::string listing = run("llvm-readelf-19 -h -S -s -r ours.o");
  EXPECT_EQ(read("err.txt"), "");
  EXPECT_NE(listing.find("EM_BPF"), std::string::npos);
  const auto has = [&](std::string_view text) { return listing.find(text) != std::string::npos; };
  EXPECT_TRUE(has("FUNC    GLOBAL DEFAULT")) << listing;
  EXPECT_TRUE(has("FUNC    LOCAL  DEFAULT")) << listing;
  EXPECT_TRUE(has("NOBITS")) << listing;
  EXPECT_TRUE(has("R_BPF_64_NODYLD32")) << listing;
}

}  // namespace
}  // namespace skep::test
