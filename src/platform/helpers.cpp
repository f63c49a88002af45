#include "platform/helpers.hpp"

#include "isa/instruction.hpp"

namespace skep::platform {
namespace {

using enum Argument;

constexpr ProgramTypes kXdp = set_of(ProgramType::xdp);
constexpr ProgramTypes kTc = set_of(ProgramType::sched_cls);
constexpr ProgramTypes kSocket = set_of(ProgramType::socket_filter);
constexpr ProgramTypes kSkb = kTc | kSocket;
constexpr ProgramTypes kAll = ~ProgramTypes{0};
// Syscall programs always may sleep, and the kernel gives such programs no prog_arrays
// (check_map_prog_compatibility in kernel/bpf/verifier.c).
constexpr ProgramTypes kNotSleepable = kAll & ~set_of(ProgramType::syscall);

constexpr MapKinds kElements = set_of(MapKind::hash, MapKind::array, MapKind::percpu_array);
constexpr MapKinds kRings = set_of(MapKind::ringbuf);
constexpr MapKinds kPrograms = set_of(MapKind::prog_array);

// Rows by rising id.
// clang-format off
constexpr auto kHelpers = std::to_array<HelperRow>({
    {1, "map_lookup_elem", Returns::map_value_or_null, {map, map_key}, kAll, kElements, Effect::none, false, "3.19", InUserEngine::yes},
    {2, "map_update_elem", Returns::number, {map, map_key, map_value, anything}, kAll, kElements, Effect::none, false, "3.19", InUserEngine::yes},
    {3, "map_delete_elem", Returns::number, {map, map_key}, kAll, kElements, Effect::none, false, "3.19", InUserEngine::yes},
    {5, "ktime_get_ns", Returns::number, {}, kAll, 0, Effect::none, false, "4.1", InUserEngine::yes},
    {6, "trace_printk", Returns::number, {memory, size}, kAll, 0, Effect::none, true, "4.1", InUserEngine::yes},
    {7, "get_prandom_u32", Returns::number, {}, kAll, 0, Effect::none, false, "4.1", InUserEngine::yes},
    {8, "get_smp_processor_id", Returns::number, {}, kAll, 0, Effect::none, false, "4.1", InUserEngine::yes},
    {9, "skb_store_bytes", Returns::number, {context, anything, memory, size, anything}, kTc, 0, Effect::moves_packet, false, "4.1", InUserEngine::yes},
    {10, "l3_csum_replace", Returns::number, {context, anything, anything, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.1", InUserEngine::yes},
    {11, "l4_csum_replace", Returns::number, {context, anything, anything, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.1", InUserEngine::yes},
    {12, "tail_call", Returns::nothing, {context, map, anything}, kNotSleepable, kPrograms, Effect::ends_program, false, "4.2", InUserEngine::yes},
    {14, "get_current_pid_tgid", Returns::number, {}, kAll, 0, Effect::none, false, "4.2"},
    {18, "skb_vlan_push", Returns::number, {context, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.3", InUserEngine::yes},
    {19, "skb_vlan_pop", Returns::number, {context}, kTc, 0, Effect::moves_packet, false, "4.3", InUserEngine::yes},
    {26, "skb_load_bytes", Returns::number, {context, anything, writable_memory, size}, kSkb, 0, Effect::none, false, "4.5", InUserEngine::yes},
    {28, "csum_diff", Returns::number, {memory_or_null, size_or_zero, memory_or_null, size_or_zero, anything}, kXdp | kTc, 0, Effect::none, false, "4.6", InUserEngine::yes},
    {34, "get_hash_recalc", Returns::number, {context}, kTc, 0, Effect::none, false, "4.8", InUserEngine::yes},
    {38, "skb_change_tail", Returns::number, {context, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.9", InUserEngine::yes},
    {39, "skb_pull_data", Returns::number, {context, anything}, kTc, 0, Effect::moves_packet, false, "4.9", InUserEngine::yes},
    {42, "get_numa_node_id", Returns::number, {}, kAll, 0, Effect::none, false, "4.10", InUserEngine::yes},
    {43, "skb_change_head", Returns::number, {context, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.10", InUserEngine::yes},
    {44, "xdp_adjust_head", Returns::number, {context, anything}, kXdp, 0, Effect::moves_packet, false, "4.10", InUserEngine::yes},
    {50, "skb_adjust_room", Returns::number, {context, anything, anything, anything}, kTc, 0, Effect::moves_packet, false, "4.13", InUserEngine::yes},
    {54, "xdp_adjust_meta", Returns::number, {context, anything}, kXdp, 0, Effect::moves_packet, false, "4.15", InUserEngine::yes},
    {65, "xdp_adjust_tail", Returns::number, {context, anything}, kXdp, 0, Effect::moves_packet, false, "4.18", InUserEngine::yes},
    {68, "skb_load_bytes_relative", Returns::number, {context, anything, writable_memory, size, anything}, kSkb, 0, Effect::none, false, "4.18", InUserEngine::yes},
    {118, "jiffies64", Returns::number, {}, kAll, 0, Effect::none, false, "5.6", InUserEngine::yes},
    {125, "ktime_get_boot_ns", Returns::number, {}, kAll, 0, Effect::none, false, "5.8", InUserEngine::yes},
    {130, "ringbuf_output", Returns::number, {map, memory, size_or_zero, anything}, kAll, kRings, Effect::none, false, "5.8", InUserEngine::yes},
    {131, "ringbuf_reserve", Returns::record_or_null, {map, record_size, anything}, kAll, kRings, Effect::none, false, "5.8", InUserEngine::yes, Needs::nothing, true},
    {132, "ringbuf_submit", Returns::nothing, {record, anything}, kAll, 0, Effect::none, false, "5.8", InUserEngine::yes},
    {133, "ringbuf_discard", Returns::nothing, {record, anything}, kAll, 0, Effect::none, false, "5.8", InUserEngine::yes},
    {134, "ringbuf_query", Returns::number, {map, anything}, kAll, kRings, Effect::none, false, "5.8", InUserEngine::yes},
    {160, "ktime_get_coarse_ns", Returns::number, {}, kAll, 0, Effect::none, false, "5.11", InUserEngine::yes},
    {164, "for_each_map_elem", Returns::number, {map, function, stack_or_null, anything}, kAll, kElements, Effect::none, false, "5.13"},
    {168, "sys_close", Returns::number, {anything}, set_of(ProgramType::syscall), 0, Effect::none, false, "5.14"},
    {181, "loop", Returns::number, {anything, function, stack_or_null, anything}, kAll, 0, Effect::none, false, "5.17"},
    {182, "strncmp", Returns::number, {memory, size, constant_string}, kAll, 0, Effect::none, false, "5.17", InUserEngine::yes},
    {188, "xdp_get_buff_len", Returns::number, {context}, kXdp, 0, Effect::none, false, "5.18", InUserEngine::yes},
    {189, "xdp_load_bytes", Returns::number, {context, anything, writable_memory, size}, kXdp, 0, Effect::none, false, "5.18", InUserEngine::yes},
    {190, "xdp_store_bytes", Returns::number, {context, anything, memory, size}, kXdp, 0, Effect::none, false, "5.18", InUserEngine::yes},
    {208, "ktime_get_tai_ns", Returns::number, {}, kAll, 0, Effect::none, false, "6.1", InUserEngine::yes},
});
// clang-format on

// Every helper of Linux in the order of ids, which start at 1, with the kernel release that first
// has it. The list is closed: newer calls are kfuncs.
struct Name {
  std::string_view name;
  std::string_view since;
};
// clang-format off
constexpr auto kNames = std::to_array<Name>({
    {"map_lookup_elem", "3.19"}, {"map_update_elem", "3.19"}, {"map_delete_elem", "3.19"},
    {"probe_read", "4.1"}, {"ktime_get_ns", "4.1"}, {"trace_printk", "4.1"},
    {"get_prandom_u32", "4.1"}, {"get_smp_processor_id", "4.1"}, {"skb_store_bytes", "4.1"},
    {"l3_csum_replace", "4.1"}, {"l4_csum_replace", "4.1"}, {"tail_call", "4.2"},
    {"clone_redirect", "4.2"}, {"get_current_pid_tgid", "4.2"}, {"get_current_uid_gid", "4.2"},
    {"get_current_comm", "4.2"}, {"get_cgroup_classid", "4.3"}, {"skb_vlan_push", "4.3"},
    {"skb_vlan_pop", "4.3"}, {"skb_get_tunnel_key", "4.3"}, {"skb_set_tunnel_key", "4.3"},
    {"perf_event_read", "4.3"}, {"redirect", "4.4"}, {"get_route_realm", "4.4"},
    {"perf_event_output", "4.4"}, {"skb_load_bytes", "4.5"}, {"get_stackid", "4.6"},
    {"csum_diff", "4.6"}, {"skb_get_tunnel_opt", "4.6"}, {"skb_set_tunnel_opt", "4.6"},
    {"skb_change_proto", "4.8"}, {"skb_change_type", "4.8"}, {"skb_under_cgroup", "4.8"},
    {"get_hash_recalc", "4.8"}, {"get_current_task", "4.8"}, {"probe_write_user", "4.8"},
    {"current_task_under_cgroup", "4.9"}, {"skb_change_tail", "4.9"}, {"skb_pull_data", "4.9"},
    {"csum_update", "4.9"}, {"set_hash_invalid", "4.9"}, {"get_numa_node_id", "4.10"},
    {"skb_change_head", "4.10"}, {"xdp_adjust_head", "4.10"}, {"probe_read_str", "4.11"},
    {"get_socket_cookie", "4.12"}, {"get_socket_uid", "4.12"}, {"set_hash", "4.13"},
    {"setsockopt", "4.13"}, {"skb_adjust_room", "4.13"}, {"redirect_map", "4.14"},
    {"sk_redirect_map", "4.14"}, {"sock_map_update", "4.14"}, {"xdp_adjust_meta", "4.15"},
    {"perf_event_read_value", "4.15"}, {"perf_prog_read_value", "4.15"}, {"getsockopt", "4.15"},
    {"override_return", "4.16"}, {"sock_ops_cb_flags_set", "4.16"}, {"msg_redirect_map", "4.17"},
    {"msg_apply_bytes", "4.17"}, {"msg_cork_bytes", "4.17"}, {"msg_pull_data", "4.17"},
    {"bind", "4.17"}, {"xdp_adjust_tail", "4.18"}, {"skb_get_xfrm_state", "4.18"},
    {"get_stack", "4.18"}, {"skb_load_bytes_relative", "4.18"}, {"fib_lookup", "4.18"},
    {"sock_hash_update", "4.18"}, {"msg_redirect_hash", "4.18"}, {"sk_redirect_hash", "4.18"},
    {"lwt_push_encap", "4.18"}, {"lwt_seg6_store_bytes", "4.18"}, {"lwt_seg6_adjust_srh", "4.18"},
    {"lwt_seg6_action", "4.18"}, {"rc_repeat", "4.18"}, {"rc_keydown", "4.18"},
    {"skb_cgroup_id", "4.18"}, {"get_current_cgroup_id", "4.18"}, {"get_local_storage", "4.19"},
    {"sk_select_reuseport", "4.19"}, {"skb_ancestor_cgroup_id", "4.19"}, {"sk_lookup_tcp", "4.20"},
    {"sk_lookup_udp", "4.20"}, {"sk_release", "4.20"}, {"map_push_elem", "4.20"},
    {"map_pop_elem", "4.20"}, {"map_peek_elem", "4.20"}, {"msg_push_data", "4.20"},
    {"msg_pop_data", "5.0"}, {"rc_pointer_rel", "5.0"}, {"spin_lock", "5.1"},
    {"spin_unlock", "5.1"}, {"sk_fullsock", "5.1"}, {"tcp_sock", "5.1"}, {"skb_ecn_set_ce", "5.1"},
    {"get_listener_sock", "5.1"}, {"skc_lookup_tcp", "5.2"}, {"tcp_check_syncookie", "5.2"},
    {"sysctl_get_name", "5.2"}, {"sysctl_get_current_value", "5.2"},
    {"sysctl_get_new_value", "5.2"}, {"sysctl_set_new_value", "5.2"}, {"strtol", "5.2"},
    {"strtoul", "5.2"}, {"sk_storage_get", "5.2"}, {"sk_storage_delete", "5.2"},
    {"send_signal", "5.3"}, {"tcp_gen_syncookie", "5.4"}, {"skb_output", "5.5"},
    {"probe_read_user", "5.5"}, {"probe_read_kernel", "5.5"}, {"probe_read_user_str", "5.5"},
    {"probe_read_kernel_str", "5.5"}, {"tcp_send_ack", "5.6"}, {"send_signal_thread", "5.6"},
    {"jiffies64", "5.6"}, {"read_branch_records", "5.7"}, {"get_ns_current_pid_tgid", "5.7"},
    {"xdp_output", "5.7"}, {"get_netns_cookie", "5.7"}, {"get_current_ancestor_cgroup_id", "5.7"},
    {"sk_assign", "5.7"}, {"ktime_get_boot_ns", "5.8"}, {"seq_printf", "5.8"},
    {"seq_write", "5.8"}, {"sk_cgroup_id", "5.8"}, {"sk_ancestor_cgroup_id", "5.8"},
    {"ringbuf_output", "5.8"}, {"ringbuf_reserve", "5.8"}, {"ringbuf_submit", "5.8"},
    {"ringbuf_discard", "5.8"}, {"ringbuf_query", "5.8"}, {"csum_level", "5.8"},
    {"skc_to_tcp6_sock", "5.9"}, {"skc_to_tcp_sock", "5.9"}, {"skc_to_tcp_timewait_sock", "5.9"},
    {"skc_to_tcp_request_sock", "5.9"}, {"skc_to_udp6_sock", "5.9"}, {"get_task_stack", "5.9"},
    {"load_hdr_opt", "5.10"}, {"store_hdr_opt", "5.10"}, {"reserve_hdr_opt", "5.10"},
    {"inode_storage_get", "5.10"}, {"inode_storage_delete", "5.10"}, {"d_path", "5.10"},
    {"copy_from_user", "5.10"}, {"snprintf_btf", "5.10"}, {"seq_printf_btf", "5.10"},
    {"skb_cgroup_classid", "5.10"}, {"redirect_neigh", "5.10"}, {"per_cpu_ptr", "5.10"},
    {"this_cpu_ptr", "5.10"}, {"redirect_peer", "5.10"}, {"task_storage_get", "5.11"},
    {"task_storage_delete", "5.11"}, {"get_current_task_btf", "5.11"}, {"bprm_opts_set", "5.11"},
    {"ktime_get_coarse_ns", "5.11"}, {"ima_inode_hash", "5.11"}, {"sock_from_file", "5.11"},
    {"check_mtu", "5.12"}, {"for_each_map_elem", "5.13"}, {"snprintf", "5.13"},
    {"sys_bpf", "5.14"}, {"btf_find_by_name_kind", "5.14"}, {"sys_close", "5.14"},
    {"timer_init", "5.15"}, {"timer_set_callback", "5.15"}, {"timer_start", "5.15"},
    {"timer_cancel", "5.15"}, {"get_func_ip", "5.15"}, {"get_attach_cookie", "5.15"},
    {"task_pt_regs", "5.15"}, {"get_branch_snapshot", "5.16"}, {"trace_vprintk", "5.16"},
    {"skc_to_unix_sock", "5.16"}, {"kallsyms_lookup_name", "5.16"}, {"find_vma", "5.17"},
    {"loop", "5.17"}, {"strncmp", "5.17"}, {"get_func_arg", "5.17"}, {"get_func_ret", "5.17"},
    {"get_func_arg_cnt", "5.17"}, {"get_retval", "5.18"}, {"set_retval", "5.18"},
    {"xdp_get_buff_len", "5.18"}, {"xdp_load_bytes", "5.18"}, {"xdp_store_bytes", "5.18"},
    {"copy_from_user_task", "5.18"}, {"skb_set_tstamp", "5.18"}, {"ima_file_hash", "5.18"},
    {"kptr_xchg", "5.19"}, {"map_lookup_percpu_elem", "5.19"}, {"skc_to_mptcp_sock", "5.19"},
    {"dynptr_from_mem", "5.19"}, {"ringbuf_reserve_dynptr", "5.19"},
    {"ringbuf_submit_dynptr", "5.19"}, {"ringbuf_discard_dynptr", "5.19"}, {"dynptr_read", "5.19"},
    {"dynptr_write", "5.19"}, {"dynptr_data", "5.19"}, {"tcp_raw_gen_syncookie_ipv4", "6.0"},
    {"tcp_raw_gen_syncookie_ipv6", "6.0"}, {"tcp_raw_check_syncookie_ipv4", "6.0"},
    {"tcp_raw_check_syncookie_ipv6", "6.0"}, {"ktime_get_tai_ns", "6.1"},
    {"user_ringbuf_drain", "6.1"}, {"cgrp_storage_get", "6.2"}, {"cgrp_storage_delete", "6.2"},
});
// clang-format on
static_assert(kNames.size() + 1 == kHelpersMax);
static_assert(
    [] {
      for (const HelperRow& helper : kHelpers) {
        const Name& name = kNames[helper.id - 1];
        if (name.name != helper.name || name.since != helper.since) return false;
      }
      return true;
    }(),
    "the rows agree with the list");

struct OnlyInKernel {
  std::string_view name;
  std::string_view what;
};
// Of loader programs (kernel/bpf/syscall.c): descriptors and addresses of the kernel's own.
constexpr OnlyInKernel kOnlyInKernel[] = {
    {"sys_bpf", "makes the kernel's system call bpf(2)"},
    {"btf_find_by_name_kind", "looks into the types of the running kernel"},
    {"sys_close", "closes a descriptor of the process"},
    {"kallsyms_lookup_name", "looks up addresses of the running kernel"},
};

constexpr Name kNoName{};
const Name& name_of(s64 id) {
  const bool known = id >= 1 && id <= static_cast<s64>(kNames.size());
  return known ? kNames[static_cast<std::size_t>(id) - 1] : kNoName;
}

}  // namespace

std::span<const HelperRow> helpers() { return kHelpers; }

const HelperRow* find_helper(s64 id) {
  for (const HelperRow& helper : kHelpers) {
    if (helper.id == id) return &helper;
  }
  return nullptr;
}

std::string_view helper_name(s64 id) { return name_of(id).name; }
std::string_view helper_only_in_kernel(s64 id) {
  for (const OnlyInKernel& each : kOnlyInKernel) {
    if (each.name == helper_name(id)) return each.what;
  }
  return {};
}

std::string_view helper_since(s64 id) { return name_of(id).since; }

}  // namespace skep::platform
