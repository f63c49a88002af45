// Structures behind pointers that programs are given: sockets and flow keys.
//
// They are accessed as a context is, field by field. Names and offsets are those of
// include/uapi/linux/bpf.h (struct bpf_sock, bpf_tcp_sock, bpf_xdp_sock, bpf_flow_keys); what may
// be accessed is what Linux 6.18 answers (tests/engines/tables_contexts_test.cpp).
#pragma once

#include "platform/program_types.hpp"

namespace skep::platform {

enum class ObjectKind : u8 {
  socket_common,  // what sockets of every kind have, a request for one too
  socket,
  tcp_socket,
  xdp_socket,
  flow_keys,
  count_
};

struct ObjectRow {
  std::string_view name;  // "struct bpf_sock"
  u32 size;               // bytes
  std::span<const ContextField> fields;
};
const ObjectRow& row(ObjectKind kind);

}  // namespace skep::platform
