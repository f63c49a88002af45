// What the kernel's structures of operations (struct_ops) let programs do that stand in them.
//
// Each structure has an owner in the kernel who says which members programs may be, and what they
// may write: bpf_tcp_ca_btf_struct_access in net/ipv4/bpf_tcp_ca.c, dummy_ops_btf_struct_access in
// net/bpf/bpf_dummy_struct_ops.c, bpf_scx_btf_struct_access in kernel/sched/ext.c of Linux 6.18.
#pragma once

#include <span>
#include <string_view>

namespace skep::platform {

// A field of the kernel that programs in these operations may write, whole or in part.
struct WritableField {
  std::string_view operations;  // "tcp_congestion_ops"
  std::string_view structure;   // "tcp_sock"
  std::string_view path;        // "icsk_ack.pending"; empty: all of the structure
};
std::span<const WritableField> writable_fields();

// Whether a member of the operations may be a program.
bool takes_program(std::string_view operations, std::string_view member);

// Whether such a program may be one that sleeps.
bool may_sleep(std::string_view operations, std::string_view member);

// The structure that programs of these operations are given in the place of another, or `structure`
// itself: congestion control only sees sockets of TCP.
std::string_view promoted(std::string_view operations, std::string_view structure);

}  // namespace skep::platform
