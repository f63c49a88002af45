// The smallest map of each kind.
#include <cerrno>

#include "kernel/bpf.hpp"
#include "kernel/trial_parts.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;
using platform::MapKind;

// Sizes, entries and flags of the smallest map of a kind.
struct Smallest {
  u32 key = 4, value = 4, entries = 1, flags = 0;
};
Smallest smallest(MapKind kind) {
  const platform::MapKindRow& rules = platform::row(kind);
  Smallest out;
  if (rules.key == platform::KeyRule::none) out.key = 0;
  if (rules.value == platform::ValueRule::none) out.value = 0;
  if (rules.entries == platform::EntriesRule::none) out.entries = 0;
  switch (kind) {
    case MapKind::ringbuf:
    case MapKind::user_ringbuf: return {0, 0, 4096, 0};
    case MapKind::stack_trace: return {4, 8, 1, 0};
    case MapKind::lpm_trie: return {8, 4, 1, platform::kNoPreallocation};
    case MapKind::cgroup_storage:
    case MapKind::percpu_cgroup_storage: return {8, 4, 0, 0};
    case MapKind::sk_storage:
    case MapKind::inode_storage:
    case MapKind::task_storage:
    case MapKind::cgrp_storage: return {4, 4, 0, platform::kNoPreallocation};
    case MapKind::arena: return {0, 0, 1, platform::kMappable};
    case MapKind::insn_array: return {4, 16, 1, 0};
    case MapKind::rhash: return {4, 4, 1, platform::kNoPreallocation};
    default: return out;
  }
}

bool is_storage(MapKind kind) { return platform::row(kind).key == platform::KeyRule::descriptor; }
bool is_of_maps(MapKind kind) {
  return kind == MapKind::array_of_maps || kind == MapKind::hash_of_maps;
}

}  // namespace

// Types with an int, for the maps that insist on types.
int Trials::storage_types() {
  if (storage_types_) return storage_types_->get();
  btf::Builder builder;
  add_int(builder);
  auto types = load_types(builder);
  if (!types.ok()) return -1;
  storage_types_ = std::move(*types);
  return storage_types_->get();
}

Answer Trials::create(MapKind kind, const std::string& name) {
  const Smallest size = smallest(kind);
  platform::CreateMap create{};
  create.map_type = platform::kernel_number(kind);
  create.key_size = size.key;
  create.value_size = size.value;
  create.max_entries = size.entries;
  create.map_flags = size.flags;
  put_name(create.map_name, name);
  if (is_storage(kind)) {
    create.btf_fd = static_cast<u32>(storage_types());
    create.btf_key_type_id = 1;
    create.btf_value_type_id = 1;
  }
  if (is_of_maps(kind)) {
    if (!inner_) inner_ = std::move(this->create(MapKind::array).fd);
    if (!inner_) return answer_of(-EPERM);
    create.inner_map_fd = static_cast<u32>(inner_->get());
  }
  if (kind == MapKind::struct_ops) {
    const auto id = type_id("bpf_struct_ops_tcp_congestion_ops", btf::Kind::structure);
    const auto types = types_.vmlinux();
    if (!id || !types.ok()) return answer_of(-ENOENT);
    create.btf_vmlinux_value_type_id = *id;
    create.btf_fd = static_cast<u32>(storage_types());  // any types will do, but none will not
    create.value_size = (*types)->at(*id).size;
  }
  return answer_of(bpf(Command::create_map, create));
}

}  // namespace skep::kernel
