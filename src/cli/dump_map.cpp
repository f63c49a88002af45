#include "cli/dump_map.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/contents.hpp"

namespace skep::cli {
namespace {

using platform::MapSpec;

std::string type_name(const btf::Types& types, btf::TypeId type) {
  return types.resolve(type) == btf::kVoid ? std::string() : types.c_name(type);
}

btf::TypeId value_type(const MapSpec& map, const btf::Types& types) {
  return map.kind == platform::MapKind::ringbuf ? events::record_type(map, types) : map.value_type;
}

// "key 40 bytes, value 16 bytes, 10240 entries"; a ring has bytes only.
std::string sizes_text(const MapSpec& map) {
  const platform::MapKindRow& kind = platform::row(map.kind);
  const bool is_ring =
      kind.key == platform::KeyRule::none && kind.value == platform::ValueRule::none;
  if (map.kind == platform::MapKind::arena) return counted(map.max_entries, "page");
  if (is_ring) return counted(map.max_entries, "byte");
  std::string text;
  if (map.key_size != 0) text += format("key {}, ", counted(map.key_size, "byte"));
  text += format("value {}", counted(map.value_size, "byte"));
  if (kind.entries == platform::EntriesRule::none) return text;
  return text + format(", {} {}", map.max_entries, map.max_entries == 1 ? "entry" : "entries");
}

// ", 163840 bytes on each CPU, BPF_F_NO_PREALLOC, pinned by name"
std::string extras_text(const MapSpec& map) {
  std::string text;
  if (!map.is_globals) {
    for (const platform::MapFlag& flag : platform::map_flags(map.flags)) {
      text += format(", {}", flag.name);
    }
  }
  if (map.numa_node != 0) text += format(", NUMA node {}", map.numa_node);
  if (map.extra != 0) text += format(", extra 0x{:x}", map.extra);
  if (map.is_pinned_by_name) text += ", pinned by name";
  return text;
}

std::string member_name(const btf::Types& types, btf::TypeId structure, u32 wanted) {
  u32 number = 0;
  for (const btf::Member& member : types.members(structure)) {
    if (number++ == wanted) return std::string(member.name);
  }
  return std::to_string(wanted);
}

// What each program of a map stands for: the index of an array, the member of a structure.
std::string slot_name(const MapSpec& map, const btf::Types& types, u32 number) {
  if (map.kind != platform::MapKind::struct_ops) return std::to_string(number);
  return member_name(types, map.value_type, number);
}

std::string details_text(const MapSpec& map, const object::Object& object) {
  const btf::Types& types = object.types();
  std::string text;
  const std::string key = type_name(types, map.key_type);
  const std::string value = type_name(types, value_type(map, types));
  if (!key.empty()) text += format("           key    {}\n", key);
  if (!value.empty()) text += format("           value  {}\n", value);
  const platform::MapMemory memory = platform::memory_of(map);
  if (!map.is_globals && memory.bytes != 0) {
    text += format("           takes  {}{}\n", counted(memory.bytes, "byte"),
                   memory.is_per_cpu ? " on each CPU" : "");
  }
  for (const auto& [index, program] : map.initial_programs)
    text += format("           {} calls {}\n", slot_name(map, types, index), program);
  for (const auto& [index, held] : map.initial_maps)
    text += format("           {} is {}\n", index, object.maps()[held].name);
  return text;
}

void write_sizes(JsonWriter& json, const MapSpec& map) {
  json.member("kind", platform::row(map.kind).name).member("key_size", map.key_size);
  json.member("value_size", map.value_size).member("max_entries", map.max_entries);
  json.member("flags", map.flags).key("flag_names").begin_array();
  for (const platform::MapFlag& flag : platform::map_flags(map.flags)) json.value(flag.name);
  json.end_array();
  if (map.numa_node != 0) json.member("numa_node", map.numa_node);
  if (map.extra != 0) json.member("map_extra", map.extra);
  const platform::MapMemory memory = platform::memory_of(map);
  json.member(memory.is_per_cpu ? "bytes_per_cpu" : "bytes", memory.bytes);
}

}  // namespace

std::string map_text(const MapSpec& map, const object::Object& object, const Output& out) {
  std::string text = format("map      {}  {}  {}{}\n", map.name, platform::row(map.kind).name,
                            sizes_text(map), extras_text(map));
  if (map.inner != nullptr) {
    text += format("           holds {}  {}{}\n", platform::row(map.inner->kind).name,
                   sizes_text(*map.inner), extras_text(*map.inner));
  }
  if (out.volume() != Volume::verbose) return text;
  return text + details_text(map, object);
}

std::string map_json(const MapSpec& map, const object::Object& object) {
  const btf::Types& types = object.types();
  JsonWriter json;
  json.begin_object().member("type", "map").member("name", map.name);
  write_sizes(json, map);
  json.member("key_type", type_name(types, map.key_type));
  json.member("value_type", type_name(types, value_type(map, types)));
  json.member("pinned_by_name", map.is_pinned_by_name);
  if (map.inner != nullptr) {
    json.key("inner").begin_object();
    write_sizes(json, *map.inner);
    json.end_object();
  }
  if (!map.initial_programs.empty()) {
    json.key("programs").begin_object();
    for (const auto& [index, program] : map.initial_programs)
      json.member(slot_name(map, types, index), program);
    json.end_object();
  }
  if (!map.initial_maps.empty()) {
    json.key("maps").begin_object();
    for (const auto& [index, held] : map.initial_maps)
      json.member(std::to_string(index), object.maps()[held].name);
    json.end_object();
  }
  json.end_object();
  return json.take() + "\n";
}

}  // namespace skep::cli
