// What bpf(2) says of a program, a map, types or a link: struct bpf_*_info of
// include/uapi/linux/bpf.h, as of Linux 6.18.
//
// The layouts are our own, as those of platform/bpf_attributes.hpp. An older kernel fills in what
// it knows and leaves the rest as it was, which is zero here. Addresses and the sizes behind them
// are what the caller wants filled in; on return the sizes are what there is.
// BPF_OBJ_GET_INFO_BY_FD.
#pragma once

#include "platform/bpf_attributes.hpp"

namespace skep::platform {

inline constexpr std::size_t kTagBytes = 8;  // BPF_TAG_SIZE

struct ProgramInformation {
  le32 type, id;
  u8 tag[kTagBytes];
  le32 jited_bytes, xlated_bytes;
  le64 jited, xlated;
  le64 load_time;  // nanoseconds since the boot
  le32 created_by_uid;
  le32 map_count;
  le64 map_ids;
  KernelName name;
  le32 ifindex;
  le32 gpl_compatible;  // the lowest bit
  le64 netns_device, netns_inode;
  le32 symbol_count, function_length_count;
  le64 symbols, function_lengths;  // of jited functions: addresses as u64, bytes as u32
  le32 btf_id;
  le32 function_record_bytes;
  le64 functions;  // FunctionInfo
  le32 function_count, line_count;
  le64 lines, jited_lines;  // LineInformation, and an address as u64 for each
  le32 jited_line_count;
  le32 line_record_bytes, jited_line_record_bytes;
  le32 tag_count;
  le64 tags;  // one of kTagBytes a function
  le64 run_time_ns, run_count, recursion_misses;
  le32 verified_instructions;
  le32 attach_btf_object_id, attach_btf_id;
  le32 unused;
};
static_assert(offsetof(ProgramInformation, symbol_count) == 104 &&
              offsetof(ProgramInformation, run_time_ns) == 192 &&
              sizeof(ProgramInformation) == 232);

// struct bpf_line_info; the offset counts slots.
struct LineInformation {
  le32 slot, file_name, line;
  le32 line_and_column;  // the line in the upper 22 bits
};

struct MapInformation {
  le32 type, id, key_size, value_size, max_entries, flags;
  KernelName name;
  le32 ifindex;
  le32 btf_vmlinux_value_type_id;
  le64 netns_device, netns_inode;
  le32 btf_id, btf_key_type_id, btf_value_type_id, btf_vmlinux_id;
  le64 extra;
  le64 hash;  // of the contents of a frozen map: a buffer
  le32 hash_bytes, unused;
};
static_assert(offsetof(MapInformation, btf_id) == 64 && sizeof(MapInformation) == 104);

struct TypesInformation {
  le64 btf;
  le32 btf_bytes, id;
  le64 name;
  le32 name_bytes, is_of_kernel;
};
static_assert(sizeof(TypesInformation) == 32);

// enum bpf_link_type.
enum class LinkType : u8 {
  unspecified,
  raw_tracepoint,
  tracing,
  cgroup,
  iterator,
  network_namespace,
  xdp,
  perf_event,
  kprobe_multi,
  struct_ops,
  netfilter,
  tcx,
  uprobe_multi,
  netkit,
  sockmap,
  tracing_multi,
  count_
};

// enum bpf_perf_event_type: what a link of type perf_event stands on.
enum class PerfLinkType : u8 {
  unspecified,
  uprobe,
  uretprobe,
  kprobe,
  kretprobe,
  tracepoint,
  event,
  count_
};

// What stands behind the first three fields depends on the type.
struct LinkInformation {
  struct RawTracepoint {
    le64 name;
    le32 name_bytes, unused;
    le64 cookie;
  };
  struct Tracing {
    le32 attach_type, target_object_id, target_btf_id, unused;
    le64 cookie;
  };
  struct Cgroup {
    le64 cgroup_id;
    le32 attach_type;
  };
  struct Iterator {
    le64 target_name;
    le32 target_name_bytes, map_id;
    le64 cgroup_id_or_task;  // of a cgroup its id, of tasks the thread in the lower, the process in
                             // the upper half
    le32 order;
  };
  struct NetworkNamespace {
    le32 inode, attach_type;
  };
  struct Netfilter {
    le32 protocol_family, hook, priority, flags;
  };
  struct KprobeMulti {
    le64 addresses;
    le32 count, flags;
    le64 missed, cookies;
  };
  struct UprobeMulti {
    le64 path, offsets, semaphores, cookies;
    le32 path_bytes, count, flags, pid;
  };
  struct Uprobe {
    le64 file_name;
    le32 name_bytes, offset;
    le64 cookie, semaphore;
  };
  struct Kprobe {
    le64 function_name;
    le32 name_bytes, offset;
    le64 address, missed, cookie;
  };
  struct Tracepoint {
    le64 name;
    le32 name_bytes, unused;
    le64 cookie;
  };
  struct Event {
    le64 config;
    le32 type, unused;
    le64 cookie;
  };
  struct PerfEvent {
    le32 type, unused;
    union {
      Uprobe uprobe{};
      Kprobe kprobe;
      Tracepoint tracepoint;
      Event event;
    };
  };
  struct Interface {  // xdp, tcx, netkit
    le32 ifindex, attach_type;
  };
  struct OfMap {  // struct_ops, sockmap
    le32 map_id, attach_type;
  };

  le32 type, id, program_id, unused;
  union {
    RawTracepoint raw_tracepoint;
    Tracing tracing;
    Cgroup cgroup;
    Iterator iterator;
    NetworkNamespace network_namespace;
    Netfilter netfilter;
    KprobeMulti kprobe_multi;
    UprobeMulti uprobe_multi{};
    PerfEvent perf_event;
    Interface interface;
    OfMap of_map;
  };
};
static_assert(offsetof(LinkInformation, uprobe_multi) == 16 && sizeof(LinkInformation) == 64);

}  // namespace skep::platform
