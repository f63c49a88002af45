#include "platform/map_kinds.hpp"

#include <array>
#include <bit>

#include "base/text.hpp"

namespace skep::platform {
namespace {

constexpr u32 kOwnLists = 1u << 1, kNumaNode = 1u << 2, kReadOnly = 1u << 3, kWriteOnly = 1u << 4,
              kStackBuildId = 1u << 5, kZeroSeed = 1u << 6, kClone = 1u << 9,
              kPreserveElements = 1u << 11, kInnerMap = 1u << 12;
constexpr u32 kAccess = kNumaNode | kReadOnly | kWriteOnly;
constexpr u32 kCommon = kAccess | kReadOnlyForProgram | kWriteOnlyForProgram;

// By bit (include/uapi/linux/bpf.h).
constexpr auto kFlags = std::to_array<MapFlag>({
    {"BPF_F_NO_PREALLOC", "4.6"},  {"BPF_F_NO_COMMON_LRU", "4.10"},
    {"BPF_F_NUMA_NODE", "4.14"},   {"BPF_F_RDONLY", "4.15"},
    {"BPF_F_WRONLY", "4.15"},      {"BPF_F_STACK_BUILD_ID", "4.17"},
    {"BPF_F_ZERO_SEED", "5.0"},    {"BPF_F_RDONLY_PROG", "5.2"},
    {"BPF_F_WRONLY_PROG", "5.2"},  {"BPF_F_CLONE", "5.4"},
    {"BPF_F_MMAPABLE", "5.5"},     {"BPF_F_PRESERVE_ELEMS", "5.10"},
    {"BPF_F_INNER_MAP", "5.10"},   {"BPF_F_LINK", "6.4"},
    {"BPF_F_PATH_FD", "6.5"},      {"BPF_F_VTYPE_BTF_OBJ_FD", "6.9"},
    {"BPF_F_TOKEN_FD", "6.9"},     {"BPF_F_SEGV_ON_FAULT", "6.9"},
    {"BPF_F_NO_USER_CONV", "6.9"},
});

// clang-format off
constexpr EnumArray<MapKind, MapKindRow> kKindRows({
    {MapKind::hash, {"hash", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kNoPreallocation | kZeroSeed, InUserEngine::yes, "3.19"}},
    {MapKind::array, {"array", KeyRule::index, ValueRule::any, EntriesRule::some, kCommon | kMappable | kInnerMap, InUserEngine::yes, "3.19"}},
    {MapKind::prog_array, {"prog_array", KeyRule::index, ValueRule::descriptor, EntriesRule::some, kCommon, InUserEngine::yes, "4.2"}},
    {MapKind::perf_event_array, {"perf_event_array", KeyRule::index, ValueRule::descriptor, EntriesRule::some, kCommon | kPreserveElements, InUserEngine::no, "4.3"}},
    {MapKind::percpu_hash, {"percpu_hash", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kNoPreallocation | kZeroSeed, InUserEngine::no, "4.6"}},
    {MapKind::percpu_array, {"percpu_array", KeyRule::index, ValueRule::any, EntriesRule::some, kCommon, InUserEngine::yes, "4.6"}},
    {MapKind::stack_trace, {"stack_trace", KeyRule::index, ValueRule::any, EntriesRule::some, kAccess | kStackBuildId, InUserEngine::no, "4.6", Privilege::bpf}},
    {MapKind::cgroup_array, {"cgroup_array", KeyRule::index, ValueRule::descriptor, EntriesRule::some, kCommon, InUserEngine::no, "4.8"}},
    {MapKind::lru_hash, {"lru_hash", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kOwnLists | kZeroSeed, InUserEngine::no, "4.10", Privilege::bpf}},
    {MapKind::lru_percpu_hash, {"lru_percpu_hash", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kOwnLists | kZeroSeed, InUserEngine::no, "4.10", Privilege::bpf}},
    {MapKind::lpm_trie, {"lpm_trie", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kNoPreallocation, InUserEngine::no, "4.11", Privilege::bpf}},
    {MapKind::array_of_maps, {"array_of_maps", KeyRule::index, ValueRule::descriptor, EntriesRule::some, kCommon | kInnerMap, InUserEngine::no, "4.12"}},
    {MapKind::hash_of_maps, {"hash_of_maps", KeyRule::any, ValueRule::descriptor, EntriesRule::some, kCommon | kNoPreallocation | kZeroSeed, InUserEngine::no, "4.12"}},
    {MapKind::devmap, {"devmap", KeyRule::index, ValueRule::endpoint, EntriesRule::some, kAccess | kReadOnlyForProgram, InUserEngine::no, "4.14", Privilege::net_admin}},
    {MapKind::sockmap, {"sockmap", KeyRule::index, ValueRule::endpoint, EntriesRule::some, kAccess, InUserEngine::no, "4.14", Privilege::net_admin}},
    {MapKind::cpumap, {"cpumap", KeyRule::index, ValueRule::endpoint, EntriesRule::some, kNumaNode, InUserEngine::no, "4.15", Privilege::bpf}},
    {MapKind::xskmap, {"xskmap", KeyRule::index, ValueRule::descriptor, EntriesRule::some, kAccess, InUserEngine::no, "4.18", Privilege::net_admin}},
    {MapKind::sockhash, {"sockhash", KeyRule::any, ValueRule::endpoint, EntriesRule::some, kAccess, InUserEngine::no, "4.18", Privilege::net_admin}},
    {MapKind::cgroup_storage, {"cgroup_storage", KeyRule::any, ValueRule::any, EntriesRule::none, kCommon, InUserEngine::no, "4.19"}},
    {MapKind::reuseport_sockarray, {"reuseport_sockarray", KeyRule::index, ValueRule::endpoint, EntriesRule::some, kCommon, InUserEngine::no, "4.19", Privilege::bpf}},
    {MapKind::percpu_cgroup_storage, {"percpu_cgroup_storage", KeyRule::any, ValueRule::any, EntriesRule::none, kCommon, InUserEngine::no, "4.20"}},
    {MapKind::queue, {"queue", KeyRule::none, ValueRule::any, EntriesRule::some, kCommon, InUserEngine::no, "4.20", Privilege::bpf}},
    {MapKind::stack, {"stack", KeyRule::none, ValueRule::any, EntriesRule::some, kCommon, InUserEngine::no, "4.20", Privilege::bpf}},
    {MapKind::sk_storage, {"sk_storage", KeyRule::descriptor, ValueRule::any, EntriesRule::none, kNoPreallocation | kClone, InUserEngine::no, "5.2", Privilege::bpf}},
    {MapKind::devmap_hash, {"devmap_hash", KeyRule::index, ValueRule::endpoint, EntriesRule::some, kAccess | kReadOnlyForProgram, InUserEngine::no, "5.4", Privilege::net_admin}},
    {MapKind::struct_ops, {"struct_ops", KeyRule::index, ValueRule::any, EntriesRule::one, kStructOpsLink | kTypeOfModule, InUserEngine::no, "5.6", Privilege::bpf}},
    {MapKind::ringbuf, {"ringbuf", KeyRule::none, ValueRule::none, EntriesRule::some, kNumaNode, InUserEngine::yes, "5.8"}},
    {MapKind::inode_storage, {"inode_storage", KeyRule::descriptor, ValueRule::any, EntriesRule::none, kNoPreallocation | kClone, InUserEngine::no, "5.10", Privilege::bpf}},
    {MapKind::task_storage, {"task_storage", KeyRule::descriptor, ValueRule::any, EntriesRule::none, kNoPreallocation | kClone, InUserEngine::no, "5.11", Privilege::bpf}},
    {MapKind::bloom_filter, {"bloom_filter", KeyRule::none, ValueRule::any, EntriesRule::some, kCommon | kZeroSeed, InUserEngine::no, "5.16", Privilege::bpf}},
    {MapKind::user_ringbuf, {"user_ringbuf", KeyRule::none, ValueRule::none, EntriesRule::some, kNumaNode, InUserEngine::no, "6.1"}},
    {MapKind::cgrp_storage, {"cgrp_storage", KeyRule::descriptor, ValueRule::any, EntriesRule::none, kNoPreallocation | kClone, InUserEngine::no, "6.2", Privilege::bpf}},
    {MapKind::arena, {"arena", KeyRule::none, ValueRule::none, EntriesRule::some, kMappable | kSignalOnFault | kNoUserConversion, InUserEngine::yes, "6.9", Privilege::bpf}},
    {MapKind::insn_array, {"insn_array", KeyRule::index, ValueRule::any, EntriesRule::some, kReadOnlyForProgram, InUserEngine::no, "6.19", Privilege::bpf}},
    {MapKind::rhash, {"rhash", KeyRule::any, ValueRule::any, EntriesRule::some, kCommon | kNoPreallocation | kZeroSeed, InUserEngine::no, "", Privilege::bpf}},
});
// clang-format on

// clang-format off
constexpr EnumArray<MapKind, std::string_view> kStructures({
    {MapKind::hash, "bpf_htab"},
    {MapKind::array, "bpf_array"},
    {MapKind::prog_array, "bpf_array"},
    {MapKind::perf_event_array, "bpf_array"},
    {MapKind::percpu_hash, "bpf_htab"},
    {MapKind::percpu_array, "bpf_array"},
    {MapKind::stack_trace, "bpf_stack_map"},
    {MapKind::cgroup_array, "bpf_array"},
    {MapKind::lru_hash, "bpf_htab"},
    {MapKind::lru_percpu_hash, "bpf_htab"},
    {MapKind::lpm_trie, "lpm_trie"},
    {MapKind::array_of_maps, "bpf_array"},
    {MapKind::hash_of_maps, "bpf_htab"},
    {MapKind::devmap, "bpf_dtab"},
    {MapKind::sockmap, "bpf_stab"},
    {MapKind::cpumap, "bpf_cpu_map"},
    {MapKind::xskmap, "xsk_map"},
    {MapKind::sockhash, "bpf_shtab"},
    {MapKind::cgroup_storage, "bpf_cgroup_storage_map"},
    {MapKind::reuseport_sockarray, "reuseport_array"},
    {MapKind::percpu_cgroup_storage, "bpf_cgroup_storage_map"},
    {MapKind::queue, "bpf_queue_stack"},
    {MapKind::stack, "bpf_queue_stack"},
    {MapKind::sk_storage, "bpf_local_storage_map"},
    {MapKind::devmap_hash, "bpf_dtab"},
    {MapKind::struct_ops, "bpf_struct_ops_map"},
    {MapKind::ringbuf, "bpf_ringbuf_map"},
    {MapKind::inode_storage, "bpf_local_storage_map"},
    {MapKind::task_storage, "bpf_local_storage_map"},
    {MapKind::bloom_filter, "bpf_bloom_filter"},
    {MapKind::user_ringbuf, "bpf_ringbuf_map"},
    {MapKind::cgrp_storage, "bpf_local_storage_map"},
    {MapKind::arena, "bpf_arena"},
    {MapKind::insn_array, "bpf_insn_array"},
    {MapKind::rhash, "bpf_map"},
});
// clang-format on

constexpr u32 kKeyBytesMax = 512;           // MAX_BPF_STACK
constexpr u32 kValueBytesMax = 1u << 22;    // KMALLOC_MAX_SIZE, about
constexpr u64 kMapBytesMax = u64{1} << 36;  // ours: what one map may reserve
constexpr u32 kPageBytes = 4096;
constexpr u64 kArenaBytesMax = u64{1} << 32;
constexpr u32 kElementBytes = 48;  // of a hash beside key and value: struct htab_elem

constexpr MapKinds kPerCpu =
    set_of(MapKind::percpu_array, MapKind::percpu_hash, MapKind::lru_percpu_hash);
constexpr MapKinds kAllRings = set_of(MapKind::ringbuf, MapKind::user_ringbuf);
constexpr MapKinds kHashes =
    set_of(MapKind::hash, MapKind::lru_hash, MapKind::hash_of_maps, MapKind::rhash);

Error wrong(const MapSpec& spec, std::string_view what, std::string_view hint = {}) {
  return {Fault::malformed, format("map {}: {}", spec.name, what), std::string(hint)};
}

Result<void> check_flags(const MapSpec& spec, const MapKindRow& kind) {
  const u32 foreign = spec.flags & ~kind.flags;
  if (foreign == 0) return {};
  std::string names;
  for (const MapFlag& flag : map_flags(foreign)) names += format(" {}", flag.name);
  return wrong(spec, format("flags 0x{:x}{} are not for a {}", foreign,
                            names.empty() ? "" : format(" ({})", names.substr(1)), kind.name));
}

Result<void> check_key(const MapSpec& spec, const MapKindRow& kind) {
  const std::string what = format("key of {}", counted(spec.key_size, "byte"));
  switch (kind.key) {
    case KeyRule::any:
      if (spec.key_size >= 1 && spec.key_size <= kKeyBytesMax) return {};
      return wrong(spec, what, "a key has 1 to 512 bytes");
    case KeyRule::index:
      if (spec.key_size == 4) return {};
      return wrong(spec, what, "its key is an index: use __type(key, __u32)");
    case KeyRule::descriptor:
      if (spec.key_size == 4) return {};
      return wrong(spec, what, "its key names what the value belongs to: use __type(key, int)");
    case KeyRule::none:
      if (spec.key_size == 0) return {};
      return wrong(spec, format("a {} has no key", kind.name));
  }
  return {};
}

Result<void> check_value(const MapSpec& spec, const MapKindRow& kind) {
  const std::string what = format("value of {}", counted(spec.value_size, "byte"));
  switch (kind.value) {
    case ValueRule::any:
      if (spec.value_size >= 1 && spec.value_size <= kValueBytesMax) return {};
      return wrong(spec, what, "a value has 1 byte to 4 MiB");
    case ValueRule::descriptor:
      if (spec.value_size == 4) return {};
      return wrong(spec, what, "its values are programs or maps: use __type(value, __u32)");
    case ValueRule::endpoint:
      if (spec.value_size == 4 || spec.value_size == 8) return {};
      return wrong(spec, what, "its values are numbers of 4 or 8 bytes");
    case ValueRule::none:
      if (spec.value_size == 0) return {};
      return wrong(spec, format("a {} has no value", kind.name));
  }
  return {};
}

Result<void> check_ring(const MapSpec& spec) {
  if (spec.max_entries < kPageBytes || !std::has_single_bit(spec.max_entries)) {
    return wrong(spec, format("a ring buffer of {} bytes", spec.max_entries),
                 "max_entries is its size in bytes: a power of two, at least 4096");
  }
  return {};
}

// arena_map_alloc in kernel/bpf/arena.c. Not asked here: whether the address is free.
Result<void> check_arena(const MapSpec& spec) {
  if ((spec.flags & kMappable) == 0) {
    return wrong(spec, "an arena that cannot be mapped",
                 "give it __uint(map_flags, BPF_F_MMAPABLE)");
  }
  const u64 bytes = u64{spec.max_entries} * kPageBytes;
  if (bytes > kArenaBytesMax) {
    return Error(Fault::exhausted, format("map {}: {} pages", spec.name, spec.max_entries),
                 "an arena has 1,048,576 pages at most: 4 GiB");
  }
  if (spec.extra % kPageBytes != 0) {
    return wrong(spec, format("map_extra 0x{:x}", spec.extra),
                 "the address of an arena is that of a page: a multiple of 4096");
  }
  if (spec.extra >> 32 == (spec.extra + bytes - 1) >> 32) return {};
  return wrong(spec, format("{} pages from 0x{:x} on", spec.max_entries, spec.extra),
               "an arena does not cross a multiple of 4 GiB: take another address or fewer pages");
}

Result<void> check_entries(const MapSpec& spec, const MapKindRow& kind) {
  switch (kind.entries) {
    case EntriesRule::some:
      if (spec.max_entries != 0) break;
      return wrong(spec, "no entries", "give it __uint(max_entries, N) with N of at least 1");
    case EntriesRule::one:
      if (spec.max_entries == 1) break;
      return wrong(spec, format("{} entries", spec.max_entries), "it has exactly one");
    case EntriesRule::none:
      if (spec.max_entries == 0) break;
      return wrong(spec, format("{} entries", spec.max_entries),
                   "it has as many as there are owners: leave max_entries out");
  }
  if (spec.kind == MapKind::ringbuf || spec.kind == MapKind::user_ringbuf) return check_ring(spec);
  if (spec.kind == MapKind::arena) return check_arena(spec);
  const u64 bytes = u64{spec.max_entries} * (u64{spec.key_size} + spec.value_size + 16);
  if (bytes <= kMapBytesMax) return {};
  return Error(Fault::exhausted,
               format("map {}: {} bytes for {} entries", spec.name, bytes, spec.max_entries),
               "lower max_entries");
}

}  // namespace

std::string_view structure_of(MapKind kind) { return kStructures[kind]; }

const MapKindRow& row(MapKind kind) { return kKindRows[kind]; }

MapKind map_kind(u32 kernel_number) {
  if (kernel_number == 0 || kernel_number > kCount<MapKind>) return MapKind::count_;
  return static_cast<MapKind>(kernel_number - 1);
}

std::vector<MapFlag> map_flags(u32 flags) {
  std::vector<MapFlag> out;
  for (std::size_t bit = 0; bit < kFlags.size(); ++bit) {
    if ((flags >> bit & 1) != 0) out.push_back(kFlags[bit]);
  }
  return out;
}

MapMemory memory_of(const MapSpec& spec) {
  const auto rounded = [](u64 bytes) { return (bytes + 7) / 8 * 8; };
  const u64 value = rounded(spec.value_size);
  const u64 entries = spec.max_entries;
  const MapKinds kind = set_of(spec.kind);
  if ((kind & kPerCpu) != 0) return {entries * value, true};
  if ((kind & kAllRings) != 0) return {entries, false};
  if (spec.kind == MapKind::arena) return {entries * kPageBytes, false};
  const u64 key = row(spec.kind).key == KeyRule::index ? 0 : rounded(spec.key_size);
  return {entries * (value + key + ((kind & kHashes) != 0 ? kElementBytes : 0)), false};
}

Result<void> check(const MapSpec& spec) {
  const MapKindRow& kind = row(spec.kind);
  TRY(check_flags(spec, kind));
  TRY(check_key(spec, kind));
  TRY(check_value(spec, kind));
  return check_entries(spec, kind);
}

}  // namespace skep::platform
