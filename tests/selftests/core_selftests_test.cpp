// The kernel's CO-RE tests: each program is relocated by us and by libbpf, which must give the same
// instructions, and ours is run by the kernel, which must give what the kernel's table says.
//
// Cases of the table that must fail must be refused by us, or leave an instruction that must not be
// reached, which the kernel then refuses. Beside the table, every program is relocated against
// every set of types, also of other tests (of instruction set v2: only of its own), and against the
// running kernel's: most of that is nonsense on which both loaders have to agree. Where they
// differ, kReasons says why.
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "engines/kernel_programs.hpp"
#include "selftests/core_cases.h"
#include "support/libbpf_peer.hpp"

namespace skep {
namespace {

namespace fs = std::filesystem;
using object::Object;

constexpr const char* kKernelTypes = "/sys/kernel/btf/vmlinux";
constexpr const char* kVersions[] = {"v2", "v3"};

struct Case {
  std::string name, object, types, program, input, output;
  bool fails = false;
  bool needs_module = false;
};

std::vector<Case> read_cases() {
  fs::current_path(fs::path(SKEP_CORE_SELFTESTS) / "v3");
  const auto text = [](const char* word) { return std::string(word == nullptr ? "" : word); };
  const auto bytes = [](const char* data, size_t size) {
    return data == nullptr ? std::string() : std::string(data, size);
  };
  std::vector<Case> cases;
  core_case one{};
  for (std::size_t number = 0; core_case_at(number, &one); ++number) {
    cases.push_back({text(one.name), text(one.object), text(one.types), text(one.program),
                     bytes(one.input, one.input_size), bytes(one.output, one.output_size),
                     one.fails, one.needs_module});
  }
  return cases;
}

const std::vector<Case>& all_cases() {
  static const std::vector<Case> cases = read_cases();
  return cases;
}

std::string path_of(const char* version, const std::string& file) {
  return std::string(SKEP_CORE_SELFTESTS) + "/" + version + "/" + file;
}

// Opened once.
const btf::Targets& targets_of(const std::string& types) {
  static std::map<std::string, btf::Targets> all;
  btf::Targets& targets = all[types];
  if (targets.empty()) targets.open(types).value();
  return targets;
}

Result<std::shared_ptr<const platform::Program>> relocated(const Object& object,
                                                           const std::string& program,
                                                           const std::string& types) {
  return object.program(program, {.targets = &targets_of(types)});
}

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += format("{}{:x}", static_cast<u8>(byte) < 16 ? "0" : "", static_cast<u8>(byte));
  }
  return text;
}

// What a raw tracepoint program leaves in its global variable `data`, whose first half is `input`.
class KernelRun {
 public:
  KernelRun(const Object& object, const platform::Program& program, const std::string& input) {
    const object::Global data = object.global("data").value();
    for (const platform::MapSpec& spec : *program.maps) {
      platform::MapSpec filled = spec;
      if (maps_.size() == data.map) put_input(filled.initial, data, input);
      const s64 fd = kernel_test::create_map(filled);
      if (fd < 0) {
        problem = format("map {}: {}", spec.name, std::strerror(static_cast<int>(-fd)));
        return;
      }
      maps_.push_back(Fd::adopt(static_cast<int>(fd)));
    }
    run(program);
    if (problem.empty()) take_output(program, data);
  }

  std::string output;
  std::string problem;

 private:
  static constexpr std::size_t kHalf = 256;      // sizes of data.in and data.out
  static constexpr std::size_t kThreadAt = 520;  // data.my_pid_tgid

  static void put_input(std::vector<std::byte>& value, const object::Global& data,
                        const std::string& input) {
    std::memcpy(value.data() + data.offset, input.data(), std::min(input.size(), kHalf));
    const u64 thread = u64{static_cast<u32>(::getpid())} << 32 | static_cast<u32>(::gettid());
    if (data.size >= kThreadAt + sizeof(thread)) {
      std::memcpy(value.data() + data.offset + kThreadAt, &thread, sizeof(thread));
    }
  }

