#include "platform/kernel_calls.hpp"

#include <algorithm>

namespace skep::platform {
namespace {

namespace calls {

// The hooks that functions are registered for, as sets of program types
// (bpf_prog_type_to_kfunc_hook in kernel/bpf/btf.c).
constexpr ProgramTypes kAll = ~ProgramTypes{0};
constexpr ProgramTypes kXdp = set_of(ProgramType::xdp);
constexpr ProgramTypes kSchedCls = set_of(ProgramType::sched_cls);
constexpr ProgramTypes kTc = set_of(ProgramType::sched_cls, ProgramType::sched_act);
constexpr ProgramTypes kStructOps = set_of(ProgramType::struct_ops);
constexpr ProgramTypes kSyscall = set_of(ProgramType::syscall);
constexpr ProgramTypes kKprobe = set_of(ProgramType::kprobe);
constexpr ProgramTypes kLsm = set_of(ProgramType::lsm);
constexpr ProgramTypes kTracing = set_of(ProgramType::tracing);
constexpr ProgramTypes kTraceHook = set_of(ProgramType::tracing, ProgramType::tracepoint,
                                           ProgramType::perf_event, ProgramType::lsm);
constexpr ProgramTypes kCgroups =
    set_of(ProgramType::cgroup_skb, ProgramType::cgroup_sock, ProgramType::cgroup_device,
           ProgramType::cgroup_sock_addr, ProgramType::cgroup_sockopt, ProgramType::cgroup_sysctl,
           ProgramType::sock_ops);
constexpr ProgramTypes kLwt = set_of(ProgramType::lwt_in, ProgramType::lwt_out,
                                     ProgramType::lwt_xmit, ProgramType::lwt_seg6local);
constexpr ProgramTypes kGeneric = kTraceHook | kSchedCls | kXdp | kStructOps | kSyscall | kCgroups;
constexpr ProgramTypes kSkb =
    kTc | kCgroups | kLwt | kTraceHook |
    set_of(ProgramType::socket_filter, ProgramType::sk_skb, ProgramType::netfilter);

// By name.
// clang-format off
constexpr KernelFunctionRow kRows[] = {
    {"__bpf_trap", kAll},
    {"bbr_cwnd_event", kStructOps},
    {"bbr_init", kStructOps},
    {"bbr_main", kStructOps},
    {"bbr_min_tso_segs", kStructOps},
    {"bbr_set_state", kStructOps},
    {"bbr_sndbuf_expand", kStructOps},
    {"bbr_ssthresh", kStructOps},
    {"bbr_undo_cwnd", kStructOps},
    {"bpf_arena_alloc_pages", kAll, kTrustedArguments | kMaySleep},
    {"bpf_arena_free_pages", kAll, kTrustedArguments | kMaySleep},
    {"bpf_arena_reserve_pages", kAll, kTrustedArguments | kMaySleep},
    {"bpf_cast_to_kern_ctx", kAll},
    {"bpf_cgroup_acquire", kGeneric, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_cgroup_ancestor", kGeneric, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_cgroup_from_id", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_cgroup_read_xattr", kAll, kRcuArguments},
    {"bpf_cgroup_release", kGeneric, kGivesBack},
    {"bpf_copy_from_user_dynptr", kAll, kMaySleep},
    {"bpf_copy_from_user_str", kAll, kMaySleep},
    {"bpf_copy_from_user_str_dynptr", kAll, kMaySleep},
    {"bpf_copy_from_user_task_dynptr", kAll, kTrustedArguments | kMaySleep},
    {"bpf_copy_from_user_task_str", kAll, kMaySleep},
    {"bpf_copy_from_user_task_str_dynptr", kAll, kTrustedArguments | kMaySleep},
    {"bpf_cpumask_acquire", kTraceHook | kStructOps | kSyscall, kAcquires | kTrustedArguments},
    {"bpf_cpumask_and", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_any_and_distribute", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_any_distribute", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_clear", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_clear_cpu", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_copy", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_create", kTraceHook | kStructOps | kSyscall, kAcquires | kMayReturnNull},
    {"bpf_cpumask_empty", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_equal", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_first", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_first_and", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_first_zero", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_full", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_intersects", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_or", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_populate", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_release", kTraceHook | kStructOps | kSyscall, kGivesBack},
    {"bpf_cpumask_set_cpu", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_setall", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_subset", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_test_and_clear_cpu", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_test_and_set_cpu", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_test_cpu", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_weight", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_cpumask_xor", kTraceHook | kStructOps | kSyscall, kRcuArguments},
    {"bpf_crypto_ctx_acquire", kSyscall, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_crypto_ctx_create", kSyscall, kAcquires | kMayReturnNull | kMaySleep},
    {"bpf_crypto_ctx_release", kSyscall, kGivesBack},
    {"bpf_crypto_decrypt", kTc | kXdp, kRcuArguments},
    {"bpf_crypto_encrypt", kTc | kXdp, kRcuArguments},
    {"bpf_ct_change_status", kSchedCls | kXdp, kTrustedArguments},
    {"bpf_ct_change_timeout", kSchedCls | kXdp, kTrustedArguments},
    {"bpf_ct_insert_entry", kSchedCls | kXdp, kAcquires | kGivesBack | kMayReturnNull},
    {"bpf_ct_release", kSchedCls | kXdp, kGivesBack},
    {"bpf_ct_set_nat_info", kSchedCls | kXdp, kTrustedArguments},
    {"bpf_ct_set_status", kSchedCls | kXdp, kTrustedArguments},
    {"bpf_ct_set_timeout", kSchedCls | kXdp, kTrustedArguments},
    {"bpf_dynptr_adjust", kAll},
    {"bpf_dynptr_clone", kAll},
    {"bpf_dynptr_copy", kAll},
    {"bpf_dynptr_from_skb", kSkb, kTrustedArguments},
    {"bpf_dynptr_from_skb_meta", kTc},
    {"bpf_dynptr_from_xdp", kXdp},
    {"bpf_dynptr_is_null", kAll},
    {"bpf_dynptr_is_rdonly", kAll},
    {"bpf_dynptr_memset", kAll},
    {"bpf_dynptr_size", kAll},
    {"bpf_dynptr_slice", kAll, kMayReturnNull},
    {"bpf_dynptr_slice_rdwr", kAll, kMayReturnNull},
    {"bpf_get_dentry_xattr", kLsm, kTrustedArguments | kMaySleep},
    {"bpf_get_file_xattr", kLsm, kTrustedArguments | kMaySleep},
    {"bpf_get_kmem_cache", kAll},
    {"bpf_get_task_exe_file", kLsm, kAcquires | kTrustedArguments | kMayReturnNull},
    {"bpf_iter_bits_destroy", kAll, kDestroysIterator},
    {"bpf_iter_bits_new", kAll, kMakesIterator},
    {"bpf_iter_bits_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_iter_css_destroy", kAll, kDestroysIterator},
    {"bpf_iter_css_new", kAll, kMakesIterator | kTrustedArguments | kInRcuSection},
    {"bpf_iter_css_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_iter_css_task_destroy", kAll, kDestroysIterator},
    {"bpf_iter_css_task_new", kAll, kMakesIterator | kTrustedArguments},
    {"bpf_iter_css_task_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_iter_dmabuf_destroy", kAll, kDestroysIterator | kMaySleep},
    {"bpf_iter_dmabuf_new", kAll, kMakesIterator | kMaySleep},
    {"bpf_iter_dmabuf_next", kAll, kStepsIterator | kMayReturnNull | kMaySleep},
    {"bpf_iter_kmem_cache_destroy", kAll, kDestroysIterator | kMaySleep},
    {"bpf_iter_kmem_cache_new", kAll, kMakesIterator | kMaySleep},
    {"bpf_iter_kmem_cache_next", kAll, kStepsIterator | kMayReturnNull | kMaySleep},
    {"bpf_iter_num_destroy", kAll, kDestroysIterator},
    {"bpf_iter_num_new", kAll, kMakesIterator},
    {"bpf_iter_num_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_iter_task_destroy", kAll, kDestroysIterator},
    {"bpf_iter_task_new", kAll, kMakesIterator | kTrustedArguments | kInRcuSection},
    {"bpf_iter_task_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_iter_task_vma_destroy", kAll, kDestroysIterator},
    {"bpf_iter_task_vma_new", kAll, kMakesIterator | kRcuArguments},
    {"bpf_iter_task_vma_next", kAll, kStepsIterator | kMayReturnNull},
    {"bpf_key_put", kGeneric, kGivesBack},
    {"bpf_kfunc_call_memb_release", kSchedCls | kTraceHook | kSyscall, kGivesBack},
    {"bpf_kfunc_call_test_release", kSchedCls | kTraceHook | kSyscall, kGivesBack},
    {"bpf_list_back", kGeneric, kMayReturnNull},
    {"bpf_list_front", kGeneric, kMayReturnNull},
    {"bpf_list_pop_back", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_list_pop_front", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_list_push_back_impl", kGeneric},
    {"bpf_list_push_front_impl", kGeneric},
    {"bpf_local_irq_restore", kAll},
    {"bpf_local_irq_save", kAll},
    {"bpf_lookup_system_key", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_lookup_user_key", kGeneric, kAcquires | kMayReturnNull | kMaySleep},
    {"bpf_map_sum_elem_count", kAll, kTrustedArguments},
    {"bpf_modify_return_test_tp", kAll},
    {"bpf_obj_drop_impl", kGeneric, kGivesBack},
    {"bpf_obj_new_impl", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_path_d_path", kLsm, kTrustedArguments},
    {"bpf_percpu_obj_drop_impl", kGeneric, kGivesBack},
    {"bpf_percpu_obj_new_impl", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_preempt_disable", kAll},
    {"bpf_preempt_enable", kAll},
    {"bpf_probe_read_kernel_dynptr", kAll},
    {"bpf_probe_read_kernel_str_dynptr", kAll},
    {"bpf_probe_read_user_dynptr", kAll},
    {"bpf_probe_read_user_str_dynptr", kAll},
    {"bpf_put_file", kLsm, kGivesBack},
    {"bpf_rbtree_add_impl", kGeneric},
    {"bpf_rbtree_first", kGeneric, kMayReturnNull},
    {"bpf_rbtree_left", kGeneric, kMayReturnNull},
    {"bpf_rbtree_remove", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_rbtree_right", kGeneric, kMayReturnNull},
    {"bpf_rbtree_root", kGeneric, kMayReturnNull},
    {"bpf_rcu_read_lock", kAll},
    {"bpf_rcu_read_unlock", kAll},
    {"bpf_rdonly_cast", kAll},
    {"bpf_refcount_acquire_impl", kGeneric, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_remove_dentry_xattr", kLsm, kTrustedArguments | kMaySleep},
    {"bpf_res_spin_lock", kAll, kMayReturnNull},
    {"bpf_res_spin_lock_irqsave", kAll, kMayReturnNull},
    {"bpf_res_spin_unlock", kAll},
    {"bpf_res_spin_unlock_irqrestore", kAll},
    {"bpf_send_signal_task", kGeneric, kTrustedArguments},
    {"bpf_session_cookie", kKprobe},
    {"bpf_session_is_return", kKprobe},
    {"bpf_set_dentry_xattr", kLsm, kTrustedArguments | kMaySleep},
    {"bpf_sk_assign_tcp_reqsk", kSchedCls, kTrustedArguments},
    {"bpf_skb_ct_alloc", kSchedCls | kXdp, kAcquires | kMayReturnNull},
    {"bpf_skb_ct_lookup", kSchedCls | kXdp, kAcquires | kMayReturnNull},
    {"bpf_sock_addr_set_sun_path", kCgroups},
    {"bpf_sock_destroy", kTracing, kTrustedArguments},
    {"bpf_sock_ops_enable_tx_tstamp", kCgroups, kTrustedArguments},
    {"bpf_strcasecmp", kAll},
    {"bpf_strchr", kAll},
    {"bpf_strchrnul", kAll},
    {"bpf_strcmp", kAll},
    {"bpf_strcspn", kAll},
    {"bpf_stream_vprintk_impl", kAll, kTrustedArguments},
    {"bpf_strlen", kAll},
    {"bpf_strnchr", kAll},
    {"bpf_strnlen", kAll},
    {"bpf_strnstr", kAll},
    {"bpf_strrchr", kAll},
    {"bpf_strspn", kAll},
    {"bpf_strstr", kAll},
    {"bpf_task_acquire", kGeneric, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_task_from_pid", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_task_from_vpid", kGeneric, kAcquires | kMayReturnNull},
    {"bpf_task_get_cgroup1", kGeneric, kAcquires | kMayReturnNull | kRcuArguments},
    {"bpf_task_release", kGeneric, kGivesBack},
    {"bpf_task_under_cgroup", kGeneric, kRcuArguments},
    {"bpf_task_work_schedule_resume_impl", kAll, kTrustedArguments},
    {"bpf_task_work_schedule_signal_impl", kAll, kTrustedArguments},
    {"bpf_throw", kGeneric},
    {"bpf_wq_init", kAll},
    {"bpf_wq_set_callback_impl", kAll},
    {"bpf_wq_start", kAll},
    {"bpf_xdp_ct_alloc", kSchedCls | kXdp, kAcquires | kMayReturnNull},
    {"bpf_xdp_ct_lookup", kSchedCls | kXdp, kAcquires | kMayReturnNull},
    {"bpf_xdp_get_xfrm_state", kXdp, kAcquires | kMayReturnNull},
    {"bpf_xdp_metadata_rx_hash", kAll, kTrustedArguments | kOfDevice},
    {"bpf_xdp_metadata_rx_timestamp", kAll, kTrustedArguments | kOfDevice},
    {"bpf_xdp_metadata_rx_vlan_tag", kAll, kTrustedArguments | kOfDevice},
    {"bpf_xdp_pull_data", kXdp, kMovesPacket},
    {"bpf_xdp_xfrm_state_release", kXdp, kGivesBack},
    {"css_rstat_flush", kTraceHook, kMaySleep},
    {"css_rstat_updated", kTraceHook},
    {"cubictcp_acked", kStructOps},
    {"cubictcp_cong_avoid", kStructOps},
    {"cubictcp_cwnd_event", kStructOps},
    {"cubictcp_init", kStructOps},
    {"cubictcp_recalc_ssthresh", kStructOps},
    {"cubictcp_state", kStructOps},
    {"tcp_cong_avoid_ai", kStructOps},
    {"tcp_reno_cong_avoid", kStructOps},
    {"tcp_reno_ssthresh", kStructOps},
    {"tcp_reno_undo_cwnd", kStructOps},
    {"tcp_slow_start", kStructOps},
};
// clang-format on

}  // namespace calls

// Functions of programs that are attached in some ways only (the filters of their sets).
bool is_attached_for(std::string_view function, std::optional<AttachType> attach) {
  if (function == "bpf_sock_destroy") return attach == AttachType::trace_iter;
  const bool is_of_session =
      function == "bpf_session_cookie" || function == "bpf_session_is_return";
  return !is_of_session || attach == AttachType::trace_kprobe_session ||
         attach == AttachType::trace_uprobe_session;
}

}  // namespace

std::span<const KernelFunctionRow> kernel_function_rows() { return calls::kRows; }

const KernelFunctionRow* find_kernel_function(std::string_view name) {
  const auto* const found =
      std::ranges::lower_bound(calls::kRows, name, {}, &KernelFunctionRow::name);
  return found == std::end(calls::kRows) || found->name != name ? nullptr : found;
}

bool may_call(const KernelFunctionRow& function, ProgramType type,
              std::optional<AttachType> attach) {
  return (function.programs & set_of(type)) != 0 && is_attached_for(function.name, attach);
}

}  // namespace skep::platform
