// A program as the stages after the loader see it: instructions, the maps they name, and where they
// came from.
//
// Nothing here is proved or created. Map constants in the code hold the number of a map in `maps`,
// local calls hold the first instruction of a function in `functions`, calls of kernel functions
// and constants that stand for kernel variables hold the number of one in `externs`. Copies share
// what does not change.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "btf/types.hpp"
#include "isa/instruction.hpp"
#include "platform/externs.hpp"
#include "platform/map_kinds.hpp"
#include "platform/section_names.hpp"

namespace skep::platform {

enum class Linkage : u8 { local, global };

// What a parameter of a global function is, by its BTF type.
enum class ParameterKind : u8 {
  number,
  context,  // pointer to the program type's context
  memory,   // pointer to `size` bytes that may be read and written, or null
  arena,    // pointer into the arena, as user space sees it or not
  dynptr,
  kernel,            // pointer to `structure` of the kernel
  untrusted_memory,  // bytes that may be read wherever the pointer leads
  other,             // a type that a global function cannot take
};

struct Parameter {
  ParameterKind kind = ParameterKind::number;
  u32 size = 0;             // memory: bytes
  bool may_be_null = true;  // memory, kernel
  std::string structure{};  // kernel: its name
  bool is_trusted = false;  // kernel
  std::string problem{};    // other: why, where its type does not say it
};

// The promise of a global function, on which it and its callers are verified apart from each other.
struct Signature {
  std::vector<Parameter> parameters;  // r1 on
  bool returns_number = true;         // else nothing
};

struct Function {
  std::string name;
  isa::InstructionIndex begin{};
  isa::InstructionIndex end{};  // one behind the last
  Linkage linkage = Linkage::local;
  std::optional<Signature> signature{};  // of global functions in objects with BTF
};

// From `at` on, instructions come from this place in the source.
struct SourceLine {
  isa::InstructionIndex at{};
  u32 line = 0;
  u32 column = 0;
  std::string_view file;  // inside `storage`
  std::string_view text;  // the line itself, as BTF carries it; may be empty
};

// An instruction that asked for something that the target's types do not have; reaching it is an
// error.
struct Unresolved {
  isa::InstructionIndex at{};
  std::string message;  // what is missing, and where
  std::string reason;   // what was asked
  std::string hint;
};

struct Program {
  std::string name;
  std::string section;
  ProgramType type = ProgramType::socket_filter;
  std::optional<AttachType> attach_type{};  // none where the type is attached in one way only
  SectionFlags flags = 0;
  Target target{};
  bool gpl_compatible = false;
  isa::Code code;                      // the main function first
  std::vector<Function> functions;     // in the order of the code, without gaps; [0] is main
  std::vector<SourceLine> lines;       // by rising `at`
  std::vector<Unresolved> unresolved;  // by rising `at`
  std::shared_ptr<const std::vector<MapSpec>> maps = std::make_shared<std::vector<MapSpec>>();
  std::shared_ptr<const std::vector<Extern>> externs = std::make_shared<std::vector<Extern>>();
  std::vector<ExternUse> uses;              // of externs, by rising `at`
  std::shared_ptr<const btf::Types> types;  // its own; null when it has none
  std::optional<u32> exception_callback{};  // number of the function that bpf_throw() calls
  std::shared_ptr<const void> storage;      // keeps what the views in `lines` point into

  // The line that `at` was compiled from, or null.
  const SourceLine* line_at(isa::InstructionIndex at) const;
  // What CO-RE did not find for `at`, or null.
  const Unresolved* unresolved_at(isa::InstructionIndex at) const;
  // The function that `at` is in, or null.
  const Function* function_at(isa::InstructionIndex at) const;
};

// Whether a licence text allows GPL-only helpers (license_is_gpl_compatible in
// include/linux/license.h).
bool is_gpl_compatible(std::string_view license);

}  // namespace skep::platform
