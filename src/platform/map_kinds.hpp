// The kinds of maps, and what a program's definition of each may say.
//
// Numbers are those of enum bpf_map_type plus one row less (include/uapi/linux/bpf.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "platform/capabilities.hpp"
#include "platform/special_fields.hpp"
#include "skep/result.hpp"

namespace skep::platform {

enum class MapKind : u8 {
  hash,
  array,
  prog_array,
  perf_event_array,
  percpu_hash,
  percpu_array,
  stack_trace,
  cgroup_array,
  lru_hash,
  lru_percpu_hash,
  lpm_trie,
  array_of_maps,
  hash_of_maps,
  devmap,
  sockmap,
  cpumap,
  xskmap,
  sockhash,
  cgroup_storage,
  reuseport_sockarray,
  percpu_cgroup_storage,
  queue,
  stack,
  sk_storage,
  devmap_hash,
  struct_ops,
  ringbuf,
  inode_storage,
  task_storage,
  bloom_filter,
  user_ringbuf,
  cgrp_storage,
  arena,
  insn_array,
  rhash,
  count_
};

constexpr u32 kernel_number(MapKind kind) { return static_cast<u32>(kind) + 1; }

using MapKinds = u64;  // a set of them
constexpr MapKinds set_of(MapKind kind) { return u64{1} << static_cast<u32>(kind); }
template <class... More>
constexpr MapKinds set_of(MapKind first, More... more) {
  return set_of(first) | set_of(more...);
}

// Their values are one for each CPU.
inline constexpr MapKinds kPerCpuKinds =
    set_of(MapKind::percpu_array, MapKind::percpu_hash, MapKind::lru_percpu_hash,
           MapKind::percpu_cgroup_storage);
constexpr bool is_per_cpu(MapKind kind) { return (set_of(kind) & kPerCpuKinds) != 0; }

// What programs that may sleep can use (check_map_prog_compatibility in kernel/bpf/verifier.c).
inline constexpr MapKinds kSleepableKinds =
    set_of(MapKind::hash, MapKind::array, MapKind::percpu_hash, MapKind::percpu_array,
           MapKind::lru_hash, MapKind::lru_percpu_hash, MapKind::array_of_maps,
           MapKind::hash_of_maps, MapKind::queue, MapKind::stack, MapKind::ringbuf,
           MapKind::user_ringbuf, MapKind::sk_storage, MapKind::inode_storage,
           MapKind::task_storage, MapKind::cgrp_storage, MapKind::arena, MapKind::insn_array);

// The kernel's structure of such a map, which programs read through its address (map_btf_id of the
// kinds in kernel/bpf/, net/core/sock_map.c and net/xdp/xskmap.c).
std::string_view structure_of(MapKind kind);

enum class KeyRule : u8 {
  any,         // 1 to 512 bytes
  index,       // four bytes that count
  descriptor,  // four bytes that name a task, socket, inode or cgroup
  none,
};
enum class ValueRule : u8 {
  any,
  none,
  descriptor,  // four bytes that name a program or a map
  endpoint,    // four or eight bytes that name a device, CPU or socket
};
// What max_entries may be.
enum class EntriesRule : u8 { some, one, none };
enum class InUserEngine : u8 { no, yes };

struct MapKindRow {
  std::string_view name;  // as bpftool prints it, and in BTF definitions without BPF_MAP_TYPE_
  KeyRule key;
  ValueRule value;
  EntriesRule entries;
  u32 flags;  // BPF_F_* that may be set
  InUserEngine user_engine;
  std::string_view since;  // first kernel release with it; empty when that is not known
  Privilege privilege = Privilege::none;  // what who makes one needs (map_create in
                                          // kernel/bpf/syscall.c)
};
const MapKindRow& row(MapKind kind);
// By the number of bpf(2), or count_.
MapKind map_kind(u32 kernel_number);

inline constexpr u32 kNoPreallocation = 1u << 0;      // BPF_F_NO_PREALLOC
inline constexpr u32 kReadOnlyForProgram = 1u << 7;   // BPF_F_RDONLY_PROG
inline constexpr u32 kWriteOnlyForProgram = 1u << 8;  // BPF_F_WRONLY_PROG
inline constexpr u32 kMappable = 1u << 10;            // BPF_F_MMAPABLE
inline constexpr u32 kStructOpsLink = 1u << 13;       // BPF_F_LINK
inline constexpr u32 kTypeOfModule = 1u << 15;        // BPF_F_VTYPE_BTF_OBJ_FD
inline constexpr u32 kSignalOnFault = 1u << 17;       // BPF_F_SEGV_ON_FAULT
inline constexpr u32 kNoUserConversion = 1u << 18;    // BPF_F_NO_USER_CONV

struct MapFlag {
  std::string_view name;   // "BPF_F_NO_PREALLOC"
  std::string_view since;  // first kernel release with it
};
// Those of the bits of `flags`, lowest first; a bit without a name is left out.
std::vector<MapFlag> map_flags(u32 flags);

// Flags of an update (BPF_ANY, BPF_NOEXIST, BPF_EXIST).
enum class Update : u64 { any = 0, only_new = 1, only_existing = 2 };

// What an object says of one of its maps; nothing exists yet. Global variables are maps too: one
// value that is the whole section.
struct MapSpec {
  std::string name;
  MapKind kind = MapKind::array;
  u32 key_size = 0;     // bytes
  u32 value_size = 0;   // bytes
  u32 max_entries = 0;  // ring buffers: bytes; arenas: pages
  u32 flags = 0;
  u32 numa_node = 0;
  u64 extra = 0;  // map_extra of bpf(2); of an arena: where user space sees it, or 0
  bool is_pinned_by_name = false;  // LIBBPF_PIN_BY_NAME: shared through /sys/fs/bpf
  u32 key_type = 0;                // BTF type ids in the object's types, 0 when unknown
  u32 value_type = 0;  // of a ring buffer: the type of its records; of globals: the data section
  bool is_globals = false;           // .data, .rodata, .bss or .kconfig
  std::vector<SpecialField> fields;  // of its value, by rising offset
  std::string fields_problem;        // why the kernel finds none in a value that has some
  // Globals: the section's contents. struct_ops: the structure. Arenas: what they begin with.
  std::vector<std::byte> initial;
  // prog_array: index and program name. struct_ops: number of the member and program name.
  std::vector<std::pair<u32, std::string>> initial_programs;
  std::vector<std::pair<u32, u32>> initial_maps;  // of a map of maps: index and number of a map
  std::shared_ptr<const MapSpec> inner;           // what the maps in a map of maps look like
};

// About what a map takes when it is full, and whether on each CPU.
struct MapMemory {
  u64 bytes = 0;
  bool is_per_cpu = false;
};
MapMemory memory_of(const MapSpec& spec);

// Whether the kernel would create such a map: sizes, flags, entries. The error names the field and
// what it may be. The bounds are those of map_create and each kind's alloc_check in kernel/bpf/.
Result<void> check(const MapSpec& spec);

}  // namespace skep::platform
