// What bpf(2) takes for the commands of a loader program: union bpf_attr of
// include/uapi/linux/bpf.h, as far as kernels 5.14 to 5.17 have it.
//
// Only fields that light skeletons fill in have names. Those at the end that an older kernel does
// not know must be zero for it, so they are written only where an object needs them.
#pragma once

#include <cstddef>

#include "base/bytes.hpp"

namespace skep::object::light {

enum class Command : u8 {
  create_map = 0,
  update_element = 2,
  load_program = 5,
  load_types = 18,
  freeze_map = 22,
};

inline constexpr std::size_t kNameBytes = 16;  // of maps and programs, with the zero behind it
using KernelName = char[kNameBytes];

struct CreateMap {
  le32 map_type, key_size, value_size, max_entries, map_flags;
  le32 inner_map_fd;
  le32 numa_node;
  KernelName map_name;
  le32 map_ifindex;
  le32 btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
  le64 map_extra;
};
static_assert(offsetof(CreateMap, map_extra) == 64 && sizeof(CreateMap) == 72);

struct UpdateElement {
  le32 map_fd, unused;
  le64 key, value, flags;
};
static_assert(sizeof(UpdateElement) == 32);

struct FreezeMap {
  le32 map_fd;
};

struct LoadTypes {
  le64 btf, btf_log_buf;
  le32 btf_size, btf_log_size, btf_log_level;
};
static_assert(sizeof(LoadTypes) == 28);

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
};
static_assert(offsetof(LoadProgram, func_info) == 80 && offsetof(LoadProgram, fd_array) == 120 &&
              sizeof(LoadProgram) == 140);

// BPF_PROG_LOAD's own flags, beside expected_attach_type.
inline constexpr u32 kSleepableFlag = 1u << 4;  // BPF_F_SLEEPABLE
inline constexpr u32 kXdpFragsFlag = 1u << 5;   // BPF_F_XDP_HAS_FRAGS

// struct bpf_func_info and struct bpf_core_relo; line information is LineRecord.
struct FunctionInfo {
  le32 offset, type;  // the offset counts slots here
};
struct CoreInfo {
  le32 offset, type, access, kind;  // the offset counts bytes
};

}  // namespace skep::object::light
