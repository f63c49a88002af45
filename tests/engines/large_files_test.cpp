// Files of hundreds of megabytes, mostly holes: one message, the right exit code, and memory and
// time that the size of the file bounds.
//
// The files are sparse, so that they cost no disk: nothing but zeros, or the object flows.bpf.o
// with one of its sections moved to the end and made large. Objects of more than 256 MiB are
// refused before they are copied, symbol tables of more than a million entries and more types than
// BTF can number before they are kept. The commands run as processes of their own, measured by
// wait4(2).
#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/text.hpp"
#include "base/types.hpp"

namespace skep {
namespace {

namespace fs = std::filesystem;

constexpr u64 kMegabyte = u64{1} << 20;
constexpr u64 kOverTheLimit = 500 * kMegabyte, kBelowTheLimit = 250 * kMegabyte;
// Of the file's size, with what a sanitizer adds; what the command takes for a small file.
constexpr u64 kTimesTheFile = 6, kBesides = 256 * kMegabyte;
constexpr double kSecondsMax = 60;

enum class Fill : u8 {
  zeros,
  ahead,  // what the section has, then zeros
  types,  // BTF with a header, a million integers and more
};

struct Large {
  std::string_view name;
  std::string_view section;  // empty: the file is zeros
  Fill fill;
  u64 bytes;
};
constexpr Large kNoElf = {"no-elf", "", Fill::zeros, kOverTheLimit};
constexpr Large kFiles[] = {
    {"btf-of-zeros", ".BTF", Fill::zeros, kOverTheLimit},
    {"btf-of-types", ".BTF", Fill::types, kOverTheLimit},
    {"text", "xdp", Fill::ahead, kOverTheLimit},
    {"symbols", ".symtab", Fill::ahead, kOverTheLimit},
    {"smaller-btf-of-types", ".BTF", Fill::types, kBelowTheLimit},
    {"smaller-text", "xdp", Fill::ahead, kBelowTheLimit},
    {"smaller-symbols", ".symtab", Fill::zeros, kBelowTheLimit},
    {"smaller-data", ".rodata", Fill::ahead, kBelowTheLimit},
};

std::string small_object() { return SKEP_SOURCE_DIR "/build/bpf/flows.bpf.o"; }
fs::path folder() { return fs::path(SKEP_BINARY_DIR) / "large"; }

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// More integers than BTF can number, behind a header that says so of the whole section.
std::string many_types(u64 bytes) {
  constexpr u32 kInteger[] = {1, 1u << 24, 4, 32};  // name, kind, size, bits
  constexpr std::string_view kStrings("\0int", 5);
  const auto room = static_cast<u32>((bytes - 24 - kStrings.size()) / 16 * 16);
  const u32 header[] = {0x0001eb9f, 24, 0, room, room, kStrings.size()};
  std::string out(reinterpret_cast<const char*>(header), sizeof header);
  for (u32 number = 0; number < (1u << 20); ++number) {
    out.append(reinterpret_cast<const char*>(kInteger), sizeof kInteger);
  }
  return out;
}

Elf64_Shdr& section_named(std::string& object, std::string_view name) {
  Elf64_Ehdr header;
  std::memcpy(&header, object.data(), sizeof header);
  auto* sections = reinterpret_cast<Elf64_Shdr*>(object.data() + header.e_shoff);
  const char* names = object.data() + sections[header.e_shstrndx].sh_offset;
  for (u32 at = 0; at < header.e_shnum; ++at) {
    if (names + sections[at].sh_name == name) return sections[at];
  }
  throw std::runtime_error(format("no section {}", name));
}

std::string path_of(const Large& large) { return (folder() / large.name).string() + ".o"; }

void make(const Large& large) {
  std::string start;
  u64 begin = 0;
  if (!large.section.empty()) {
    start = contents_of(small_object());
    Elf64_Shdr& section = section_named(start, large.section);
    const std::string old = start.substr(section.sh_offset, section.sh_size);
    section.sh_offset = begin = (start.size() + 4095) / 4096 * 4096;
    section.sh_size = large.bytes;
    start.resize(begin);
    if (large.fill == Fill::ahead) start += old;
    if (large.fill == Fill::types) start += many_types(large.bytes);
  }
  std::ofstream(path_of(large), std::ios::binary) << start;
  fs::resize_file(path_of(large), begin + large.bytes);
}

struct Ran {
  int exit = 0;
  double seconds = 0;
  u64 peak_bytes = 0;
  std::string messages;
};

Ran run(std::vector<std::string> words) {
  words.insert(words.begin(), SKEP_BINARY_DIR "/skep");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string errors = (folder() / "stderr.txt").string();
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("ASAN_OPTIONS", "quarantine_size_mb=1", 0);  // freed memory is not kept
    ::dup2(::open("/dev/null", O_WRONLY), STDOUT_FILENO);
    ::dup2(::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), took.count(),
          static_cast<u64>(usage.ru_maxrss) * 1024, contents_of(errors)};
}

class LargeFiles : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    fs::create_directories(folder());
    make(kNoElf);
    for (const Large& each : kFiles) make(each);
  }
  static void TearDownTestSuite() { fs::remove_all(folder()); }

  static const Large& named(std::string_view name) {
    for (const Large& each : kFiles) {
      if (each.name == name) return each;
    }
    return kNoElf;
  }

  // `command` with FILE for the file; `says` begins what follows "skep: FILE: ", or is empty when
  // nothing is to be said.
  static void expect(const std::string& command, std::string_view file, int exit,
                     std::string_view says) {
    const Large& large = named(file);
    std::vector<std::string> words;
    std::istringstream in(command);
    for (std::string word; in >> word;) {
      if (word == "FILE") word = path_of(large);
      if (word == "OUT") word = (folder() / "out").string();
      if (word == "OBJECT") word = small_object();
      words.push_back(word);
    }
    const Ran ran = run(words);
    const std::string what = format("skep {} of {}", command, file);
    EXPECT_EQ(ran.exit, exit) << what << ": " << ran.messages;
    const std::string expected = says.empty() ? "" : format("skep: {}: {}", path_of(large), says);
    EXPECT_TRUE(ran.messages.starts_with(expected)) << what << ": " << ran.messages;
    EXPECT_EQ(messages_in(ran.messages), says.empty() ? 0 : 1) << what << ": " << ran.messages;
    EXPECT_LE(ran.peak_bytes, kTimesTheFile * large.bytes + kBesides) << what;
    EXPECT_LE(ran.seconds, kSecondsMax) << what;
    std::cout << format("  {}: {} MB, {} ms\n", what, ran.peak_bytes / kMegabyte,
                        static_cast<u64>(ran.seconds * 1000));
  }

  static s64 messages_in(const std::string& text) {
    s64 count = 0;
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
      count += text.compare(at, 6, "skep: ") == 0 ? 1 : 0;
    }
    return count;
  }
};

