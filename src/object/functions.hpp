// The functions of an object: what its symbols say about its code sections, checked and sorted.
//
// A function begins at a symbol and is as long as the symbol says; two never overlap. Which of them
// are programs: as in libbpf, those that are not static and stand in a section other than .text; an
// object's only function is a program anywhere, though of no type in .text.
#pragma once

#include <optional>

#include "object/elf.hpp"
#include "platform/program.hpp"

namespace skep::object {

struct FunctionSymbol {
  std::string_view name;
  u32 section = 0;
  u64 offset = 0;  // bytes into the section
  u64 size = 0;
  Binding binding = Binding::local;
  platform::Linkage linkage = platform::Linkage::local;

  u32 slots() const { return static_cast<u32>(size / 8); }
};

class Functions {
 public:
  static Result<Functions> read(const Elf& elf);

  const std::vector<FunctionSymbol>& all() const { return all_; }  // by section and offset
  // Whether it can be loaded by itself.
  bool is_program(u32 number, const Elf& elf) const;
  // The number of the function that begins there.
  std::optional<u32> at(u32 section, u64 offset) const;

 private:
  std::vector<FunctionSymbol> all_;
};

}  // namespace skep::object
