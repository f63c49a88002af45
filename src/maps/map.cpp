#include "maps/map.hpp"

#include "base/text.hpp"
#include "maps/kinds.hpp"

namespace skep::maps {

using platform::MapKind;

// ---- what programs do
// --------------------------------------------------------------------------------------------

void* lookup(Header& map, const void* key, u32 cpu) {
  return dispatch(kind_of(map), [&](auto kind) { return kind.lookup(map, key, cpu); });
}

s64 update(Header& map, const void* key, const void* value, platform::Update flags, u32 cpu) {
  return dispatch(kind_of(map),
                  [&](auto kind) { return kind.update(map, key, value, flags, cpu); });
}

void* walk(Header& map, Walk& walk, u32 cpu) {
  return dispatch(kind_of(map), [&](auto kind) { return kind.walk(map, walk, cpu); });
}

s64 erase(Header& map, const void* key) {
  return dispatch(kind_of(map), [&](auto kind) { return kind.erase(map, key); });
}

// ---- what the owner does
// -----------------------------------------------------------------------------------------

namespace {

// What an update or a deletion returned, as an Error of `map`.
Result<void> result_of(s64 returned, const platform::MapSpec& map) {
  const auto error = [&](Fault fault, std::string_view what, std::string_view hint = {}) {
    return Error(fault, format("map {}: {}", map.name, what), std::string(hint));
  };
  switch (returned) {
    case 0: return {};
    case kNoEntry: return error(Fault::absent, "no such key");
    case kExists: return error(Fault::usage, "the key is there already");
    case kTooBig:
      if (map.kind == MapKind::hash)
        return error(Fault::exhausted, "it is full", "raise its max_entries");
      return error(Fault::absent,
                   format("the index is not below max_entries, {}", map.max_entries));
    case kInvalid:
      return error(Fault::usage,
                   format("maps of kind {} cannot do this", platform::row(map.kind).name));
    default:
      return error(Fault::unsupported,
                   format("maps of kind {} have no elements", platform::row(map.kind).name));
  }
}

Result<void> check_size(const platform::MapSpec& map, std::string_view what, u64 has, u64 wanted) {
  if (has == wanted) return {};
  return Error(Fault::usage,
               format("map {}: {} of {} instead of {} bytes", map.name, what, has, wanted));
}

}  // namespace

Result<Map> Map::create(const platform::MapSpec& spec, u64 seed) {
  const platform::MapKindRow& kind = platform::row(spec.kind);
  if (kind.user_engine == platform::InUserEngine::no) {
    return Error(Fault::unsupported,
                 format("map {}: the user engine has no {} maps yet", spec.name, kind.name));
  }
  TRY(platform::check(spec));
  const bool is_arena = spec.kind == MapKind::arena;
  const u64 room = is_arena ? u64{spec.max_entries} * kPageBytes : spec.value_size;
  if (spec.initial.size() > room) {
    return Error(Fault::malformed,
                 format("map {}: {} for {} of {}", spec.name, counted(spec.initial.size(), "byte"),
                        is_arena ? "pages" : "a value", room));
  }
  Map map(spec, TRY(dispatch(spec.kind, [&](auto k) { return k.create(spec, seed); })));
  if (is_arena) TRY(map.open_arena());
  return map;
}

Result<void> Map::open_arena() {
  if (TwinMemory::page_bytes() != kPageBytes) {
    return Error(Fault::unsupported,
                 format("map {}: an arena on a machine with pages of {} bytes", spec_.name,
                        TwinMemory::page_bytes()),
                 "the user engine has arenas where pages have 4096 bytes");
  }
  const auto faults =
      (spec_.flags & platform::kSignalOnFault) != 0 ? Faults::are_signals : Faults::make_pages;
  auto memory = TwinMemory::create(u64{spec_.max_entries} * kPageBytes, spec_.extra, faults);
  if (!memory.ok()) {
    Error error = std::move(memory).error();
    error.message = format("map {}: {}", spec_.name, error.message);
    return error;
  }
  arena_ = std::make_unique<TwinMemory>(std::move(*memory));
  ArenaMap::begin(header(), *arena_, spec_.initial);
  return {};
}

std::span<std::byte> Map::pages() {
  return arena_ == nullptr ? std::span<std::byte>() : arena_->window();
}

platform::ArenaPlace Map::arena_place() const {
  EXPECT(arena_ != nullptr);
  return ArenaMap::place(header());
}

Header& Map::header() const { return *reinterpret_cast<Header*>(address()); }
u64 Map::address() const { return reinterpret_cast<u64>(segment_.bytes().data()); }
u64 Map::values_address() const {
  if (arena_ != nullptr) return arena_place().user_begin;
  return spec_.kind == MapKind::array ? address() + header().values : 0;
}
u32 Map::stride() const { return header().stride; }
platform::ArrayShape Map::array_shape() const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.shape(header()); });
}
platform::MapLookup Map::lookup_body() const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.lookup_body(header()); });
}
u64 Map::lost() const { return header().lost.load(std::memory_order_relaxed); }

u64 Map::user_value_size() const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.user_value_size(header()); });
}

Result<std::vector<std::byte>> Map::lookup_copy(std::span<const std::byte> key) const {
  TRY(check_size(spec_, "a key", key.size(), spec_.key_size));
  Copied found =
      dispatch(spec_.kind, [&](auto kind) { return kind.lookup_copy(header(), key.data()); });
  if (!found) return Error(Fault::absent, format("map {}: no such key", spec_.name));
  return std::move(*found);
}

Result<void> Map::update(std::span<const std::byte> key, std::span<const std::byte> value,
                         platform::Update flags) {
  TRY(check_size(spec_, "a key", key.size(), spec_.key_size));
  TRY(check_size(spec_, "a value", value.size(), user_value_size()));
  return result_of(dispatch(spec_.kind,
                            [&](auto kind) {
                              return kind.update_all(header(), key.data(), value.data(), flags);
                            }),
                   spec_);
}

Result<void> Map::erase(std::span<const std::byte> key) {
  TRY(check_size(spec_, "a key", key.size(), spec_.key_size));
  return result_of(maps::erase(header(), key.data()), spec_);
}

std::optional<std::vector<std::byte>> Map::next_key(std::span<const std::byte> key) const {
  EXPECT(key.empty() || key.size() == spec_.key_size);
  return dispatch(spec_.kind, [&](auto kind) { return kind.next_key(header(), key); });
}

void Map::set_program(u32 index, const void* target, u32 id) {
  EXPECT(spec_.kind == MapKind::prog_array);
  ProgArrayMap::set(header(), index, target, id);
}

u64 Map::count() const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.count(header()); });
}

u64 Map::drain(const std::function<void(std::span<const std::byte> record)>& sink) {
  EXPECT(spec_.kind == MapKind::ringbuf);
  return RingMap::drain(header(), sink);
}

bool Map::contains(u64 address, u32 bytes) const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.contains(header(), address, bytes); });
}

bool Map::has_key_at(u64 address, u32 bytes) const {
  return dispatch(spec_.kind, [&](auto kind) { return kind.has_key_at(header(), address, bytes); });
}

}  // namespace skep::maps
