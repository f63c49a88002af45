// What the bytes of a map or a record mean, freed of their layout.
//
// A Value is made once from bytes and BTF (events/decode.hpp) and then shown as text or as JSON
// (events/show.hpp), compared for sorting, or added up over CPUs. Words are what people know by a
// name rather than a number: enumerators, protocols, prefixes. They and Addresses are printed bare,
// while Text is what a program recorded and may hold anything.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/types.hpp"

namespace skep::events {

struct Value;
struct Field;

struct Nanoseconds {
  u64 count = 0;
};
struct Word {
  std::string text;
};
struct Address {
  std::string text;
};
struct Text {
  std::string text;
};
using List = std::vector<Value>;
using Record = std::vector<Field>;

struct Value {
  std::variant<u64, s64, double, bool, Nanoseconds, Word, Address, Text, List, Record> of;
};

struct Field {
  std::string name;
  Value value;
};

// The first number in `value`, depth first; what tables are sorted by.
std::optional<double> first_number(const Value& value);

// Whether it is made of counts only, so that adding the values of several CPUs means something.
bool is_summable(const Value& value);
// Adds `from` to `into`. Precondition: both are summable and of the same type.
void add(Value& into, const Value& from);

}  // namespace skep::events
