#include "cli/btf_loaded.hpp"

#include "base/text.hpp"
#include "btf/types.hpp"

namespace skep::cli {
namespace {

template <class Entry>
std::vector<u32> users(const Result<std::vector<Entry>>& entries, u32 types_id) {
  std::vector<u32> out;
  if (!entries.ok()) return out;
  for (const Entry& each : *entries) {
    if (each.types_id == types_id) out.push_back(each.id);
  }
  return out;
}

u64 count_of(const kernel::TypesEntry& entry) {
  if (entry.is_of_kernel) return 0;
  const auto bytes = kernel::types_bytes(entry.id);
  if (!bytes.ok()) return 0;
  const auto types = btf::Types::read(Bytes(*bytes));
  return types.ok() ? types->count() - types->first() : 0;
}

std::string list_text(std::string_view name, const std::vector<u32>& ids) {
  std::vector<std::string> words;
  for (const u32 id : ids) words.push_back(std::to_string(id));
  return ids.empty() ? std::string() : format("  {} {}", name, join(words, ","));
}

void list_json(JsonWriter& json, std::string_view name, const std::vector<u32>& ids) {
  json.key(name).begin_array();
  for (const u32 id : ids) json.value(id);
  json.end_array();
}

}  // namespace

std::optional<std::vector<LoadedTypes>> loaded_types() {
  const auto entries = kernel::types();
  if (!entries.ok()) return std::nullopt;
  const auto programs = kernel::programs();
  const auto maps = kernel::maps();
  std::vector<LoadedTypes> out;
  for (const kernel::TypesEntry& each : *entries) {
    out.push_back({each, users(programs, each.id), users(maps, each.id), count_of(each)});
  }
  return out;
}

std::string users_text(const LoadedTypes& types) {
  return format("  id {}{}{}", types.entry.id, list_text("prog_ids", types.program_ids),
                list_text("map_ids", types.map_ids));
}

void users_json(JsonWriter& json, const LoadedTypes& types) {
  json.member("id", types.entry.id).member("size", types.entry.bytes);
  list_json(json, "prog_ids", types.program_ids);
  list_json(json, "map_ids", types.map_ids);
  json.member("kernel", types.entry.is_of_kernel);
}

}  // namespace skep::cli
