#include "object/tail_calls.hpp"

namespace skep::object {

std::vector<std::string> tail_call_targets(const Object& object) {
  std::vector<std::string> names;
  for (const platform::MapSpec& map : object.maps()) {
    if (map.kind != platform::MapKind::prog_array) continue;
    for (const auto& [index, program] : map.initial_programs) names.push_back(program);
  }
  return names;
}

}  // namespace skep::object
