// What stands in a map: read whole, decoded, put in order.
//
// In: a map of either engine and the types of its object. Out: a table, a histogram or the values
// of global variables, by what the map is. Values that each CPU has for itself are added up where
// they are counts and listed otherwise. Entries of arrays that were never touched (all zero) are
// left out and counted. Hash tables are ordered by the first number of the value, largest first,
// then by the key's bytes, so that the same contents always look the same; arrays stay in the order
// of their index.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "btf/types.hpp"
#include "events/value.hpp"
#include "maps/view.hpp"

namespace skep::events {

struct Entry {
  Value key;
  Value value;
};
struct Table {
  u64 entries_max = 0;
  u64 untouched = 0;  // entries of an array that are all zero, not in `entries`
  std::vector<Entry> entries;
};
struct Histogram {
  std::vector<u64> slots;  // slot N counts [2^N, 2^(N+1)), slot 0 also zero, the last the rest
};
struct Globals {
  Record variables;
};

struct Contents {
  std::string map;
  std::string_view kind;
  std::variant<Table, Histogram, Globals> of;
  std::optional<Error> cut_short{};  // why there may be more than this
};

// nullopt for what has no contents to show: ring buffers, program arrays, sections without types
// that hold only what the compiler put there.
std::optional<Contents> read_contents(const maps::View& map, const btf::Types& types);

// The type of the records of a ring buffer: as its specification says, or SKEP_RECORD
// (bpf/skep.bpf.h); void when neither does.
btf::TypeId record_type(const platform::MapSpec& ring, const btf::Types& types);

}  // namespace skep::events
