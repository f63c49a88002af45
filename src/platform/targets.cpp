#include "platform/targets.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace skep::platform {
namespace {

// Each list is sorted. Hooks are without "bpf_lsm_".
// clang-format off

// sleepable_lsm_hooks
constexpr auto kSleepableHooks = std::to_array<std::string_view>({
    "bpf", "bpf_map", "bpf_map_create", "bpf_map_free", "bpf_prog", "bpf_prog_free",
    "bpf_prog_load", "bpf_token_capable", "bpf_token_cmd", "bpf_token_create", "bpf_token_free",
    "bprm_check_security", "bprm_committed_creds", "bprm_committing_creds", "bprm_creds_for_exec",
    "bprm_creds_from_file", "capget", "capset", "cred_prepare", "file_ioctl", "file_lock",
    "file_open", "file_post_open", "file_receive", "inet_conn_established", "inode_create",
    "inode_free_security", "inode_getattr", "inode_getxattr", "inode_mknod",
    "inode_need_killpriv", "inode_post_removexattr", "inode_post_setxattr", "inode_readlink",
    "inode_removexattr", "inode_rename", "inode_rmdir", "inode_setattr", "inode_setxattr",
    "inode_symlink", "inode_unlink", "kernel_module_request", "kernel_read_file",
    "kernfs_init_security", "mmap_file", "netlink_send", "path_chmod", "path_chown", "path_link",
    "path_mkdir", "path_notify", "path_rename", "path_rmdir", "path_symlink", "path_truncate",
    "path_unlink", "release_secctx", "sb_alloc_security", "sb_eat_lsm_opts", "sb_kern_mount",
    "sb_mount", "sb_remount", "sb_set_mnt_opts", "sb_show_options", "sb_statfs", "sb_umount",
    "settime", "socket_accept", "socket_bind", "socket_connect", "socket_create",
    "socket_getpeername", "socket_getpeersec_dgram", "socket_getsockname", "socket_getsockopt",
    "socket_listen", "socket_post_create", "socket_recvmsg", "socket_sendmsg", "socket_shutdown",
    "socket_socketpair", "syslog", "task_alloc", "task_prctl", "task_setscheduler",
    "task_to_inode", "userns_create"
});

// bpf_lsm_disabled_hooks
constexpr auto kDisabledHooks = std::to_array<std::string_view>({
    "audit_rule_match", "getprocattr", "getselfattr", "inode_copy_up_xattr", "inode_getsecurity",
    "inode_listsecurity", "inode_need_killpriv", "ismaclabel", "key_getsecurity", "setprocattr",
    "vm_enough_memory"
});

// untrusted_lsm_hooks: what they get is about to go, or not there yet
constexpr auto kUntrustedHooks = std::to_array<std::string_view>({
    "bpf_map_free", "bpf_prog_free", "file_alloc_security", "file_free_security",
    "sk_alloc_security", "sk_free_security", "task_free"
});

// bool_lsm_hooks
constexpr auto kYesOrNoHooks = std::to_array<std::string_view>({
    "audit_rule_known", "inode_xattr_skipcap", "xfrm_state_pol_flow_match"
});

// btf_id_deny: programs are entered through them
constexpr auto kNotTraced = std::to_array<std::string_view>({
    "___migrate_enable", "__rcu_read_lock", "__rcu_read_unlock", "migrate_disable",
    "migrate_enable", "preempt_count_add", "preempt_count_sub", "rcu_read_unlock_strict"
});

// noreturn_deny
constexpr auto kNeverReturn = std::to_array<std::string_view>({
    "__ia32_sys_exit", "__ia32_sys_exit_group", "__kunit_abort", "__module_put_and_kthread_exit",
    "__x64_sys_exit", "__x64_sys_exit_group", "do_exit", "do_group_exit",
    "kthread_complete_and_exit", "kthread_exit", "kunit_try_catch_throw", "make_task_dead"
});

// btf_allowlist_d_path
constexpr auto kWithPaths = std::to_array<std::string_view>({
    "dentry_open", "filp_close", "security_file_open", "security_file_permission",
    "security_inode_getattr", "security_path_truncate", "vfs_fallocate", "vfs_getattr",
    "vfs_truncate"
});

// clang-format on

bool is_listed(std::span<const std::string_view> names, std::string_view name) {
  return std::ranges::binary_search(names, name);
}

}  // namespace

LsmHook lsm_hook(std::string_view name) {
  return {.may_sleep = is_listed(kSleepableHooks, name),
          .is_disabled = is_listed(kDisabledHooks, name),
          .is_trusted = !is_listed(kUntrustedHooks, name),
          .is_yes_or_no = is_listed(kYesOrNoHooks, name)};
}

bool may_be_traced(std::string_view function) { return !is_listed(kNotTraced, function); }

bool never_returns(std::string_view function) { return is_listed(kNeverReturn, function); }

bool gives_paths(std::string_view function) { return is_listed(kWithPaths, function); }

}  // namespace skep::platform