  void run(const platform::Program& program) {
    const auto slots = isa::encode(kernel_test::with_descriptors(program.code, maps_)).value();
    std::vector<char> log(1 << 20);
    bpf_attr load = kernel_test::no_attributes();
    load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
    load.insns = reinterpret_cast<u64>(slots.data());
    load.insn_cnt = static_cast<u32>(slots.size());
    load.license = reinterpret_cast<u64>("GPL");
    load.log_buf = reinterpret_cast<u64>(log.data());
    load.log_size = static_cast<u32>(log.size());
    load.log_level = 1;
    const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, load);
    if (fd < 0) {
      problem = format("not loaded: {}", log.data());
      return;
    }
    const Fd loaded = Fd::adopt(static_cast<int>(fd));
    u64 context[2] = {};
    bpf_attr test = kernel_test::no_attributes();
    test.test.prog_fd = static_cast<u32>(fd);
    test.test.ctx_in = reinterpret_cast<u64>(context);
    test.test.ctx_size_in = sizeof(context);
    if (const s64 error = kernel_test::bpf(BPF_PROG_TEST_RUN, test); error < 0) {
      problem = format("not run: {}", std::strerror(static_cast<int>(-error)));
    }
  }

  void take_output(const platform::Program& program, const object::Global& data) {
    std::string value((*program.maps)[data.map].value_size, '\0');
    const u32 key = 0;
    bpf_attr look = kernel_test::no_attributes();
    look.map_fd = static_cast<u32>(maps_[data.map].get());
    look.key = reinterpret_cast<u64>(&key);
    look.value = reinterpret_cast<u64>(value.data());
    if (kernel_test::bpf(BPF_MAP_LOOKUP_ELEM, look) < 0) problem = "data was not read";
    output = value.substr(data.offset + kHalf, kHalf);
  }

  std::vector<Fd> maps_;
};

class CoreSelftest : public testing::TestWithParam<const char*> {};

TEST_P(CoreSelftest, GivesWhatTheKernelsTableSays) {
  const std::string refused = kernel_test::refusal();
  ::prctl(PR_SET_NAME, "test_progs");  // the case `kernel` reads the name of its process
  u32 run = 0, failing = 0, not_raw = 0, left_out = 0;
  for (const Case& one : all_cases()) {
    SCOPED_TRACE(one.name);
    ASSERT_FALSE(one.name.empty()) << "its setup failed";
    if (one.needs_module || (one.types.empty() && ::access(kKernelTypes, R_OK) != 0)) {
      ++left_out;
      continue;
    }
    const auto object = Object::open(path_of(GetParam(), one.object)).value();
    const auto program = relocated(
        object, one.program, one.types.empty() ? kKernelTypes : path_of(GetParam(), one.types));
    if (one.fails) {
      ++failing;
      EXPECT_TRUE(!program.ok() || !(*program)->unresolved.empty());
    } else if (program.ok()) {
      EXPECT_TRUE((*program)->section.starts_with("raw_tracepoint/") ||
                  (*program)->section.starts_with("tp_btf/"));
    }
    if (!program.ok() && !one.fails) ADD_FAILURE() << program.error().what();
    if (!program.ok() || !refused.empty()) continue;
    if (!(*program)->section.starts_with("raw_tracepoint/")) {
      ++not_raw;
      continue;
    }
    const KernelRun ran(object, **program, one.input);
    if (one.fails) {
      EXPECT_NE(ran.problem.find("195896080"), std::string::npos) << ran.problem;
      continue;
    }
    EXPECT_EQ(ran.problem, "");
    EXPECT_EQ(hexadecimal(ran.output.substr(0, one.output.size())), hexadecimal(one.output));
    ++run;
  }
  std::cout << format(
      "{} cases: {} run by the kernel with the output of the table, {} must fail "
      "and do, {} cannot be run as raw tracepoint, {} left out for want of a "
      "module or of the kernel's types\n",
      all_cases().size(), run, failing, not_raw, left_out);
  if (!refused.empty()) GTEST_SKIP() << refused;
  EXPECT_GT(run, 40u);
}

