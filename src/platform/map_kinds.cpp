#include "platform/map_kinds.hpp"

#include <bit>

#include "base/text.hpp"

namespace skep::platform {
namespace {

constexpr u32 kNumaNode = 1u << 2, kReadOnly = 1u << 3, kWriteOnly = 1u << 4, kZeroSeed = 1u << 6,
              kWriteOnlyForProgram = 1u << 8, kInnerMap = 1u << 12;
constexpr u32 kCommon =
    kNumaNode | kReadOnly | kWriteOnly | kReadOnlyForProgram | kWriteOnlyForProgram;

constexpr MapKindRow known(std::string_view name) {
  return {name, KeyRule::any, ValueRule::any, ~0u, InUserEngine::no};
}

// clang-format off
constexpr EnumArray<MapKind, MapKindRow> kRows({
    {MapKind::hash, {"hash", KeyRule::any, ValueRule::any, kCommon | kNoPreallocation | kZeroSeed, InUserEngine::yes}},
    {MapKind::array, {"array", KeyRule::index, ValueRule::any, kCommon | kMappable | kInnerMap, InUserEngine::yes}},
    {MapKind::percpu_array, {"percpu_array", KeyRule::index, ValueRule::any, kCommon, InUserEngine::yes}},
    {MapKind::prog_array, {"prog_array", KeyRule::index, ValueRule::descriptor, kCommon, InUserEngine::yes}},
    {MapKind::ringbuf, {"ringbuf", KeyRule::none, ValueRule::none, kNumaNode, InUserEngine::yes}},
    {MapKind::perf_event_array, known("perf_event_array")},
    {MapKind::percpu_hash, known("percpu_hash")},
    {MapKind::stack_trace, known("stack_trace")},
    {MapKind::cgroup_array, known("cgroup_array")},
    {MapKind::lru_hash, known("lru_hash")},
    {MapKind::lru_percpu_hash, known("lru_percpu_hash")},
    {MapKind::lpm_trie, known("lpm_trie")},
    {MapKind::array_of_maps, known("array_of_maps")},
    {MapKind::hash_of_maps, known("hash_of_maps")},
    {MapKind::devmap, known("devmap")},
    {MapKind::sockmap, known("sockmap")},
    {MapKind::cpumap, known("cpumap")},
    {MapKind::xskmap, known("xskmap")},
    {MapKind::sockhash, known("sockhash")},
    {MapKind::cgroup_storage, known("cgroup_storage")},
    {MapKind::reuseport_sockarray, known("reuseport_sockarray")},
    {MapKind::percpu_cgroup_storage, known("percpu_cgroup_storage")},
    {MapKind::queue, known("queue")},
    {MapKind::stack, known("stack")},
    {MapKind::sk_storage, known("sk_storage")},
    {MapKind::devmap_hash, known("devmap_hash")},
    {MapKind::struct_ops, known("struct_ops")},
    {MapKind::inode_storage, known("inode_storage")},
    {MapKind::task_storage, known("task_storage")},
    {MapKind::bloom_filter, known("bloom_filter")},
    {MapKind::user_ringbuf, known("user_ringbuf")},
    {MapKind::cgrp_storage, known("cgrp_storage")},
    {MapKind::arena, known("arena")},
    {MapKind::insn_array, known("insn_array")},
    {MapKind::rhash, known("rhash")},
});
// clang-format on

constexpr u32 kKeyBytesMax = 512;           // MAX_BPF_STACK
constexpr u32 kValueBytesMax = 1u << 22;    // KMALLOC_MAX_SIZE, about
constexpr u64 kMapBytesMax = u64{1} << 36;  // ours: what one map may reserve
constexpr u32 kPageBytes = 4096;

Error wrong(const MapSpec& spec, std::string_view what, std::string_view hint = {}) {
  return {Fault::malformed, format("map {}: {}", spec.name, what), std::string(hint)};
}

Result<void> check_ring(const MapSpec& spec) {
  if (spec.max_entries < kPageBytes || !std::has_single_bit(spec.max_entries)) {
    return wrong(spec, format("a ring buffer of {} bytes", spec.max_entries),
                 "max_entries is its size in bytes: a power of two, at least 4096");
  }
  return {};
}

}  // namespace

const MapKindRow& row(MapKind kind) { return kRows[kind]; }

MapKind map_kind(u32 kernel_number) {
  if (kernel_number == 0 || kernel_number > kCount<MapKind>) return MapKind::count_;
  return static_cast<MapKind>(kernel_number - 1);
}

Result<void> check(const MapSpec& spec) {
  const MapKindRow& kind = row(spec.kind);
  if ((spec.flags & ~kind.flags) != 0) {
    return wrong(spec,
                 format("flags 0x{:x} are not for a {}", spec.flags & ~kind.flags, kind.name));
  }
  if (kind.key == KeyRule::none && spec.key_size != 0)
    return wrong(spec, format("a {} has no key", kind.name));
  if (kind.key == KeyRule::index && spec.key_size != 4) {
    return wrong(spec, format("key of {} bytes", spec.key_size),
                 "its key is an index: use __type(key, __u32)");
  }
  if (kind.key == KeyRule::any && (spec.key_size == 0 || spec.key_size > kKeyBytesMax)) {
    return wrong(spec, format("key of {} bytes", spec.key_size), "a key has 1 to 512 bytes");
  }
  if (kind.value == ValueRule::none && spec.value_size != 0)
    return wrong(spec, format("a {} has no value", kind.name));
  if (kind.value == ValueRule::descriptor && spec.value_size != 4) {
    return wrong(spec, format("value of {} bytes", spec.value_size),
                 "its values are programs: use __type(value, __u32)");
  }
  if (kind.value == ValueRule::any && (spec.value_size == 0 || spec.value_size > kValueBytesMax)) {
    return wrong(spec, format("value of {} bytes", spec.value_size), "a value has 1 byte to 4 MiB");
  }
  if (spec.max_entries == 0)
    return wrong(spec, "no entries", "give it __uint(max_entries, N) with N of at least 1");
  if (spec.kind == MapKind::ringbuf) return check_ring(spec);
  const u64 bytes = u64{spec.max_entries} * (u64{spec.key_size} + spec.value_size + 16);
  if (bytes > kMapBytesMax) {
    return Error(Fault::exhausted,
                 format("map {}: {} bytes for {} entries", spec.name, bytes, spec.max_entries),
                 "lower max_entries");
  }
  return {};
}

}  // namespace skep::platform
