#include "maps/view.hpp"

namespace skep::maps {

Result<void> View::for_each(const Each& each) const {
  std::optional<Key> key = next_key({});
  // A map that is written to meanwhile could send a walk around for ever.
  for (u64 seen = 0; key && seen < spec().max_entries; ++seen) {
    const auto value = lookup_copy(*key);
    if (value.ok()) each(*key, *value);
    key = next_key(*key);
  }
  return {};
}

}  // namespace skep::maps
