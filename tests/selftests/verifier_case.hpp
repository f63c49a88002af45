// The kernel's array-style tests of its verifier as values: what verifier_cases.c wrote, read back.
//
// A Case is what test_verifier.c would have given to bpf(2), with numbers of maps and names of
// functions where descriptors and ids would stand, and what it expects. program_of() makes of it
// what our verifier takes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isa/instruction.hpp"
#include "platform/program.hpp"

namespace skep::selftests {

using ByteString = std::vector<std::byte>;

struct CaseMap {
  platform::MapSpec spec;
  std::optional<u32> inner;  // number of the map that its maps look like
  std::optional<u32> types;  // number of its BTF in Case::types
};

// An immediate that is a map or, when `function` is set, a kernel function.
struct CaseUse {
  u32 slot = 0;
  u32 map = 0;
  std::string function{};
};

// One that a program array of the case holds.
struct CaseProgram {
  u32 type = 0;  // number of bpf(2)
  std::vector<isa::Slot> slots;
  std::vector<CaseUse> uses;
};

struct CaseElement {
  u32 map = 0;
  ByteString key;
  ByteString value;
  std::optional<u32> program;  // of a program array: number in Case::programs
};

struct CaseRun {
  u32 result = 0;
  u32 result_unprivileged = 0;  // 0: the same
  ByteString packet;
};

enum class Expected : u8 { none, accepted, rejected };

struct Case {
  std::string name;  // "file.c: description", each once
  u32 attach_type = 0;
  u32 flags = 0;  // prog_flags of bpf(2)
  std::string target;
  CaseProgram program;
  std::vector<ByteString> types;
  std::optional<u32> own_types;
  std::vector<std::pair<u32, u32>> functions;  // func_info: slot and type
  std::vector<CaseMap> maps;
  std::vector<CaseProgram> programs;
  std::vector<CaseElement> elements;
  Expected expected = Expected::none;
  Expected expected_unprivileged = Expected::none;  // none: the same
  // What the kernel's log has, in this order; parts are separated by "\t".
  std::string message;
  std::string message_unprivileged;
  std::vector<CaseRun> runs;
};

// A file of cases that verifier_cases wrote. It is the build's own: errors name the line.
Result<std::vector<Case>> read_cases(const std::string& path);

// The program of a case, or one of its program arrays. Refused: what isa::decode() refuses, and
// maps that are not there.
Result<std::shared_ptr<const platform::Program>> program_of(const Case& from,
                                                            const CaseProgram& program);

}  // namespace skep::selftests
