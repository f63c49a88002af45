// Maps by the bytes of their keys and values: sizes are checked here, for both engines alike.
#include "skep/map.hpp"

#include <algorithm>

#include "api/engine_app.hpp"
#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {
namespace {

Result<maps::View*> view_of(const detail::Named& at) {
  return &at.app->map(TRY(at.app->number_of(at.name)));
}

Error wrong_size(const maps::View& map, std::string_view what, u64 has, u64 given) {
  return {Fault::usage, format("map {}: {} have {}, and {} were given", map.spec().name, what,
                               counted(has, "byte"), given)};
}

Result<void> check_key(const maps::View& map, std::size_t bytes) {
  if (bytes == map.spec().key_size) return {};
  return wrong_size(map, "keys", map.spec().key_size, bytes);
}

Result<void> check_value(const maps::View& map, std::size_t bytes) {
  if (bytes == map.spec().value_size) return {};
  return wrong_size(map, "values", map.spec().value_size, bytes);
}

bool is_per_cpu(const maps::View& map) { return platform::is_per_cpu(map.spec().kind); }
u64 stride_of(const maps::View& map) { return (u64{map.spec().value_size} + 7) / 8 * 8; }

Result<void> check_one_value(const maps::View& map) {
  if (!is_per_cpu(map)) return {};
  return Error(Fault::usage, format("map {} has a value for each CPU", map.spec().name),
               "use lookup_cpus()");
}

}  // namespace

Result<MapInfo> Map::info() const { return detail::info_of(TRY(view_of(at_))->spec()); }

Result<std::size_t> Map::cpus() const {
  const maps::View& map = *TRY(view_of(at_));
  if (is_per_cpu(map)) return map.cpus();
  return Error(Fault::usage, format("map {} has one value a key, not one a CPU", at_.name),
               "use lookup()");
}

Result<void> Map::lookup_bytes(std::span<const std::byte> key, std::span<std::byte> value) const {
  const maps::View& map = *TRY(view_of(at_));
  TRY(check_one_value(map));
  TRY(check_key(map, key.size()));
  TRY(check_value(map, value.size()));
  std::ranges::copy(TRY(map.lookup_copy(key)), value.begin());
  return {};
}

Result<void> Map::lookup_all_cpus(std::span<const std::byte> key, std::size_t value_bytes,
                                  std::span<std::byte> values) const {
  const maps::View& map = *TRY(view_of(at_));
  TRY(check_key(map, key.size()));
  TRY(check_value(map, value_bytes));
  const std::vector<std::byte> all = TRY(map.lookup_copy(key));
  for (u64 cpu = 0; cpu < map.cpus(); ++cpu) {
    std::ranges::copy(std::span(all).subspan(cpu * stride_of(map), value_bytes),
                      values.subspan(cpu * value_bytes).begin());
  }
  return {};
}

Result<void> Map::update_bytes(std::span<const std::byte> key, std::span<const std::byte> value,
                               Update how) {
  maps::View& map = *TRY(view_of(at_));
  TRY(check_key(map, key.size()));
  TRY(check_value(map, value.size()));
  const auto flags = static_cast<platform::Update>(how);
  if (!is_per_cpu(map)) return map.update(key, value, flags);
  std::vector<std::byte> all(map.user_value_size());
  for (u64 at = 0; at < all.size(); at += stride_of(map)) {
    std::ranges::copy(value, all.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return map.update(key, all, flags);
}

Result<void> Map::erase_bytes(std::span<const std::byte> key) {
  maps::View& map = *TRY(view_of(at_));
  TRY(check_key(map, key.size()));
  return map.erase(key);
}

Result<void> Map::for_each(std::size_t key_bytes, std::optional<std::size_t> value_bytes,
                           const Take& take) const {
  const maps::View& map = *TRY(view_of(at_));
  TRY(check_key(map, key_bytes));
  if (value_bytes) {
    TRY(check_one_value(map));
    TRY(check_value(map, *value_bytes));
  }
  return map.for_each(take);
}

Result<std::uint64_t> Map::size() const { return TRY(view_of(at_))->count(); }
Result<std::uint64_t> Map::lost() const { return at_.app->lost(TRY(at_.app->number_of(at_.name))); }
Result<std::span<std::byte>> Map::memory() const {
  maps::View& map = *TRY(view_of(at_));
  if (map.spec().kind == platform::MapKind::arena) return map.pages();
  return Error(
      Fault::usage,
      format("map {} is a {}, not an arena", at_.name, platform::row(map.spec().kind).name),
      "its values are read by lookup() and entries()");
}
Result<void> Map::pin(const std::string& path) const {
  return at_.app->pin(TRY(at_.app->number_of(at_.name)), path);
}

}  // namespace skep
