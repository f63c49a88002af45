// What the commands on one map of the kernel share: the map with its types, keys and values from
// words, and how elements are printed.
//
// Words are bpftool's bytes ("key 1 0 0 0", "key hex 01 00 00 00"), as many as the key has; or one
// word that is read by the map's types as `--set` of skep run reads it ("key 10.0.0.1", "value 7").
// JSON has bpftool's members: "key" and "value" as bytes, of per-CPU maps "values", and "formatted"
// where there are types.
#pragma once

#include <string>
#include <vector>

#include "btf/types.hpp"
#include "cli/loaded.hpp"
#include "kernel/map.hpp"

namespace skep::cli {

struct TypedMap {
  kernel::Map map;
  btf::Types types;
};
Result<TypedMap> open_map(const Selector& selector);

// The words of `arguments` behind the selector, by the word that begins each part.
struct MapWords {
  std::vector<std::string> key, value;
  bool has_key = false, has_value = false;
  platform::Update update = platform::Update::any;
};
Result<MapWords> map_words(const Arguments& arguments);

Result<std::vector<std::byte>> key_bytes(const TypedMap& typed, const MapWords& words);
// For each CPU the same, of per-CPU maps.
Result<std::vector<std::byte>> value_bytes(const TypedMap& typed, const MapWords& words);

using Part = std::span<const std::byte>;
std::string element_text(const TypedMap& typed, Part key, Part value);
std::string element_json(const TypedMap& typed, Part key, Part value);
// `name` of a key alone: "key", "next_key".
void key_json(JsonWriter& json, std::string_view name, Part key);
std::string key_text(const TypedMap& typed, Part key);

}  // namespace skep::cli
