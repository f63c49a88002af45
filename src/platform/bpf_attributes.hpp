// What bpf(2) takes, command by command: union bpf_attr of include/uapi/linux/bpf.h, as of
// Linux 6.18.
//
// The layouts are our own, since the headers of a distribution end with the kernel that it was made
// for. An older kernel takes a longer structure whose further bytes are zero, so that a field it
// does not know does no harm until it is used. Addresses are numbers here (address_of).
#pragma once

#include <cstddef>

#include "base/bytes.hpp"

namespace skep::platform {

// enum bpf_cmd.
enum class Command : u8 {
  create_map = 0,
  lookup_element = 1,
  update_element = 2,
  delete_element = 3,
  next_key = 4,
  load_program = 5,
  pin = 6,
  get_pinned = 7,
  attach = 8,
  detach = 9,
  test_run = 10,
  next_program = 11,
  next_map = 12,
  open_program = 13,
  open_map = 14,
  get_info = 15,
  query = 16,
  open_raw_tracepoint = 17,
  load_types = 18,
  open_types = 19,
  query_task = 20,
  lookup_and_delete = 21,
  freeze_map = 22,
  next_types = 23,
  lookup_batch = 24,
  lookup_and_delete_batch = 25,
  update_batch = 26,
  delete_batch = 27,
  create_link = 28,
  update_link = 29,
  open_link = 30,
  next_link = 31,
  enable_statistics = 32,
  create_iterator = 33,
  detach_link = 34,
  bind_map = 35,
  create_token = 36,
  read_stream = 37,
};

inline constexpr std::size_t kNameBytes = 16;  // of maps and programs, with the zero behind it
using KernelName = char[kNameBytes];

inline u64 address_of(const void* memory) { return reinterpret_cast<u64>(memory); }

struct CreateMap {
  le32 map_type, key_size, value_size, max_entries, map_flags;
  le32 inner_map_fd;
  le32 numa_node;
  KernelName map_name;
  le32 map_ifindex;
  le32 btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  le64 map_extra;
  le32 value_type_btf_obj_fd, map_token_fd;
};
static_assert(offsetof(CreateMap, map_extra) == 64 && sizeof(CreateMap) == 80);

// Also lookups, deletions, and the key after `key`.
struct UpdateElement {
  le32 map_fd, unused;
  le64 key, value, flags;
};
static_assert(sizeof(UpdateElement) == 32);

struct Batch {
  le64 in_batch, out_batch, keys, values;
  le32 count, map_fd;
  le64 element_flags, flags;
};
static_assert(sizeof(Batch) == 56);

struct FreezeMap {
  le32 map_fd;
};

struct LoadTypes {
  le64 btf, btf_log_buf;
  le32 btf_size, btf_log_size, btf_log_level, btf_log_true_size;
  le32 btf_flags, btf_token_fd;
};
static_assert(sizeof(LoadTypes) == 40);

struct LoadProgram {
  le32 prog_type, insn_cnt;
  le64 insns, license;
  le32 log_level, log_size;
  le64 log_buf;
  le32 kern_version, prog_flags;
  KernelName prog_name;
  le32 prog_ifindex, expected_attach_type;
  le32 prog_btf_fd;
  le32 func_info_rec_size;
  le64 func_info;
  le32 func_info_cnt, line_info_rec_size;
  le64 line_info;
  le32 line_info_cnt;
  le32 attach_btf_id, attach_btf_obj_fd;
  le32 core_relo_cnt;
  le64 fd_array, core_relos;
  le32 core_relo_rec_size;
  le32 log_true_size, prog_token_fd, fd_array_cnt;
};
static_assert(offsetof(LoadProgram, func_info) == 80 && offsetof(LoadProgram, fd_array) == 120 &&
              sizeof(LoadProgram) == 152);

// BPF_PROG_LOAD's own flags, beside expected_attach_type.
inline constexpr u32 kSleepableFlag = 1u << 4;  // BPF_F_SLEEPABLE
inline constexpr u32 kXdpFragsFlag = 1u << 5;   // BPF_F_XDP_HAS_FRAGS
inline constexpr u32 kTokenFlag = 1u << 16;     // BPF_F_TOKEN_FD, of maps and programs alike

struct Pin {  // and get_pinned
  le64 path;
  le32 fd, file_flags, path_fd, unused;
};
static_assert(sizeof(Pin) == 24);

struct Attach {  // and detach
  le32 target_fd, program_fd, attach_type, flags, replaced_fd, relative;
  le64 revision;
};
static_assert(sizeof(Attach) == 32);

struct TestRun {
  le32 program_fd, retval, data_size_in, data_size_out;
  le64 data_in, data_out;
  le32 repeat, duration, ctx_size_in, ctx_size_out;
  le64 ctx_in, ctx_out;
  le32 flags, cpu, batch_size, unused;
};
static_assert(sizeof(TestRun) == 80);

// Walking ids and opening what they name.
struct ById {
  le32 id, next_id, open_flags, token_fd;
};

struct GetInfo {
  le32 fd, info_bytes;
  le64 info;
};

struct Query {
  le32 target_fd, attach_type, query_flags, attach_flags;
  le64 program_ids;
  le32 count, unused;
  le64 program_flags, link_ids, link_flags, revision;
};
static_assert(sizeof(Query) == 64);

struct OpenRawTracepoint {
  le64 name;
  le32 program_fd, unused;
  le64 cookie;
};
static_assert(sizeof(OpenRawTracepoint) == 24);

struct QueryTask {
  le32 pid, fd, flags, buffer_bytes;
  le64 buffer;
  le32 program_id, kind;
  le64 probe_offset, probe_address;
};
static_assert(sizeof(QueryTask) == 48);

// What stands behind its first four fields depends on the attach type.
struct CreateLink {
  struct TypeId {
    le32 id, unused;
    le64 cookie;
  };
  struct Iterator {
    le64 info;
    le32 info_bytes;
  };
  struct PerfEvent {
    le64 cookie;
  };
  struct KprobeMulti {
    le32 flags, count;
    le64 symbols, addresses, cookies;
  };
  struct Netfilter {
    le32 protocol_family, hook, priority, flags;
  };
  struct Order {  // tcx, netkit, cgroup
    le32 relative, unused;
    le64 revision;
  };
  struct UprobeMulti {
    le64 path, offsets, semaphores, cookies;
    le32 count, flags, pid, unused;
  };

  le32 program_fd;  // or a map of struct_ops
  le32 target;      // a descriptor, or the number of an interface
  le32 attach_type, flags;
  union {
    TypeId type_id;
    Iterator iterator;
    PerfEvent perf_event;
    KprobeMulti kprobe_multi;
    Netfilter netfilter;
    Order order;
    // The longest, so that all of it is zero: the kernel refuses what is set behind the last field.
    UprobeMulti uprobe_multi{};
  };
};
static_assert(sizeof(CreateLink) == 64);

struct UpdateLink {
  le32 link_fd, program_fd, flags, old_program_fd;
};

struct OneFd {  // detach_link; statistics take a kind, 0 for run times
  le32 fd;
};

struct CreateIterator {
  le32 link_fd, flags;
};

struct CreateToken {
  le32 flags, file_system_fd;
};

// struct bpf_func_info and struct bpf_core_relo; line information is LineRecord.
struct FunctionInfo {
  le32 offset, type;  // the offset counts slots here
};
struct CoreInfo {
  le32 offset, type, access, kind;  // the offset counts bytes
};

}  // namespace skep::platform
