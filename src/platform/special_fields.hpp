// The special fields that a map's value, or an object that a program allocates, may have: a lock, a
// timer, a pointer into the kernel. Their bytes are the kernel's, not the program's.
//
// One row for each kind (map_fields.hpp says which are where). Structures are known by their names,
// pointers by a type tag on what they point to. Sizes are those of include/uapi/linux/bpf.h; the
// bounds are those of btf_parse_fields in kernel/bpf/btf.c, and what Linux 6.18 answers when such
// maps are made.
#pragma once

#include <string>
#include <string_view>

#include "base/types.hpp"

namespace skep::platform {

enum class SpecialKind : u8 {
  spin_lock,
  res_spin_lock,
  timer,
  workqueue,
  task_work,
  list_head,
  list_node,
  rb_root,
  rb_node,
  refcount,
  kptr_untrusted,  // a pointer that counts no reference
  kptr,            // one that owns a reference
  percpu_kptr,     // one that owns an object of each CPU
  uptr,            // to memory of user space
  count_
};

using SpecialKinds = u32;  // a set of them
constexpr SpecialKinds set_of(SpecialKind kind) {
  return SpecialKinds{1} << static_cast<u32>(kind);
}
template <class... More>
constexpr SpecialKinds set_of(SpecialKind first, More... more) {
  return set_of(first) | set_of(more...);
}

inline constexpr SpecialKinds kPointerFields = set_of(
    SpecialKind::kptr_untrusted, SpecialKind::kptr, SpecialKind::percpu_kptr, SpecialKind::uptr);
inline constexpr SpecialKinds kRootFields = set_of(SpecialKind::list_head, SpecialKind::rb_root);
inline constexpr SpecialKinds kNodeFields = set_of(SpecialKind::list_node, SpecialKind::rb_node);

struct SpecialField {
  SpecialKind kind = SpecialKind::spin_lock;
  u32 offset = 0;       // bytes
  std::string type{};   // of a pointer: the structure that it points to; of a root: what it holds
  u32 type_id = 0;      // its BTF id in the program's types
  u32 node_offset = 0;  // of a root: where the node is in what it holds
};

}  // namespace skep::platform
