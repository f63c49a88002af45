// What a type or function is called.
//
// In C by its own name. In other languages with the scopes around it, as the debugger prints them:
// ns::Type, (anonymous namespace)::Type, Outer::Inner, function()::Local; templates as the compiler
// writes them, vector<int>. On request all of it as one C identifier, which a BPF program in C can
// spell: ns_Type, Type, Outer_Inner, function_Local, vector_int.
#pragma once

#include <string>
#include <unordered_map>

#include "dwarf/program.hpp"

namespace skep::dwarf {

enum class Naming : u8 { scoped, c_identifiers };

// Signs that C has no room for become one underscore, but `*` is "ptr", `&` "ref" and `-` "minus",
// so that types which differ in those alone stay apart. Never three underscores in a row: what is
// behind them would be a flavor to CO-RE.
std::string c_identifier(std::string_view name);

class Names {
 public:
  Names(Program& program, Naming naming) : program_(program), naming_(naming) {}

  bool are_of_c() const { return naming_ == Naming::c_identifiers; }
  // Empty for a type without a name.
  Result<std::string> of(Place place);
  // The same, in the spelling with scopes whatever was asked for.
  Result<std::string> scoped(Place place);
  // An enumerator: with the scopes of its enumeration when everything is one C identifier.
  Result<std::string> of_enumerator(Place enumeration, std::string_view name);
  // What stands at the other end of the entry's specification or origin, or else the entry.
  Result<Place> declared(Place place);
  // To be called before a unit is given back.
  void forget() { prefixes_.clear(); }

 private:
  Result<std::string> own(Place place);
  Result<std::string> prefix(Place place, u32 depth);
  std::string spelled(std::string name) const;

  Program& program_;
  Naming naming_;
  std::unordered_map<const Entry*, std::string> prefixes_;
};

}  // namespace skep::dwarf
