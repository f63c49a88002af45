// skep map list, skep map show: the maps that the kernel has, with bpftool's columns and JSON
// members, and who holds them.
#include "base/text.hpp"
#include "cli/loaded.hpp"
#include "cli/loaded_names.hpp"

namespace skep::cli {
namespace {

using kernel::MapEntry;

std::string owner_text(const MapEntry& map) {
  if (!map.owner_type && !map.owner_is_jited) return {};
  std::string out = "\n\t";
  if (map.owner_type) out += format("owner_prog_type {}  ", program_type_name(*map.owner_type));
  return out + (map.owner_is_jited.value_or(false) ? "owner jited" : "owner not jited");
}

std::string types_text(const MapEntry& map) {
  const bool frozen = map.is_frozen.value_or(false);
  if (map.types_id == 0 && !frozen) return {};
  std::string out = "\n\t";
  if (map.types_id != 0) out += format("btf_id {}", map.types_id);
  if (frozen) out += map.types_id != 0 ? "  frozen" : "frozen";
  return out;
}

std::string map_text(const MapEntry& map, const Holders& holders) {
  std::string out = format("{}: {}  ", map.id, map_kind_name(map.type));
  if (!map.name.empty()) out += format("name {}  ", map.name);
  out += format("flags 0x{:x}{}\n", map.flags, device_text(map.ifindex));
  out +=
      format("\tkey {}B  value {}B  max_entries {}", map.key_size, map.value_size, map.max_entries);
  if (map.memory_bytes) out += format("  memlock {}B", *map.memory_bytes);
  return out + owner_text(map) + pinned_text(holders, kernel::Kind::map, map.id) + types_text(map) +
         pids_text(holders, kernel::Kind::map, map.id) + "\n";
}

std::string map_json(const MapEntry& map, const Holders& holders) {
  JsonWriter json;
  json.begin_object().member("id", map.id);
  number_or_name(json, "type", map.type, map_kind_name(map.type));
  if (!map.name.empty()) json.member("name", map.name);
  json.member("flags", map.flags);
  device_json(json, map.ifindex);
  json.member("bytes_key", map.key_size).member("bytes_value", map.value_size);
  json.member("max_entries", map.max_entries);
  if (map.memory_bytes) json.member("bytes_memlock", *map.memory_bytes);
  if (map.owner_type)
    number_or_name(json, "owner_prog_type", *map.owner_type, program_type_name(*map.owner_type));
  if (map.owner_is_jited) json.member("owner_jited", *map.owner_is_jited);
  if (map.is_frozen) json.member("frozen", *map.is_frozen ? 1 : 0);
  if (map.types_id != 0) json.member("btf_id", map.types_id);
  if (map.extra != 0) json.member("map_extra", map.extra);
  holders_json(json, holders, kernel::Kind::map, map.id);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace

Result<int> map_list(const Arguments& arguments, Output& out) {
  if (asks_for_user_engine(arguments)) return nothing_in_user_engine(out);
  const auto wanted = TRY(selector(kernel::Kind::map, arguments.operands()));
  const auto maps = TRY(chosen<MapEntry>(kernel::Kind::map, wanted, kernel::describe_map));
  if (maps.empty()) return nothing_loaded(kernel::Kind::map, wanted, out);
  const Holders holders = read_holders(out);
  for (const MapEntry& each : maps) {
    out.write(out.is_json() ? map_json(each, holders) : map_text(each, holders));
  }
  return 0;
}

}  // namespace skep::cli
