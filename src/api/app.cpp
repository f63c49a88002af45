#include <algorithm>

#include "api/state.hpp"
#include "base/text.hpp"
#include "hooks/packets/feed.hpp"

namespace skep {
namespace detail {

Result<Loaded> AppState::program(std::string_view name) const {
  const auto found = programs.find(name);
  if (found != programs.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [each, loaded] : programs) known.push_back(each);
  return no_such("program", name, known).within(object.name());
}

Result<maps::Map*> AppState::map(std::string_view name) {
  if (maps::Map* found = app->map(name)) return found;
  std::vector<std::string_view> known;
  for (const maps::Map& each : app->maps()) {
    if (!each.spec().is_globals) known.push_back(each.spec().name);
  }
  return no_such("map", name, known).within(object.name());
}

}  // namespace detail

namespace {

constexpr u64 kShortest = 14;  // an Ethernet header

// A frame for each thread that runs programs.
Result<runtime::Packet*> packet_of_this_thread() {
  thread_local std::optional<runtime::PacketArena> arena;
  if (!arena) arena = TRY(runtime::PacketArena::create(1));
  return &(*arena)[0];
}

Error wrong_size(const maps::Map& map, std::string_view what, u64 has, u64 given) {
  return {Fault::usage, format("map {}: {} have {}, and {} were given", map.spec().name, what,
                               counted(has, "byte"), given)};
}

Result<void> check_key(const maps::Map& map, std::size_t bytes) {
  if (bytes == map.spec().key_size) return {};
  return wrong_size(map, "keys", map.spec().key_size, bytes);
}

Result<void> check_value(const maps::Map& map, std::size_t bytes) {
  if (bytes == map.spec().value_size) return {};
  return wrong_size(map, "values", map.spec().value_size, bytes);
}

u64 stride_of(const maps::Map& map) { return (u64{map.spec().value_size} + 7) / 8 * 8; }
bool is_per_cpu(const maps::Map& map) { return map.user_value_size() != map.spec().value_size; }

}  // namespace

Result<Run> Program::run(std::span<const std::byte> packet) {
  const detail::Loaded loaded = TRY(at_.app->program(at_.name));
  if (packet.size() < kShortest || packet.size() > runtime::Packet::kLengthMax) {
    return Error(Fault::usage,
                 format("a packet of {}, expected {} to {}", counted(packet.size(), "byte"),
                        kShortest, runtime::Packet::kLengthMax));
  }
  runtime::Packet& frame = *TRY(packet_of_this_thread());
  frame.reset(loaded.type, packet, {});
  const u64 r0 = TRY(at_.app->app->run(*loaded.program, frame).within(at_.name));
  const auto left = frame.bytes();
  return Run{static_cast<u32>(r0), {left.begin(), left.end()}};
}

Result<Feed> Program::feed(const std::string& capture) {
  const detail::Loaded loaded = TRY(at_.app->program(at_.name));
  auto reader = TRY(hooks::CaptureReader::open(capture));
  auto summary = TRY(hooks::feed(*at_.app->app, *at_.app->environment, reader,
                                 {.program = *loaded.program, .type = loaded.type}));
  Feed out{.packets = summary.packets,
           .bytes = summary.bytes,
           .cut_short = std::move(summary.cut_short)};
  for (hooks::VerdictCount& each : summary.verdicts) {
    out.verdicts.push_back({std::move(each.name), each.packets});
  }
  return out;
}

Result<MapInfo> Map::info() const { return detail::info_of(TRY(at_.app->map(at_.name))->spec()); }

Result<std::size_t> Map::cpus() const {
  const maps::Map& map = *TRY(at_.app->map(at_.name));
  if (!is_per_cpu(map)) {
    return Error(Fault::usage, format("map {} has one value a key, not one a CPU", at_.name),
                 "use lookup()");
  }
  return map.user_value_size() / stride_of(map);
}

Result<void> Map::lookup_bytes(std::span<const std::byte> key, std::span<std::byte> value) const {
  const maps::Map& map = *TRY(at_.app->map(at_.name));
  if (is_per_cpu(map)) {
    return Error(Fault::usage, format("map {} has a value for each CPU", at_.name),
                 "use lookup_cpus()");
  }
  return lookup_cpu_bytes(key, 0, value);
}

Result<void> Map::lookup_cpu_bytes(std::span<const std::byte> key, std::size_t cpu,
                                   std::span<std::byte> value) const {
  const maps::Map& map = *TRY(at_.app->map(at_.name));
  TRY(check_key(map, key.size()));
  TRY(check_value(map, value.size()));
  const std::vector<std::byte> all = TRY(map.lookup_copy(key).within(at_.name));
  const auto one = std::span(all).subspan(cpu * stride_of(map), value.size());
  std::ranges::copy(one, value.begin());
  return {};
}

Result<void> Map::update_bytes(std::span<const std::byte> key, std::span<const std::byte> value,
                               Update how) {
  maps::Map& map = *TRY(at_.app->map(at_.name));
  TRY(check_key(map, key.size()));
  TRY(check_value(map, value.size()));
  std::vector<std::byte> all(map.user_value_size());
  for (u64 at = 0; at < all.size(); at += stride_of(map)) {
    std::ranges::copy(value, all.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return map.update(key, all, static_cast<platform::Update>(how)).within(at_.name);
}

Result<void> Map::erase_bytes(std::span<const std::byte> key) {
  maps::Map& map = *TRY(at_.app->map(at_.name));
  TRY(check_key(map, key.size()));
  return map.erase(key).within(at_.name);
}

Result<void> Map::for_each_key(std::size_t bytes,
                               const std::function<void(std::span<const std::byte>)>& take) const {
  const maps::Map& map = *TRY(at_.app->map(at_.name));
  TRY(check_key(map, bytes));
  for (auto key = map.next_key({}); key; key = map.next_key(*key)) take(*key);
  return {};
}

Result<std::uint64_t> Map::size() const { return TRY(at_.app->map(at_.name))->count(); }
Result<std::uint64_t> Map::lost() const { return TRY(at_.app->map(at_.name))->lost(); }

Result<std::uint64_t> RingBytes::drain(
    const std::function<void(std::span<const std::byte>)>& take) {
  maps::Map& map = *TRY(at_.app->map(at_.name));
  if (map.spec().kind == platform::MapKind::ringbuf) return map.drain(take);
  return Error(Fault::usage, format("map {} is {}, not a ring buffer", at_.name,
                                    platform::row(map.spec().kind).name));
}

Result<std::uint64_t> RingBytes::lost() const { return TRY(at_.app->map(at_.name))->lost(); }

GlobalVariable App::global(std::string_view name) const {
  auto place = std::make_shared<GlobalVariable::Place>();
  place->name = name;
  auto found = state_->object.global(name);
  if (!found.ok()) {
    place->absent = std::move(found).error().within(state_->object.name());
    return GlobalVariable(std::move(place));
  }
  place->types = &state_->object.types();
  place->type = found->type;
  // The memory of programs that run: what they do meanwhile is theirs to order.
  auto* const bytes =
      reinterpret_cast<std::byte*>(state_->app->maps()[found->map].values_address()) +
      found->offset;
  const bool is_constant =
      (state_->object.maps()[found->map].flags & platform::kReadOnlyForProgram) != 0;
  place->write = [state = state_, bytes, is_constant,
                  variable = place->name](std::span<const std::byte> value) -> Result<void> {
    if (is_constant) {
      return Error(Fault::usage, format("global {} is a constant of a loaded program", variable),
                   "set it in the Object before it is loaded");
    }
    std::memcpy(bytes, value.data(), value.size());
    return {};
  };
  place->read = [state = state_, bytes](std::span<std::byte> value) -> Result<void> {
    std::memcpy(value.data(), bytes, value.size());
    return {};
  };
  return GlobalVariable(std::move(place));
}

}  // namespace skep
