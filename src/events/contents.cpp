#include "events/contents.hpp"

#include <algorithm>

#include "events/decode.hpp"

namespace skep::events {
namespace {

using platform::MapKind;
using platform::MapSpec;

bool is_array(const MapSpec& spec) {
  return spec.kind == MapKind::array || spec.kind == MapKind::percpu_array;
}
bool is_per_cpu(const MapSpec& spec) {
  return spec.kind == MapKind::percpu_array || spec.kind == MapKind::percpu_hash ||
         spec.kind == MapKind::lru_percpu_hash;
}
bool has_elements(const MapSpec& spec) {
  return is_array(spec) || is_per_cpu(spec) || spec.kind == MapKind::hash ||
         spec.kind == MapKind::lru_hash || spec.kind == MapKind::lpm_trie;
}
bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes.span(), [](std::byte b) { return b == std::byte{0}; });
}

// The values of all CPUs as one: their sum, or a list of those that are not zero.
Value combined(const std::vector<Value>& values, const std::vector<bool>& touched) {
  Value sum = values[0];
  if (std::ranges::all_of(values, is_summable)) {
    for (std::size_t cpu = 1; cpu < values.size(); ++cpu) add(sum, values[cpu]);
    return sum;
  }
  List list;
  for (std::size_t cpu = 0; cpu < values.size(); ++cpu) {
    if (!touched[cpu]) continue;
    list.push_back({Record{{"cpu", {u64{cpu}}}, {"value", values[cpu]}}});
  }
  return {std::move(list)};
}

Value decode_value(const MapSpec& spec, const btf::Types& types, Bytes bytes) {
  if (!is_per_cpu(spec)) return decode(types, spec.value_type, bytes);
  const u64 stride = (u64{spec.value_size} + 7) / 8 * 8;
  std::vector<Value> values;
  std::vector<bool> touched;
  for (u64 at = 0; at + stride <= bytes.size(); at += stride) {
    const Bytes one(bytes.span().subspan(at, spec.value_size));
    // A number without a type is still a number: it can be added up.
    if (types.resolve(spec.value_type) == btf::kVoid && spec.value_size <= 8) {
      values.push_back({load_integer(one, spec.value_size)});
    } else {
      values.push_back(decode(types, spec.value_type, one));
    }
    touched.push_back(!all_zero(one));
  }
  return combined(values, touched);
}

// Array indices are numbers, whatever BTF says or does not.
Value decode_key(const MapSpec& spec, const btf::Types& types, Bytes bytes) {
  if (is_array(spec)) {
    const bool is_enum = types.resolved(spec.key_type).kind == btf::Kind::enumeration;
    if (!is_enum) return {load_integer(bytes, spec.key_size)};
  }
  return decode(types, spec.key_type, bytes);
}

struct RawEntry {
  std::vector<std::byte> key;
  Entry entry;
};

bool goes_before(const RawEntry& a, const RawEntry& b) {
  const auto first = first_number(a.entry.value), second = first_number(b.entry.value);
  if (first && second && *first != *second) return *first > *second;
  return a.key < b.key;
}

Table read_table(const maps::View& map, const btf::Types& types, Result<void>& read) {
  const MapSpec& spec = map.spec();
  Table table;
  table.entries_max = spec.max_entries;
  std::vector<RawEntry> entries;
  read = map.for_each([&](std::span<const std::byte> key, std::span<const std::byte> bytes) {
    const Bytes value(bytes);
    if (is_array(spec) && all_zero(value)) {
      ++table.untouched;
      return;
    }
    entries.push_back({{key.begin(), key.end()},
                       {decode_key(spec, types, Bytes(key)), decode_value(spec, types, value)}});
  });
  if (!is_array(spec)) std::ranges::sort(entries, goes_before);
  for (RawEntry& each : entries) table.entries.push_back(std::move(each.entry));
  return table;
}

Histogram read_histogram(const maps::View& map, const btf::Types& types, Result<void>& read) {
  Histogram histogram;
  read = map.for_each([&](std::span<const std::byte>, std::span<const std::byte> bytes) {
    const Value value = decode_value(map.spec(), types, Bytes(bytes));
    const u64* count = std::get_if<u64>(&value.of);
    histogram.slots.push_back(count == nullptr ? 0 : *count);
  });
  return histogram;
}

Globals read_globals(const maps::View& map, const btf::Types& types) {
  const std::vector<std::byte> index(4);
  const auto bytes = map.lookup_copy(index);
  if (!bytes.ok()) return {};
  Value all = decode(types, map.spec().value_type, Bytes(*bytes));
  Record* variables = std::get_if<Record>(&all.of);
  if (variables == nullptr) return {};
  std::erase_if(*variables, [](const Field& f) { return f.name.starts_with("skep_record__"); });
  return {std::move(*variables)};
}

}  // namespace

std::optional<Contents> read_contents(const maps::View& map, const btf::Types& types) {
  const MapSpec& spec = map.spec();
  const std::string_view kind = platform::row(spec.kind).name;
  if (spec.is_globals) {
    Globals globals = read_globals(map, types);
    if (globals.variables.empty()) return std::nullopt;
    return Contents{spec.name, kind, std::move(globals)};
  }
  if (!has_elements(spec)) return std::nullopt;
  Result<void> read;
  Contents contents{spec.name, kind, {}};
  if (is_array(spec) && is_called(types, spec.value_type, "skep_log2")) {
    contents.of = read_histogram(map, types, read);
  } else {
    contents.of = read_table(map, types, read);
  }
  if (!read.ok()) contents.cut_short = std::move(read).error();
  return contents;
}

btf::TypeId record_type(const platform::MapSpec& ring, const btf::Types& types) {
  if (ring.value_type != btf::kVoid) return ring.value_type;
  const auto variable = types.find("skep_record__" + ring.name, btf::Kind::variable);
  if (!variable) return btf::kVoid;
  const btf::Type& pointer = types.resolved(types.at(*variable).type);
  return pointer.kind == btf::Kind::pointer ? pointer.type : btf::kVoid;
}

}  // namespace skep::events
