// Helpers that what a program is attached to gives or withholds, besides platform/helpers.hpp.
//
// Iterators over sockets give helpers that others have not; structures of operations (struct_ops)
// have owners who give more than every program has, or less. Follows bpf_iter_tcp_get_func_proto in
// net/ipv4/tcp_ipv4.c, bpf_tcp_ca_get_func_proto in net/ipv4/bpf_tcp_ca.c,
// bpf_scx_get_func_proto in kernel/sched/ext.c and bpf_dummy_verifier_ops in
// net/bpf/bpf_dummy_struct_ops.c of Linux 6.18.
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace skep::platform {

enum class TargetSays : u8 {
  nothing,  // the helper's row counts
  gives,
  withholds,
};

// What the iterator over `target` ("tcp") says.
TargetSays iterator_says(std::string_view target, std::string_view helper);
// What the owner of the operations says of programs that are `member` in them.
TargetSays operations_say(std::string_view operations, std::string_view member,
                          std::string_view helper);

}  // namespace skep::platform
