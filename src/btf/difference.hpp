// What differs between two sets of types: of two kernels, of two builds of an object.
//
// Types are compared by name, and what is compared is what a program can tell: sizes, the places of
// members, values of enumerators, what functions take. Numbers of types, names of parameters and
// the order in which types stand do not count, nor does what is only pointed to. Members of a
// structure that is written where it is used count as members of the structure around it. Where
// several types have one name, those that are equal on both sides are left out.
// It takes time and memory in proportion to the number of types, which must be checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

enum class Change : u8 { removed, added, changed, moved, count_ };
std::string_view name_of(Change change);

struct MemberPlace {
  std::string declaration;  // "char name[16]", its name being the path: "u.address"
  std::string type;         // "char[16]"
  u64 bit_offset = 0;
  u32 bit_size = 0;  // 0: not a bit-field
  u64 bytes = 0;
};

struct MemberChange {
  Change change = Change::changed;  // moved: nothing but the place is another
  std::string name;
  std::optional<MemberPlace> before{}, after{};
};

struct ValueChange {
  Change change = Change::changed;
  std::string name;
  std::optional<std::string> before{}, after{};
};

// One side of a type.
struct Version {
  std::optional<u64> bytes{};
  std::string declaration{};  // of a typedef, function, variable or number
};

struct Difference {
  Change change = Change::changed;
  Kind kind = Kind::void_;
  std::string name;  // empty: the enumerators of all enums without a name
  std::optional<Version> before{}, after{};
  std::vector<MemberChange> members{};  // of structures and unions, in the order of their places
  std::vector<ValueChange> values{};    // of enums
};

// By kind, then by name.
Result<std::vector<Difference>> differences(const Types& before, const Types& after);

}  // namespace skep::btf