TEST_F(LargeFiles, ThatAreNoElfAreRefusedByEveryCommand) {
  for (const char* command : {"dump FILE", "requires FILE", "disasm FILE", "verify FILE",
                              "link FILE -o OUT", "btf from-dwarf FILE -o OUT"}) {
    expect(command, "no-elf", 1, "not an ELF file");
  }
  expect("btf list FILE", "no-elf", 1, "magic number is 0x0");
  expect("check OBJECT --against FILE", "no-elf", 3, "");
}

TEST_F(LargeFiles, ObjectsOverTheLimitAreRefusedBeforeTheyAreCopied) {
  for (const char* file : {"btf-of-zeros", "text", "symbols"}) {
    for (const char* command : {"dump FILE", "requires FILE", "link FILE -o OUT"}) {
      expect(command, file, 1, "the file has 524");
    }
  }
}

TEST_F(LargeFiles, TypesAreReadUpToWhatBtfCanNumber) {
  expect("btf list FILE", "btf-of-zeros", 1, "magic number is 0x0");
  expect("btf list FILE", "btf-of-types", 1, "more than 1048575 types");
  expect("btf dump FILE", "btf-of-types", 1, "more than 1048575 types");
  expect("dump FILE", "smaller-btf-of-types", 1, "section .BTF: more than 1048575 types");
  expect("link FILE -o OUT", "smaller-btf-of-types", 1, "section .BTF: more than 1048575 types");
}

TEST_F(LargeFiles, SymbolsAreReadUpToAMillion) {
  expect("dump FILE", "smaller-symbols", 1, "section .symtab: 10922666 symbols, more than");
  expect("link FILE -o OUT", "smaller-symbols", 1, "section .symtab: 10922666 symbols, more than");
}

TEST_F(LargeFiles, ContentsBelowTheLimitTakeMemoryInProportion) {
  expect("dump FILE", "smaller-text", 0, "");
  expect("link FILE -o OUT", "smaller-text", 0, "");
  expect("dump FILE", "smaller-data", 0, "");
  expect("link FILE -o OUT", "smaller-data", 0, "");
  expect("btf from-dwarf FILE -o OUT", "text", 0, "");
}

}  // namespace
}  // namespace skep
