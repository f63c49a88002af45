// What is loaded in the kernel: programs, maps, links and types, each as the kernel describes it.
//
// In: bpf(2) and, for what only that knows, the kernel's notes on descriptors in /proc/self/fdinfo.
// Out: plain values. What goes away between being listed and being asked about is left out. All
// need CAP_SYS_ADMIN, since ids are of everybody's objects; of a descriptor at hand, nothing.
// Numbers that are not in our tables (a newer kernel's) stay numbers. Source: kernel/bpf/syscall.c.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/bpf.hpp"
#include "platform/bpf_information.hpp"

namespace skep::kernel {

struct Program {
  u32 id = 0;
  u32 type = 0;      // enum bpf_prog_type
  std::string name;  // whole, where its types have it; the kernel keeps 15 bytes
  std::string tag;   // 16 hexadecimal digits
  bool is_gpl = false;
  u64 load_time_ns = 0;  // since the boot
  u32 uid = 0;
  std::vector<u32> map_ids;
  u32 types_id = 0;
  u32 xlated_bytes = 0;  // 0 when the kernel does not show it to this process
  u32 jited_bytes = 0;
  std::optional<u64> memory_bytes;  // memlock
  u64 run_time_ns = 0, run_count = 0, recursion_misses = 0;
  u32 verified_instructions = 0;  // since Linux 5.16
  u32 attach_types_id = 0, attach_type_id = 0;
  u32 ifindex = 0;  // of a program that a device runs
};

struct MapEntry {
  u32 id = 0;
  u32 type = 0;  // enum bpf_map_type
  std::string name;
  u32 flags = 0;
  u32 key_size = 0, value_size = 0, max_entries = 0;
  u64 extra = 0;
  std::optional<u64> memory_bytes;
  std::optional<bool> is_frozen;
  u32 types_id = 0, key_type_id = 0, value_type_id = 0;
  u32 kernel_value_type_id = 0;  // of struct_ops
  u32 ifindex = 0;
  std::optional<u32> owner_type;  // of a prog_array: the type of the programs that it takes
  std::optional<bool> owner_is_jited;
};

struct LinkEntry {
  u32 id = 0;
  u32 type = 0;  // enum bpf_link_type
  u32 program_id = 0;
  platform::LinkInformation facts{};     // addresses in it point nowhere
  std::string name;                      // of a tracepoint, function, file or what is iterated over
  std::vector<u64> places;               // addresses of functions, or offsets into the file
  std::vector<u64> semaphores, cookies;  // one a place, where the kernel shows them
  struct Function {
    std::string name, module;  // empty where /proc/kallsyms does not say
  };
  std::vector<Function> functions;  // of kprobe_multi, one a place
};

struct TypesEntry {
  u32 id = 0;
  u32 bytes = 0;
  std::string name;  // "vmlinux", of a module its name; of programs none
  bool is_of_kernel = false;
};

// Of one descriptor.
Result<Program> describe_program(const Fd& fd);
Result<MapEntry> describe_map(const Fd& fd);
Result<LinkEntry> describe_link(const Fd& fd);
Result<TypesEntry> describe_types(const Fd& fd);

// Of all there is, by rising id. Fault::denied.
Result<std::vector<Program>> programs();
Result<std::vector<MapEntry>> maps();
Result<std::vector<LinkEntry>> links();
Result<std::vector<TypesEntry>> types();

// The bytes of the types under `id`.
Result<std::vector<std::byte>> types_bytes(u32 id);

// When it was loaded, in seconds since the epoch: what the kernel counts from the boot, by this
// machine's clocks now, as bpftool reckons.
s64 wall_clock_seconds(u64 ns_since_boot);

}  // namespace skep::kernel
