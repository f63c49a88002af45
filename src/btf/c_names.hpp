// The names that types get in a C file, where a name may stand for one thing only.
//
// BTF may hold several types of one name (of different source files). In C, structures, unions and
// enums share one space of names, typedefs and enumerators another one. Who comes first has the
// name; the next ones get ___2, ___3 and so on, which CO-RE takes for flavors of the same name. A
// forward declaration has the name that a definition of its kind would have.
#pragma once

#include <string>
#include <unordered_map>

#include "btf/types.hpp"

namespace skep::btf {

class CNames {
 public:
  explicit CNames(const Types& types) : types_(types) {}

  // The name of a type, the same at every call.
  std::string name(TypeId id);
  // The name of the next enumerator; each call is for another one.
  std::string enumerator(std::string_view name);

 private:
  struct Use {
    Kind kind = Kind::void_;  // of who has the name itself
    bool is_defined = false;  // or only announced
    u32 number = 1;           // the last that was given
  };
  using Uses = std::unordered_map<std::string, Use>;
  static std::string define(Uses& uses, std::string_view name, Kind kind);
  static std::string announce(Uses& uses, std::string_view name, Kind kind);
  static std::string numbered(Uses& uses, std::string_view name, Kind kind);

  const Types& types_;
  std::unordered_map<TypeId, std::string> names_;  // of types that were asked for
  Uses tags_, identifiers_;
};

// The text with an underscore for every character that a C identifier cannot have.
std::string c_identifier(std::string_view text);

}  // namespace skep::btf
