// The kernel's symbols, from /proc/kallsyms: names by address, for what a loaded program calls, and
// addresses by name, for objects that ask for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "object/object.hpp"
#include "skep/result.hpp"

namespace skep::kernel {

class Symbols {
 public:
  // Fault::denied where addresses are hidden (they are then all zero; kernel.kptr_restrict).
  static Result<Symbols> read();

  // The function that begins at `address`.
  std::optional<std::string_view> at(u64 address) const;
  // The module that has it; empty for the kernel itself and for what is not there.
  std::string_view module_of(u64 address) const;
  std::optional<u64> address_of(std::string_view name) const;

 private:
  struct Symbol {
    u64 address;
    u32 begin, length;  // in text_
  };
  std::string_view name(const Symbol& symbol) const {
    return std::string_view(text_).substr(symbol.begin, symbol.length);
  }

  const Symbol* find(u64 address) const;  // or null

  std::string text_;
  std::vector<Symbol> symbols_;  // by address
};

// Gives an object the addresses of the symbols that it asks for, where it asks for some.
Result<void> find_symbols(object::Object& object);

}  // namespace skep::kernel
