#include "cli/settings.hpp"

#include "base/text.hpp"
#include "events/encode.hpp"

namespace skep::cli {
namespace {

struct Assignment {
  std::string map;  // empty for a global variable
  std::string key;
  std::string value;
};

std::vector<Assignment> assignments_of(const Arguments& arguments) {
  std::vector<Assignment> all;
  for (const std::vector<std::string>& words : arguments.given(Flag::set)) {
    const std::string& pair = words.back();
    const std::size_t equals = pair.find('=');
    all.push_back({words.size() == 2 ? words[0] : std::string(), pair.substr(0, equals),
                   pair.substr(equals + 1)});
  }
  return all;
}

std::string spelled(const Assignment& each) {
  return format("--set {}{}{}={}", each.map, each.map.empty() ? "" : " ", each.key, each.value);
}

Result<void> set_global(object::Object& object, const Assignment& wanted) {
  const btf::Types& types = object.types();
  const auto variable = types.find(wanted.key, btf::Kind::variable);
  if (!variable) {  // the object knows which names come near
    auto refused = object.set_global(wanted.key, {});
    if (refused.ok()) return {};
    return Error(Fault::usage, refused.error().message, refused.error().hint);
  }
  const btf::TypeId type = types.at(*variable).type;
  const u32 size = TRY(types.size_of(type));
  const auto bytes = TRY(events::encode(types, type, size, wanted.value, wanted.key));
  return object.set_global(wanted.key, bytes);
}

using Maps = std::vector<maps::View*>;

std::string listed_maps(const Maps& maps, std::vector<std::string_view>& names) {
  std::vector<std::string> all;
  for (const maps::View* map : maps) {
    if (map->spec().is_globals) continue;
    names.push_back(map->spec().name);
    all.push_back(map->spec().name);
  }
  return all.empty() ? "it has no maps" : "its maps are " + join(all, ", ");
}

Result<maps::View*> find_map(const Maps& maps, const std::string& name) {
  for (maps::View* each : maps) {
    if (each->spec().name == name) return each;
  }
  std::vector<std::string_view> names;
  const std::string all = listed_maps(maps, names);
  const std::string near = did_you_mean(name, names);
  return Error(Fault::usage, format("the object has no map '{}'", name), near.empty() ? all : near);
}

// A per-CPU map takes a value for each CPU: every one gets the same.
std::vector<std::byte> for_every_cpu(const maps::View& map, std::vector<std::byte> value) {
  const u64 wanted = map.user_value_size();
  if (wanted == value.size()) return value;
  value.resize((value.size() + 7) / 8 * 8);
  const std::vector<std::byte> one = value;
  while (value.size() < wanted) value.insert(value.end(), one.begin(), one.end());
  return value;
}

Result<void> set_entry(const Maps& maps, const object::Object& object, const Assignment& wanted) {
  maps::View& map = *TRY(find_map(maps, wanted.map));
  const platform::MapSpec& spec = map.spec();
  const auto key =
      TRY(events::encode(object.types(), spec.key_type, spec.key_size, wanted.key).within("key"));
  const auto value =
      TRY(events::encode(object.types(), spec.value_type, spec.value_size, wanted.value)
              .within("value"));
  return map.update(key, for_every_cpu(map, value), platform::Update::any);
}

}  // namespace

Result<void> set_globals(object::Object& object, const Arguments& arguments) {
  for (const Assignment& each : assignments_of(arguments)) {
    if (each.map.empty()) TRY(set_global(object, each).within(spelled(each)));
  }
  return {};
}

Result<void> set_map_entries(const Maps& maps, const object::Object& object,
                             const Arguments& arguments) {
  for (const Assignment& each : assignments_of(arguments)) {
    if (!each.map.empty()) TRY(set_entry(maps, object, each).within(spelled(each)));
  }
  return {};
}

}  // namespace skep::cli
