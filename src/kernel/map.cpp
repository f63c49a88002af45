#include "kernel/map.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "platform/bpf_information.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;
using platform::MapKind;
using platform::set_of;

// Their values are descriptors when they are written and ids when they are read.
constexpr platform::MapKinds kOfDescriptors =
    set_of(MapKind::prog_array, MapKind::perf_event_array, MapKind::cgroup_array,
           MapKind::array_of_maps, MapKind::hash_of_maps);
constexpr int kNotSupported = 524;  // ENOTSUPP, of the kernel alone

bool is_in(MapKind kind, platform::MapKinds kinds) { return (set_of(kind) & kinds) != 0; }

const void* or_null(std::span<const std::byte> bytes) {
  return bytes.empty() ? nullptr : bytes.data();
}

}  // namespace

Result<MapFacts> map_facts(const Fd& fd) {
  const auto known = TRY(info<platform::MapInformation>(fd));
  const MapKind kind = platform::map_kind(known.type);
  if (kind == MapKind::count_) {
    return Error(Fault::unsupported, format("map {}: its kind, {}, is newer than this skep",
                                            u32{known.id}, u32{known.type}));
  }
  MapFacts facts;
  facts.id = known.id;
  facts.types_id = known.btf_id;
  facts.spec.name = text_of(known.name);
  facts.spec.kind = kind;
  facts.spec.key_size = known.key_size;
  facts.spec.value_size = known.value_size;
  facts.spec.max_entries = known.max_entries;
  facts.spec.flags = known.flags;
  facts.spec.extra = known.extra;
  facts.spec.key_type = known.btf_key_type_id;
  facts.spec.value_type = known.btf_value_type_id;
  return facts;
}

Result<Map> Map::of(Fd fd) {
  MapFacts facts = TRY(map_facts(fd));
  return of(std::move(fd), std::move(facts.spec));
}

Result<Map> Map::of(Fd fd, platform::MapSpec spec) {
  // A perf buffer whose definition does not say how many was made with one for each CPU.
  if (spec.kind == MapKind::perf_event_array && spec.max_entries == 0)
    spec.max_entries = TRY(possible_cpus());
  const u32 cpus = platform::is_per_cpu(spec.kind) ? TRY(possible_cpus()) : 1;
  return Map(std::move(fd), std::move(spec), cpus);
}

Result<Map> Map::open(u32 id) { return of(TRY(open_id(Kind::map, id))); }

u64 Map::user_value_size() const {
  if (platform::is_per_cpu(spec_.kind)) return (u64{spec_.value_size} + 7) / 8 * 8 * cpus_;
  return is_in(spec_.kind, kOfDescriptors) ? sizeof(u32) : spec_.value_size;
}

Error Map::no_such_key() const {
  return {Fault::absent, format("map {}: no such key", spec_.name)};
}

Result<void> Map::check_sizes(std::span<const std::byte> key,
                              std::optional<u64> value_bytes) const {
  const auto check = [&](std::string_view what, u64 has, u64 wanted) -> Result<void> {
    if (has == wanted) return {};
    return Error(Fault::usage,
                 format("map {}: {} of {} instead of {} bytes", spec_.name, what, has, wanted));
  };
  TRY(check("a key", key.size(), spec_.key_size));
  return value_bytes ? check("a value", *value_bytes, user_value_size()) : Result<void>();
}