INSTANTIATE_TEST_SUITE_P(Table, CoreSelftest, testing::ValuesIn(kVersions));

struct Count {
  u32 pairs = 0, programs = 0, relocations = 0, instructions = 0, refused_by_both = 0, reasons = 0;
};

std::vector<std::string> files_of(const char* version, std::string_view prefix) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path_of(version, ""))) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".o")) files.push_back(name);
  }
  std::ranges::sort(files);
  return files;
}

// Where libbpf 1.1 and we differ, by words of ours.
constexpr std::string_view kReasons[] = {
    "needs the kernel configuration",  // libbpf reads it, we do not yet
};

bool is_explained(const std::string& ours) {
  return std::ranges::any_of(kReasons, [&](std::string_view each) { return ours.contains(each); });
}

void compare(const Object& object, const std::string& path, const std::string& types,
             const std::string& program, Count& count) {
  std::string log;
  const peer::PeerObject theirs = peer::load(path, types, program, log);
  const auto ours = relocated(object, program, types);
  if (!ours.ok() || theirs == nullptr) {
    const std::string text = ours.ok() ? "accepted" : ours.error().what();
    if (!ours.ok() && theirs == nullptr) {
      ++count.refused_by_both;
    } else if (is_explained(text)) {
      ++count.reasons;
    } else {
      ADD_FAILURE() << program << " against " << types << "\nours: " << text
                    << "\nlibbpf: " << (theirs == nullptr ? log : "accepted");
    }
    return;
  }
  const auto expected = peer::instructions(theirs.get(), program, object.maps());
  const auto slots = isa::encode((*ours)->code).value();
  ASSERT_EQ(slots.size(), expected.size()) << program << " against " << types;
  for (std::size_t at = 0; at < slots.size(); ++at) {
    EXPECT_EQ(slots[at], expected[at]) << program << " slot " << at << " against " << types;
  }
  count.relocations +=
      static_cast<u32>(object.core_uses(program, &targets_of(types)).value().size());
  count.instructions += static_cast<u32>(slots.size());
  ++count.programs;
}

// "test_core_reloc_size.bpf.o": all types, or "btf__core_reloc_size...".
std::vector<std::string> types_for(const char* version, const std::string& program) {
  const std::string stem = program.substr(5, program.find('.') - 5);
  std::vector<std::string> types =
      files_of(version, version == kVersions[0] ? "btf__" + stem : std::string("btf__core_"));
  for (std::string& each : types) each = path_of(version, each);
  if (::access(kKernelTypes, R_OK) == 0) types.push_back(kKernelTypes);
  return types;
}

TEST(CoreBesideLibbpf, GivesTheSameInstructions) {
  Count count;
  for (const char* version : kVersions) {
    for (const std::string& file : files_of(version, "test_core_")) {
      const std::string path = path_of(version, file);
      const auto object = Object::open(path);
      if (!object.ok()) {
        std::cout << format("left out: {}\n", object.error().what());
        continue;
      }
      for (const std::string& each : types_for(version, file)) {
        ++count.pairs;
        for (const object::ProgramEntry& entry : object->programs()) {
          compare(*object, path, each, entry.name, count);
        }
      }
    }
  }
  std::cout << format(
      "{} pairs of object and types: {} programs with {} relocations gave the same {} "
      "instructions, {} were refused by both, {} differ for a reason\n",
      count.pairs, count.programs, count.relocations, count.instructions, count.refused_by_both,
      count.reasons);
  EXPECT_GT(count.programs, 1000u);
}

}  // namespace
}  // namespace skep
