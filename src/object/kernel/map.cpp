#include "object/kernel/map.hpp"

#include <algorithm>
#include <cstring>

namespace skep::object {
namespace {

using platform::kNameBytes;
using platform::MapKind;

constexpr std::size_t kMapNameMax = kNameBytes - 1;
constexpr std::size_t kSuffixMin = 7;  // room that libbpf keeps for the section's name

// These take no types in the kernel, whatever the object says.
constexpr platform::MapKinds kWithoutTypes = platform::set_of(
    MapKind::perf_event_array, MapKind::cgroup_array, MapKind::stack_trace, MapKind::array_of_maps,
    MapKind::hash_of_maps, MapKind::devmap, MapKind::devmap_hash, MapKind::cpumap, MapKind::xskmap,
    MapKind::sockmap, MapKind::sockhash, MapKind::queue, MapKind::stack, MapKind::ringbuf,
    MapKind::user_ringbuf);

bool has_types(const platform::MapSpec& map) {
  if ((platform::set_of(map.kind) & kWithoutTypes) != 0 || map.value_type == 0) return false;
  return map.key_type != 0 || map.is_globals || map.kind == MapKind::bloom_filter;
}

bool is_allowed(char c) {
  return c == '_' || c == '.' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9');
}

}  // namespace

std::string kernel_name(const platform::MapSpec& map, std::string_view object) {
  std::string name = map.name;
  if (map.is_globals) {
    const std::size_t suffix = std::min(std::max(kSuffixMin, map.name.size()), kMapNameMax);
    const bool has_own = map.name.find('.', 1) != std::string::npos;
    name.insert(0, object.substr(0, has_own ? 0 : kMapNameMax - suffix));
  }
  std::ranges::replace_if(
      name, [](char c) { return !is_allowed(c); }, '_');
  return name.substr(0, kMapNameMax);
}

platform::CreateMap map_attributes(const platform::MapSpec& map, std::string_view name) {
  platform::CreateMap out{};
  out.map_type = platform::kernel_number(map.kind);
  out.key_size = map.key_size;
  out.value_size = map.value_size;
  out.max_entries = map.max_entries;
  out.map_flags = map.flags;
  out.numa_node = map.numa_node;
  out.map_extra = map.extra;
  name.copy(out.map_name, kMapNameMax);
  if (has_types(map)) {
    out.btf_key_type_id = map.key_type;
    out.btf_value_type_id = map.value_type;
  }
  return out;
}

}  // namespace skep::object
