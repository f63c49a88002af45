// What a kernel must have for an object to be loaded: one list, with the release that first has
// each.
//
// Hooks (program types and attach types), helpers, kernel functions and symbols, options of the
// configuration, map kinds and their flags, and instructions beyond the first set. Releases are
// those of the tables of platform/; what they do not know has none. What a program can do without,
// because it is declared weak, is optional. Fields of the kernel's structures are CO-RE's: see
// Object::core_uses().
#pragma once

#include "object/object.hpp"

namespace skep::object {

enum class RequirementKind : u8 {
  program_type,
  attach_type,
  load_flag,
  helper,
  kernel_function,
  kernel_symbol,
  configuration,
  map_kind,
  map_flag,
  instructions,
  field,  // what CO-RE asks of the kernel's types
  count_
};
std::string_view name_of(RequirementKind kind);  // "map kind"

// Whether things of this kind came with a release of Linux: symbols, configuration values and types
// are those of one kernel.
bool has_release(RequirementKind kind);

struct Requirement {
  RequirementKind kind = RequirementKind::helper;
  std::string name;
  std::string_view since;              // empty when it is not known, or has_release() does not hold
  bool is_optional = false;            // the program can do without
  std::vector<std::string> used_by{};  // programs, or maps
  std::string example{};               // instructions: the first of them, "flows at slot 12"
};

struct Requirements {
  std::vector<Requirement> all{};       // by kind, then in the order of the object
  std::string_view since;               // the newest release that something needed has
  std::vector<std::string> not_read{};  // why instructions of a program could not be
};
Requirements requirements_of(const Object& object);

// Whether kernel release `left` is older than `right`: "4.9" is older than "4.10", and
// "6.1.0-57-amd64", as uname -r prints it, than "6.6".
bool is_older(std::string_view left, std::string_view right);

}  // namespace skep::object
