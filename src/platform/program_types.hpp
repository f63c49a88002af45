// The kinds of BPF programs.
//
// One row a program type of Linux; a type whose row has an input can be verified and run in user
// space. Members are in the order of enum bpf_prog_type (include/uapi/linux/bpf.h), which begins
// with UNSPEC; here that is the last one: a program whose section says no type, which can be looked
// at but not loaded.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "platform/attach_types.hpp"
#include "platform/capabilities.hpp"

namespace skep::platform {

enum class ProgramType : u8 {
  socket_filter,
  kprobe,
  sched_cls,
  sched_act,
  tracepoint,
  xdp,
  perf_event,
  cgroup_skb,
  cgroup_sock,
  lwt_in,
  lwt_out,
  lwt_xmit,
  sock_ops,
  sk_skb,
  cgroup_device,
  sk_msg,
  raw_tracepoint,
  cgroup_sock_addr,
  lwt_seg6local,
  lirc_mode2,
  sk_reuseport,
  flow_dissector,
  cgroup_sysctl,
  raw_tracepoint_writable,
  cgroup_sockopt,
  tracing,
  struct_ops,
  ext,
  lsm,
  sk_lookup,
  syscall,
  netfilter,
  unspecified,
  count_
};

// The number in bpf(2).
constexpr u32 kernel_number(ProgramType type) {
  return type == ProgramType::unspecified ? 0 : static_cast<u32>(type) + 1;
}

// By the number of bpf(2), or count_.
constexpr ProgramType program_type(u32 kernel_number) {
  if (kernel_number == 0) return ProgramType::unspecified;
  if (kernel_number > static_cast<u32>(ProgramType::unspecified)) return ProgramType::count_;
  return static_cast<ProgramType>(kernel_number - 1);
}

using ProgramTypes = u64;  // a set of them
constexpr ProgramTypes set_of(ProgramType type) { return u64{1} << static_cast<u32>(type); }
template <class... More>
constexpr ProgramTypes set_of(ProgramType first, More... more) {
  return set_of(first) | set_of(more...);
}

// What a field of the context holds, as the program sees it.
enum class FieldKind : u8 {
  number,
  packet,
  packet_meta,
  packet_end,
  flow_keys,              // this and the sockets: structures of platform/objects.hpp
  socket_common_or_null,  // a socket of any kind
  socket,
  socket_or_null,
  kernel_pointer,  // to a structure of the kernel that the program may trust
  buffer,          // memory whose size is compared when the program is attached
};
enum class Access : u8 { read, read_write };
// Whether an access may reach less than the whole field; where it may, only aligned to its size
// (bpf_ctx_narrow_access_ok in include/linux/filter.h).
enum class Parts : u8 {
  none,
  at_start,  // of reads, from the field's first byte on
  of_reads,
  of_reads_and_writes,
  anywhere,  // of both, and not aligned either
};

// One field of the structure that r1 points to at the start, or of one that it leads to. Where a
// field may be accessed in several ways (as a whole of four bytes, or two of them at once), it has
// several rows.
struct ContextField {
  std::string_view name;
  u16 offset;  // in the structure that programs are compiled against (linux/bpf.h)
  u16 size;
  FieldKind kind;
  Access access;
  Parts parts;
  u16 runtime_offset = 0;  // in PacketContext, where the user engine keeps it
  u8 runtime_size = 0;     // pointers are four bytes to the program and eight at run time; 0: it is
                           // not there, and the field for the kernel only
  AttachTypes attach = 0;  // of programs that are attached so; 0: of all
  std::string_view kernel_type = {};      // of a kernel_pointer: "sk_buff"
  Privilege privilege = Privilege::none;  // what who loads the program needs for it

  constexpr bool is_in_user_engine() const { return runtime_size != 0; }
};

struct Verdict {
  s64 value;
  std::string_view name;
};

// What the user engine runs a program on.
enum class Input : u8 {
  none,     // nothing: it does not run such programs
  packet,   // a packet; the context is a structure that tells of it
  context,  // memory that the caller gives, all of it for reading and writing, is the context
};

struct ProgramTypeRow {
  std::string_view name;  // as bpftool prints it
  Input input = Input::none;
  std::string_view context_name = {};  // "struct xdp_md"; its fields are in platform/contexts.hpp
  u32 context_size = 0;                // bytes; of Input::context the most that a caller may give
  std::span<const Verdict> verdicts = {};  // names of return values
  bool may_write_packet = false;           // stores through packet pointers
  bool may_load_packet = false;            // legacy packet loads (RFC 9669, 5.5)
  std::string_view since = {};             // first kernel release with it
  // What its loader needs besides CAP_BPF; none: not even that (bpf_prog_load in
  // kernel/bpf/syscall.c).
  Privilege privilege = Privilege::bpf;
};

const ProgramTypeRow& row(ProgramType type);

// How bpf(2) takes a program of this type when it is loaded as `attach`, or as nothing: some types
// are then taken to be attached in one of their ways (bpf_prog_load_fixup_attach_type).
std::optional<AttachType> loaded_as(ProgramType type, std::optional<AttachType> attach);

}  // namespace skep::platform
