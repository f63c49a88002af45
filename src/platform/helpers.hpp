// The helper functions that programs may call, with what the verifier must know of each.
//
// One row for each of the 211 helpers of Linux 6.18; the list is closed, newer calls are kernel
// functions. A few take other arguments in some program types: find_helper() with a type gives
// those rows. The user engine provides some of them (`user_engine`), each with a body in
// runtime/helpers/. Names and meanings follow include/uapi/linux/bpf.h; what each takes, of whom
// and of which maps is what Linux 6.18 answers to programs that try
// (tests/engines/tables_helpers_test.cpp).
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "base/types.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"

namespace skep::platform {

// The kernel's ARG_* of kernel/bpf/verifier.c is in brackets.
enum class Argument : u8 {
  none,      // the helper takes no such argument
  number,    // a scalar
  anything,  // any initialised value (ARG_ANYTHING)
  context,   // the program's own context pointer (ARG_PTR_TO_CTX)
  context_or_null,
  map,        // a map constant (ARG_CONST_MAP_PTR)
  map_key,    // readable memory of the map's key size
  map_value,  // readable memory of the map's value size
  map_value_or_null,
  map_value_out,    // memory of the map's value size that the helper fills
  memory,           // readable memory, its size in the next argument
  memory_or_null,   // the same; null when the size is zero
  writable_memory,  // memory that the helper fills, its size in the next argument
  writable_memory_or_null,
  updated_memory,  // the same, but the helper reads it first: it must be initialised
  updated_memory_or_null,
  map_value_memory,      // memory in a map's value, its size in the next argument
  fixed_memory,          // readable memory of HelperRow::fixed_bytes (ARG_PTR_TO_FIXED_SIZE_MEM)
  fixed_memory_out,      // memory of so many bytes that the helper fills
  updated_fixed_memory,  // the same, but the helper reads it first
  size,                  // bytes of the memory before it, at least one
  size_or_zero,          // the same, may be zero
  constant_size,         // a constant: bytes of the memory that the helper returns
  record_size,           // a constant: bytes of the ring record to reserve
  record,                // a reserved ring record; the call gives it back
  constant_string,       // zero-terminated text in read-only memory
  function,              // a function of the program, which the helper calls (ARG_PTR_TO_FUNC)
  stack_or_null,         // what that function gets (ARG_PTR_TO_STACK_OR_NULL)
  spin_lock,             // a struct bpf_spin_lock in a map value or an own object
  timer,                 // a struct bpf_timer in a map value
  kptr,                  // where a map value holds a kernel pointer (ARG_KPTR_XCHG_DEST)
  owned_or_null,         // a referenced kernel pointer, which the call takes over, or null
  dynptr,                // an initialised struct bpf_dynptr
  dynptr_out,            // an uninitialised one, which the call makes
  dynptr_taken,          // one of a ring record; the call gives the record back
  socket_common,         // any socket pointer (ARG_PTR_TO_SOCK_COMMON)
  socket,                // a full socket (ARG_PTR_TO_SOCKET)
  socket_or_null,
  socket_taken,   // one that the program holds; the call releases it
  kernel_socket,  // a socket pointer of either world (ARG_PTR_TO_BTF_ID_SOCK_COMMON)
  kernel_socket_or_null,
  kernel_type,  // a trusted kernel pointer to HelperRow::kernel_type (ARG_PTR_TO_BTF_ID)
  kernel_type_or_null,
  per_cpu_variable,  // address of a per-CPU kernel variable (ARG_PTR_TO_PERCPU_BTF_ID)
  count_
};

// The kernel's RET_*.
enum class Returns : u8 {
  number,   // a scalar
  nothing,  // r0 is not defined after the call
  map_value,
  map_value_or_null,
  record_or_null,  // memory of record_size bytes that must be given back
  memory_or_null,  // memory of constant_size bytes
  socket_or_null,  // these three come with a reference where HelperRow::acquires is set
  socket_common_or_null,
  tcp_socket_or_null,
  kernel_type,  // a trusted kernel pointer to HelperRow::returned_type
  kernel_type_or_null,
  kptr_or_null,     // what the place held before (bpf_kptr_xchg)
  per_cpu_or_null,  // the variable on one CPU (bpf_per_cpu_ptr)
  per_cpu,          // the variable on this CPU (bpf_this_cpu_ptr)
};

enum class Effect : u8 {
  none,
  moves_packet,  // packet pointers taken before are no longer valid
  ends_program,  // does not come back when it succeeds (tail call)
};

// What a call needs besides its arguments.
enum class Needs : u8 {
  nothing,
  sleepable,  // only of programs that may sleep
};

struct HelperRow {
  u16 id;
  std::string_view name;  // without bpf_
  Returns returns = Returns::number;
  std::array<Argument, 5> arguments{};
  ProgramTypes programs;  // who may call it; may_call() knows which ways of attaching may not
  MapKinds maps = 0;      // which maps its map argument may be; 0 without one
  Effect effect = Effect::none;
  bool gpl_only = false;
  std::string_view since;  // first kernel release with it
  InUserEngine user_engine = InUserEngine::no;
  Needs needs = Needs::nothing;
  // What who loads the program needs: privilege_of() knows who needs less. It is asked of all
  // types, though most types need CAP_BPF anyway.
  Privilege privilege = Privilege::bpf;
  bool acquires = false;                // what it returns must be released
  u16 fixed_bytes = 0;                  // of fixed_memory and fixed_memory_out
  std::string_view kernel_type = {};    // of arguments: "task_struct"; several: "a|b"
  std::string_view returned_type = {};  // of what it returns

  u16 fixed_bytes_or_one() const { return fixed_bytes == 0 ? u16{1} : fixed_bytes; }
};

// All of them, by id.
std::span<const HelperRow> helpers();
// The row of `id`, or null when Linux has none.
const HelperRow* find_helper(s64 id);
// The same, as programs of this type call it.
const HelperRow* find_helper(s64 id, ProgramType type);
// Rows of helpers that take other arguments in the types of `programs`.
std::span<const HelperRow> helper_variants();
// Whether its memory arguments may be in the packet (bpf_func_proto::pkt_access).
bool may_get_packet(const HelperRow& helper);
// Whether programs of this type, attached so, may call it; without an attach type, in some way.
bool may_call(const HelperRow& helper, ProgramType type, std::optional<AttachType> attach);
// What who loads a program of this type needs for a call (bpf_base_func_proto and the lists of the
// types in the kernel).
Privilege privilege_of(const HelperRow& helper, ProgramType type);
inline bool is_provided(const HelperRow& helper) { return helper.user_engine == InUserEngine::yes; }
// The name of any helper of Linux without bpf_, or an empty text; ids are 1 to 211.
std::string_view helper_name(s64 id);
// The first kernel release that has it.
std::string_view helper_since(s64 id);
// What a helper does that only the kernel can, for those that no user engine could provide; else
// empty.
std::string_view helper_only_in_kernel(s64 id);
inline constexpr u32 kHelpersMax = 212;

}  // namespace skep::platform
