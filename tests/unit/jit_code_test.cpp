// Where machine code lives and what it is called: pages that are never writable and executable,
// names for gdb and perf, and the table from BPF instructions to machine code.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "jit/code_pages.hpp"
#include "jit/compile.hpp"
#include "jit/symbols.hpp"

struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  skep::u64 symfile_size;
};
struct jit_descriptor {
  skep::u32 version;
  skep::u32 action_flag;
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};
extern "C" jit_descriptor __jit_debug_descriptor;

namespace skep::jit {
namespace {

#if defined(__aarch64__)
constexpr u8 kReturn42[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};  // mov w0, #42; ret
constexpr std::string_view kMachineName = "AArch64";
#else
constexpr u8 kReturn42[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov eax, 42; ret
constexpr std::string_view kMachineName = "X86-64";
#endif

std::string permissions_at(u64 address) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto dash = line.find('-');
    const auto space = line.find(' ');
    const u64 begin = std::stoull(line.substr(0, dash), nullptr, 16);
    const u64 end = std::stoull(line.substr(dash + 1, space - dash - 1), nullptr, 16);
    if (address >= begin && address < end) return line.substr(space + 1, 4);
  }
  return "none";
}

TEST(CodePages, are_executable_and_not_writable_once_sealed) {
  CodePages pages = CodePages::reserve(sizeof kReturn42).value();
  EXPECT_EQ(permissions_at(pages.address()), "rw-p");
  pages.seal(kReturn42).value();
  EXPECT_EQ(permissions_at(pages.address()), "r-xp");
  EXPECT_EQ(reinterpret_cast<u64 (*)()>(pages.address())(), 42u);
}

TEST(CodePages, come_back_without_the_right_to_execute) {
  u64 address = 0;
  {
    CodePages pages = CodePages::reserve(100).value();
    pages.seal(kReturn42).value();
    address = pages.address();
  }
  EXPECT_EQ(permissions_at(address), "rw-p");
  EXPECT_EQ(CodePages::reserve(100).value().address(), address) << "the first hole is taken first";
}

TEST(CodePages, stay_in_the_range_that_calls_were_made_for) {
  const CodeRange range = CodePages::range().value();
  std::vector<CodePages> many;
  for (u32 at = 0; at < 50; ++at) {
    many.push_back(CodePages::reserve(1 + at * 1000).value());
    EXPECT_GE(many.back().address(), range.begin);
    EXPECT_LE(many.back().address() + 1 + at * 1000, range.end);
    EXPECT_GE(many.back().address(), many[at == 0 ? 0 : at - 1].address());
  }
}

TEST(CodePages, refuse_more_than_there_is) {
  const auto pages = CodePages::reserve(u64{1} << 40);
  ASSERT_FALSE(pages.ok());
  EXPECT_EQ(pages.error().fault, Fault::exhausted);
}

TEST(CodePages, are_taken_by_many_threads) {
  std::vector<std::thread> threads;
  std::array<u64, 4> sums{};
  for (u32 at = 0; at < sums.size(); ++at) {
    threads.emplace_back([&sums, at] {
      for (u32 times = 0; times < 50; ++times) {
        CodePages pages = CodePages::reserve(10).value();
        pages.seal(kReturn42).value();
        sums[at] += reinterpret_cast<u64 (*)()>(pages.address())();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (u64 sum : sums) EXPECT_EQ(sum, 50u * 42);
}

// ---- names ----

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char line[256];
  while (std::fgets(line, sizeof line, pipe) != nullptr) out += line;
  ::pclose(pipe);
  return out;
}

TEST(Symbols, are_an_elf_file_that_readelf_takes) {
  if (std::system("llvm-readelf-19 --version >/dev/null 2>&1") != 0) {
    FAIL() << "llvm-readelf-19 is not installed; it is in packages.txt";
  }
  const std::vector<Symbol> symbols = {{"bpf_prog_main", 0x10000, 0x40},
                                       {"bpf_prog_f", 0x10040, 8}};
  const std::vector<u8> file = symbol_file(symbols, 0x10000, 0x48);
  std::string path = testing::TempDir() + "skep-symbols-XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::write(fd, file.data(), file.size()), static_cast<ssize_t>(file.size()));
  ::close(fd);
  const std::string text = output_of("llvm-readelf-19 -h -S -s " + path + " 2>&1");
  ::unlink(path.c_str());
  EXPECT_NE(text.find(kMachineName), std::string::npos) << text;
  EXPECT_EQ(text.find("warning"), std::string::npos) << text;
  EXPECT_EQ(text.find("error"), std::string::npos) << text;
  EXPECT_NE(text.find("0000000000010000    64 FUNC    GLOBAL DEFAULT     1 bpf_prog_main"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("0000000000010040     8 FUNC    GLOBAL DEFAULT     1 bpf_prog_f"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(".text             NOBITS          0000000000010000"), std::string::npos)
      << text;
}

u32 registered() {
  u32 count = 0;
  for (auto* at = __jit_debug_descriptor.first_entry; at != nullptr; at = at->next_entry) ++count;
  return count;
}

Source two_functions() {
  static const isa::Code code = [] {
    isa::Code out(6);
    out[0] = {.form = isa::Form::call,
              .operation = static_cast<u8>(isa::Call::local),
              .target = isa::InstructionIndex(2)};
    out[2] = {.form = isa::Form::alu,
              .operation = static_cast<u8>(isa::Alu::mov),
              .dst = 0,
              .immediate = 5};
    out[3] = {.form = isa::Form::alu,
              .operation = static_cast<u8>(isa::Alu::mov),
              .dst = 3,
              .immediate = 7};  // nobody reads it
    out[4] = {.form = isa::Form::alu,
              .operation = static_cast<u8>(isa::Alu::add),
              .dst = 0,
              .immediate = 1};
    isa::assign_slots(out);
    return out;
  }();
  Source source;
  source.name = "entry";
  source.code = code;
  source.functions = {{.name = "entry", .begin = 0, .end = 2},
                      {.name = "helper", .begin = 2, .end = 6}};
  return source;
}

TEST(Symbols, are_registered_with_gdb_while_the_program_lives) {
  const u32 before = registered();
  {
    const auto first = Compiler::compile(two_functions(), {}, this_machine().value()).value();
    const auto second = Compiler::compile(two_functions(), {}, this_machine().value()).value();
    EXPECT_EQ(registered(), before + 2);
    EXPECT_EQ(__jit_debug_descriptor.action_flag, 1u);
    const auto& entry = *__jit_debug_descriptor.first_entry;
    EXPECT_EQ(std::string_view(entry.symfile_addr, 4),
              "\x7f"
              "ELF");
    const std::string_view bytes(entry.symfile_addr, entry.symfile_size);
    EXPECT_NE(bytes.find("bpf_prog_entry_helper"), std::string_view::npos);
  }
  EXPECT_EQ(registered(), before);
  EXPECT_EQ(__jit_debug_descriptor.action_flag, 2u);
}

TEST(Symbols, go_to_perf_only_when_asked) {
  const std::string path = format("/tmp/perf-{}.map", ::getpid());
  ::unlink(path.c_str());
  const auto quiet = Compiler::compile(two_functions(), {}, this_machine().value()).value();
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  ::setenv("SKEP_PERF_MAP", "1", 1);
  const auto named = Compiler::compile(two_functions(), {}, this_machine().value()).value();
  ::unsetenv("SKEP_PERF_MAP");
  std::ifstream map(path);
  std::string begin, size, name;
  map >> begin >> size >> name;
  EXPECT_EQ(std::stoull(begin, nullptr, 16), reinterpret_cast<u64>(named.code().data()));
  EXPECT_EQ(name, "bpf_prog_entry");
  map >> begin >> size >> name;
  EXPECT_EQ(name, "bpf_prog_entry_helper");
  ::unlink(path.c_str());
}

TEST(Compiled, knows_where_each_instruction_went) {
  const auto compiled = Compiler::compile(two_functions(), {}, this_machine().value()).value();
  EXPECT_EQ(compiled.run(nullptr, nullptr), 6u);
  const auto places = compiled.places();
  EXPECT_TRUE(std::ranges::is_sorted(places, {}, &platform::CodePlace::offset));
  std::vector<u32> instructions;
  for (const auto& place : places) instructions.push_back(place.instruction);
  EXPECT_EQ(instructions, (std::vector<u32>{0, 1, 2, 4, 5})) << "3 became part of 4";
  EXPECT_LT(places.back().offset, compiled.code().size());
}

TEST(Compiled, stays_while_a_copy_does) {
  auto first = std::make_unique<Compiled>(
      Compiler::compile(two_functions(), {}, this_machine().value()).value());
  const Compiled copy = *first;
  first.reset();
  EXPECT_EQ(copy.run(nullptr, nullptr), 6u);
}

}  // namespace
}  // namespace skep::jit