Result<void> Map::done_with(s64 returned, std::string_view doing) const {
  if (returned >= 0) return {};
  const auto error = [&](Fault fault, std::string_view what, std::string_view hint = {}) {
    return Error(fault, format("map {}: {}", spec_.name, what), std::string(hint));
  };
  switch (-returned) {
    case ENOENT: return no_such_key();
    case EEXIST: return error(Fault::usage, "the key is there already");
    case E2BIG:
      if (platform::row(spec_.kind).key == platform::KeyRule::index) {
        return error(Fault::absent,
                     format("the index is not below max_entries, {}", spec_.max_entries));
      }
      return error(Fault::exhausted, "it is full", "raise its max_entries");
    case kNotSupported:
    case EOPNOTSUPP:
    case EINVAL:
      return error(Fault::unsupported,
                   format("maps of kind {} cannot do this", platform::row(spec_.kind).name));
    case EPERM:
      if (missing(kBpf).empty()) {
        return error(Fault::denied,
                     "it is frozen, or was opened or made without the right to do this");
      }
      [[fallthrough]];
    default:
      return refused(format("{} map {}", doing, spec_.name), static_cast<int>(-returned), kBpf);
  }
}

Result<std::vector<std::byte>> Map::lookup_copy(std::span<const std::byte> key) const {
  TRY(check_sizes(key, std::nullopt));
  std::vector<std::byte> value(user_value_size());
  platform::UpdateElement look{};
  look.map_fd = static_cast<u32>(fd_.get());
  look.key = address_of(or_null(key));
  look.value = address_of(value.data());
  TRY(done_with(bpf(Command::lookup_element, look), "read"));
  return value;
}

Result<void> Map::update(std::span<const std::byte> key, std::span<const std::byte> value,
                         platform::Update flags) {
  TRY(check_sizes(key, value.size()));
  platform::UpdateElement change{};
  change.map_fd = static_cast<u32>(fd_.get());
  change.key = address_of(or_null(key));
  change.value = address_of(value.data());
  change.flags = static_cast<u64>(flags);
  return done_with(bpf(Command::update_element, change), "write to");
}

Result<void> Map::erase(std::span<const std::byte> key) {
  TRY(check_sizes(key, std::nullopt));
  platform::UpdateElement gone{};
  gone.map_fd = static_cast<u32>(fd_.get());
  gone.key = address_of(or_null(key));
  return done_with(bpf(Command::delete_element, gone), "delete from");
}

Result<std::vector<std::byte>> Map::take(std::span<const std::byte> key) {
  TRY(check_sizes(key, std::nullopt));
  std::vector<std::byte> value(user_value_size());
  platform::UpdateElement taken{};
  taken.map_fd = static_cast<u32>(fd_.get());
  taken.key = address_of(or_null(key));
  taken.value = address_of(value.data());
  TRY(done_with(bpf(Command::lookup_and_delete, taken), "take from"));
  return value;
}

Result<std::optional<Map::Key>> Map::key_after(std::span<const std::byte> key) const {
  if (!key.empty()) TRY(check_sizes(key, std::nullopt));
  Key next(spec_.key_size);
  platform::UpdateElement walk{};
  walk.map_fd = static_cast<u32>(fd_.get());
  walk.key = address_of(or_null(key));
  walk.value = address_of(next.data());
  const s64 returned = bpf(Command::next_key, walk);
  if (returned == -ENOENT) return std::optional<Key>();
  TRY(done_with(returned, "walk"));
  return std::optional(std::move(next));
}

std::optional<Map::Key> Map::next_key(std::span<const std::byte> key) const {
  auto next = key_after(key);
  return next.ok() ? std::move(*next) : std::nullopt;
}

Result<void> Map::map_pages() {
  EXPECT(spec_.kind == MapKind::arena);
  auto pages = Mapping::at_place(fd_, spec_.extra, platform::memory_of(spec_).bytes);
  if (!pages.ok()) {
    Error error = std::move(pages).error();
    error.message = format("map {}: {}", spec_.name, error.message);
    return error;
  }
  pages_ = std::move(*pages);
  return {};
}

std::span<std::byte> Map::pages() { return pages_ ? pages_->writable() : std::span<std::byte>(); }

Result<void> Map::freeze() {
  platform::FreezeMap freeze{};
  freeze.map_fd = static_cast<u32>(fd_.get());
  return done_with(bpf(Command::freeze_map, freeze), "freeze");
}

}  // namespace skep::kernel
