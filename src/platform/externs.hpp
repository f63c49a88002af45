// What a program takes from the kernel by name: variables, functions, addresses and configuration.
//
// In C these are `extern` declarations marked __ksym or __kconfig. Which of them exist is known
// only for one kernel, so that an Extern begins unresolved; Object::resolve() fills in what was
// found. An instruction that needs one has its number in Program::externs, as map constants have
// numbers of maps. Configuration is different: its values stand in the map .kconfig, and
// instructions read that map.
#pragma once

#include <string>
#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "isa/instruction.hpp"

namespace skep::platform {

enum class ExternKind : u8 {
  configuration,  // a value in .kconfig
  address,        // a symbol of which only the address is wanted
  variable,       // a typed variable
  function,       // a kernel function (kfunc)
  count_
};
std::string_view name_of(ExternKind kind);  // "kernel variable"

enum class ExternState : u8 {
  unresolved,  // nobody looked for it
  absent,      // looked for and not found; the address of a weak one is then 0
  found,
};

struct Extern {
  std::string name;
  ExternKind kind = ExternKind::address;
  bool is_weak = false;  // the program can do without
  ExternState state = ExternState::unresolved;
  u32 type = 0;    // BTF id in the object's types: of the variable, or of the function
  u32 offset = 0;  // configuration: into the value of .kconfig
  u32 size = 0;    // configuration: bytes
  // What was found: the address of an `address`; of variables and functions the id in the BTF that
  // was searched.
  u64 value = 0;

  // The name without "___flavour", which is how the kernel knows it.
  std::string_view essential_name() const {
    return std::string_view(name).substr(0, name.find("___"));
  }
};

// Where a program uses an extern.
struct ExternUse {
  isa::InstructionIndex at{};
  u32 number = 0;  // in Program::externs
  u64 addend = 0;  // bytes behind its address
};

}  // namespace skep::platform
