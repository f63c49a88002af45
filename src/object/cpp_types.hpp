// C names, types and bytes as C++ source code.
//
// C++ takes C's definitions as they are, but for its own keywords, which get an underscore behind
// them, and for bool. Types come from BTF; what it does not name becomes an array of bytes.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "btf/types.hpp"

namespace skep::object {

// Whether C++ takes `text` as a name.
bool is_identifier(std::string_view text);

// A name of an object as one of C++. A variable of a function is "function.variable".
std::string identifier(std::string_view name);

// A string literal in lines, "    " in front of each, that holds `bytes` and a zero behind them.
std::string literal(Bytes bytes);
// One of a single line. What an object calls its parts is not trusted to be a name.
std::string in_quotes(std::string_view text);

// Spells types, and remembers which definitions that needs.
class CppTypes {
 public:
  explicit CppTypes(const btf::Types& types) : types_(types) {}

  // The type in C++, an array of `bytes` bytes where it has no name or another size.
  Result<std::string> spelled(btf::TypeId id, u64 bytes);
  Result<std::string> spelled(btf::TypeId id);

  // namespace types { } with the definitions of all that was spelled, their sizes asserted.
  Result<std::string> definitions() const;

 private:
  bool is_plain(btf::TypeId id) const;
  std::string named(btf::TypeId id, u32 bytes);

  const btf::Types& types_;
  std::string sizes_;                // assertions on the types below
  std::vector<btf::TypeId> wanted_;  // types that members name
};

}  // namespace skep::object
