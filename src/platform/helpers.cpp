#include "platform/helpers.hpp"

#include <algorithm>

#include "isa/instruction.hpp"

namespace skep::platform {
namespace {

using enum Argument;

// ---- who may call
// --------------------------------------------------------------------------------------------------

// A replacement (ext) may call what the program that it replaces may, which is not known here.
template <class... Types>
constexpr ProgramTypes of(Types... types) {
  return set_of(ProgramType::ext, types...);
}
constexpr ProgramTypes kAll = ~ProgramTypes{0};
constexpr ProgramTypes without(ProgramTypes types) {
  return (kAll & ~types) | set_of(ProgramType::ext);
}

constexpr ProgramTypes kTrace =
    of(ProgramType::kprobe, ProgramType::tracepoint, ProgramType::perf_event,
       ProgramType::raw_tracepoint, ProgramType::raw_tracepoint_writable);
constexpr ProgramTypes kLwt = of(ProgramType::lwt_in, ProgramType::lwt_out, ProgramType::lwt_xmit,
                                 ProgramType::lwt_seg6local);
constexpr ProgramTypes kTc = of(ProgramType::sched_cls, ProgramType::sched_act);
constexpr ProgramTypes kLwtXmit = of(ProgramType::lwt_xmit);
constexpr ProgramTypes kLwtIn = of(ProgramType::lwt_in);
constexpr ProgramTypes kLwtSeg6 = of(ProgramType::lwt_seg6local);
constexpr ProgramTypes kXdp = of(ProgramType::xdp);
constexpr ProgramTypes kSocketFilter = of(ProgramType::socket_filter);
constexpr ProgramTypes kCgroupSkb = of(ProgramType::cgroup_skb);
constexpr ProgramTypes kCgroupSock = of(ProgramType::cgroup_sock);
constexpr ProgramTypes kSockAddr = of(ProgramType::cgroup_sock_addr);
constexpr ProgramTypes kSockopt = of(ProgramType::cgroup_sockopt);
constexpr ProgramTypes kDevice = of(ProgramType::cgroup_device);
constexpr ProgramTypes kSysctl = of(ProgramType::cgroup_sysctl);
constexpr ProgramTypes kSockOps = of(ProgramType::sock_ops);
constexpr ProgramTypes kSkSkb = of(ProgramType::sk_skb);
constexpr ProgramTypes kSkMsg = of(ProgramType::sk_msg);
constexpr ProgramTypes kReuseport = of(ProgramType::sk_reuseport);
constexpr ProgramTypes kDissector = of(ProgramType::flow_dissector);
constexpr ProgramTypes kSkLookup = of(ProgramType::sk_lookup);
constexpr ProgramTypes kNetfilter = of(ProgramType::netfilter);
constexpr ProgramTypes kTracing = of(ProgramType::tracing, ProgramType::lsm);
constexpr ProgramTypes kTracingOnly = of(ProgramType::tracing);
constexpr ProgramTypes kLsm = of(ProgramType::lsm);
constexpr ProgramTypes kStructOps = of(ProgramType::struct_ops);
constexpr ProgramTypes kSyscall = of(ProgramType::syscall);
constexpr ProgramTypes kKprobe = of(ProgramType::kprobe);
constexpr ProgramTypes kPerfEvent = of(ProgramType::perf_event);
constexpr ProgramTypes kLirc = of(ProgramType::lirc_mode2);
// Everyone but decoders of infrared signals, who have a short list of their own.
constexpr ProgramTypes kBase = without(kLirc);

// ---- on which maps
// -------------------------------------------------------------------------------------------------

constexpr MapKinds kElements =
    set_of(MapKind::hash, MapKind::array, MapKind::percpu_hash, MapKind::percpu_array,
           MapKind::lru_hash, MapKind::lru_percpu_hash);
constexpr MapKinds kSocketMaps = set_of(MapKind::sockmap, MapKind::sockhash);
constexpr MapKinds kLookedUp =
    kElements | kSocketMaps |
    set_of(MapKind::lpm_trie, MapKind::array_of_maps, MapKind::hash_of_maps, MapKind::devmap,
           MapKind::devmap_hash, MapKind::xskmap);
// Maps of sockets are changed by some program types only, and take sockets as values.
constexpr MapKinds kUpdated = kElements | kSocketMaps | set_of(MapKind::lpm_trie);
constexpr MapKinds kWalked = kElements;
constexpr MapKinds kWithTimers = set_of(MapKind::hash, MapKind::array, MapKind::lru_hash);

// ---- rows, by rising id
// ---------------------------------------------------------------------------------------------------------

// clang-format off
constexpr auto kHelpers = std::to_array<HelperRow>({
    {.id = 1, .name = "map_lookup_elem", .returns = Returns::map_value_or_null, .arguments = {map, map_key}, .programs = kAll, .maps = kLookedUp, .since = "3.19", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 2, .name = "map_update_elem", .arguments = {map, map_key, map_value, anything}, .programs = kAll, .maps = kUpdated, .since = "3.19", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 3, .name = "map_delete_elem", .arguments = {map, map_key}, .programs = kAll, .maps = kUpdated, .since = "3.19", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 4, .name = "probe_read", .arguments = {writable_memory, size_or_zero, anything}, .programs = kTrace | kTracing | kSyscall, .gpl_only = true, .since = "4.1"},
    {.id = 5, .name = "ktime_get_ns", .programs = kAll, .since = "4.1", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 6, .name = "trace_printk", .arguments = {memory, size}, .programs = kAll, .gpl_only = true, .since = "4.1", .user_engine = InUserEngine::yes, .privilege = Privilege::perfmon},
    {.id = 7, .name = "get_prandom_u32", .programs = kAll, .since = "4.1", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 8, .name = "get_smp_processor_id", .programs = kBase, .since = "4.1", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 9, .name = "skb_store_bytes", .arguments = {context, anything, memory, size, anything}, .programs = kTc | kLwtXmit | kSkSkb, .effect = Effect::moves_packet, .since = "4.1", .user_engine = InUserEngine::yes},
    {.id = 10, .name = "l3_csum_replace", .arguments = {context, anything, anything, anything, anything}, .programs = kTc | kLwtXmit, .effect = Effect::moves_packet, .since = "4.1", .user_engine = InUserEngine::yes},
    {.id = 11, .name = "l4_csum_replace", .arguments = {context, anything, anything, anything, anything}, .programs = kTc | kLwtXmit, .effect = Effect::moves_packet, .since = "4.1", .user_engine = InUserEngine::yes},
    {.id = 12, .name = "tail_call", .returns = Returns::nothing, .arguments = {context, map, anything}, .programs = kAll, .maps = set_of(MapKind::prog_array), .effect = Effect::ends_program, .since = "4.2", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 13, .name = "clone_redirect", .arguments = {context, anything, anything}, .programs = kTc | kLwtXmit, .effect = Effect::moves_packet, .since = "4.2"},
    {.id = 14, .name = "get_current_pid_tgid", .programs = kBase, .since = "4.2", .privilege = Privilege::none},
    {.id = 15, .name = "get_current_uid_gid", .programs = kBase, .since = "4.2", .privilege = Privilege::none},
    {.id = 16, .name = "get_current_comm", .arguments = {writable_memory, size}, .programs = kBase, .since = "4.2", .privilege = Privilege::perfmon},
    {.id = 17, .name = "get_cgroup_classid", .programs = kBase, .since = "4.3"},
    {.id = 18, .name = "skb_vlan_push", .arguments = {context, anything, anything}, .programs = kTc, .effect = Effect::moves_packet, .since = "4.3", .user_engine = InUserEngine::yes},
    {.id = 19, .name = "skb_vlan_pop", .arguments = {context}, .programs = kTc, .effect = Effect::moves_packet, .since = "4.3", .user_engine = InUserEngine::yes},
    {.id = 20, .name = "skb_get_tunnel_key", .arguments = {context, writable_memory, size, anything}, .programs = kTc | kLwtXmit, .since = "4.3"},
    {.id = 21, .name = "skb_set_tunnel_key", .arguments = {context, memory, size, anything}, .programs = kTc | kLwtXmit, .since = "4.3"},
    {.id = 22, .name = "perf_event_read", .arguments = {map, anything}, .programs = kBase, .maps = set_of(MapKind::perf_event_array), .gpl_only = true, .since = "4.3", .privilege = Privilege::perfmon},
    {.id = 23, .name = "redirect", .arguments = {anything, anything}, .programs = kTc | kLwtXmit | kXdp, .since = "4.4"},
    {.id = 24, .name = "get_route_realm", .arguments = {context}, .programs = kLwt | kTc, .since = "4.4"},
    {.id = 25, .name = "perf_event_output", .arguments = {context, map, anything, memory, size_or_zero}, .programs = without(kReuseport | kDissector | kNetfilter | kStructOps | kLirc), .maps = set_of(MapKind::perf_event_array), .gpl_only = true, .since = "4.4", .privilege = Privilege::none},
    {.id = 26, .name = "skb_load_bytes", .arguments = {context, anything, writable_memory, size}, .programs = kLwt | kTc | kSocketFilter | kCgroupSkb | kSkSkb | kReuseport | kDissector, .since = "4.5", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 27, .name = "get_stackid", .arguments = {context, map, anything}, .programs = kTrace | kTracing | kSyscall, .maps = set_of(MapKind::stack_trace), .gpl_only = true, .since = "4.6"},
    {.id = 28, .name = "csum_diff", .arguments = {memory_or_null, size_or_zero, memory_or_null, size_or_zero, anything}, .programs = kLwt | kTc | kXdp, .since = "4.6", .user_engine = InUserEngine::yes},
    {.id = 29, .name = "skb_get_tunnel_opt", .arguments = {context, writable_memory, size}, .programs = kTc | kLwtXmit, .since = "4.6"},
    {.id = 30, .name = "skb_set_tunnel_opt", .arguments = {context, memory, size}, .programs = kTc | kLwtXmit, .since = "4.6"},
    {.id = 31, .name = "skb_change_proto", .arguments = {context, anything, anything}, .programs = kTc, .effect = Effect::moves_packet, .since = "4.8"},
    {.id = 32, .name = "skb_change_type", .arguments = {context, anything}, .programs = kTc, .since = "4.8"},
    {.id = 33, .name = "skb_under_cgroup", .arguments = {context, map, anything}, .programs = kLwt | kTc, .maps = set_of(MapKind::cgroup_array), .since = "4.8"},
    {.id = 34, .name = "get_hash_recalc", .arguments = {context}, .programs = kLwt | kTc, .since = "4.8", .user_engine = InUserEngine::yes},
    {.id = 35, .name = "get_current_task", .programs = kBase, .gpl_only = true, .since = "4.8", .privilege = Privilege::perfmon},
    {.id = 36, .name = "probe_write_user", .arguments = {anything, memory, size}, .programs = kTrace | kTracing | kSyscall, .gpl_only = true, .since = "4.8", .privilege = Privilege::sys_admin},
    {.id = 37, .name = "current_task_under_cgroup", .arguments = {map, anything}, .programs = kBase, .maps = set_of(MapKind::cgroup_array), .since = "4.9"},
    {.id = 38, .name = "skb_change_tail", .arguments = {context, anything, anything}, .programs = kTc | kLwtXmit | kSkSkb, .effect = Effect::moves_packet, .since = "4.9", .user_engine = InUserEngine::yes},
    {.id = 39, .name = "skb_pull_data", .arguments = {context, anything}, .programs = kLwt | kTc | kSkSkb, .effect = Effect::moves_packet, .since = "4.9", .user_engine = InUserEngine::yes},
    {.id = 40, .name = "csum_update", .arguments = {context, anything}, .programs = kTc | kLwtXmit, .since = "4.9"},
    {.id = 41, .name = "set_hash_invalid", .arguments = {context}, .programs = kTc | kLwtXmit, .since = "4.9"},
    {.id = 42, .name = "get_numa_node_id", .programs = kBase, .since = "4.10", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 43, .name = "skb_change_head", .arguments = {context, anything, anything}, .programs = kTc | kLwtXmit | kSkSkb, .effect = Effect::moves_packet, .since = "4.10", .user_engine = InUserEngine::yes},
    {.id = 44, .name = "xdp_adjust_head", .arguments = {context, anything}, .programs = kXdp, .effect = Effect::moves_packet, .since = "4.10", .user_engine = InUserEngine::yes},
    {.id = 45, .name = "probe_read_str", .arguments = {writable_memory, size_or_zero, anything}, .programs = kTrace | kTracing | kSyscall, .gpl_only = true, .since = "4.11"},
    {.id = 46, .name = "get_socket_cookie", .arguments = {context}, .programs = kTc | kSocketFilter | kCgroupSkb | kCgroupSock | kSockAddr | kSockOps | kSkSkb | kReuseport | kTracing | kSyscall, .since = "4.12", .privilege = Privilege::none},
    {.id = 47, .name = "get_socket_uid", .arguments = {context}, .programs = kTc | kSocketFilter | kCgroupSkb | kSkSkb, .since = "4.12", .privilege = Privilege::none},
    {.id = 48, .name = "set_hash", .arguments = {context, anything}, .programs = kTc, .since = "4.13"},
    {.id = 49, .name = "setsockopt", .arguments = {context, anything, anything, memory, size}, .programs = kSockAddr | kSockopt | kSockOps | kLsm | kStructOps, .since = "4.13"},
    {.id = 50, .name = "skb_adjust_room", .arguments = {context, anything, anything, anything}, .programs = kTc | kSkSkb, .effect = Effect::moves_packet, .since = "4.13", .user_engine = InUserEngine::yes},
    {.id = 51, .name = "redirect_map", .arguments = {map, anything, anything}, .programs = kXdp, .maps = set_of(MapKind::devmap, MapKind::cpumap, MapKind::xskmap, MapKind::devmap_hash), .since = "4.14"},
    {.id = 52, .name = "sk_redirect_map", .arguments = {context, map, anything, anything}, .programs = kSkSkb, .maps = set_of(MapKind::sockmap), .since = "4.14"},
    {.id = 53, .name = "sock_map_update", .arguments = {context, map, map_key, anything}, .programs = kSockOps, .maps = set_of(MapKind::sockmap), .since = "4.14"},
    {.id = 54, .name = "xdp_adjust_meta", .arguments = {context, anything}, .programs = kXdp, .effect = Effect::moves_packet, .since = "4.15", .user_engine = InUserEngine::yes},
    {.id = 55, .name = "perf_event_read_value", .arguments = {map, anything, writable_memory, size}, .programs = kBase, .maps = set_of(MapKind::perf_event_array), .gpl_only = true, .since = "4.15", .privilege = Privilege::perfmon},
    {.id = 56, .name = "perf_prog_read_value", .arguments = {context, writable_memory, size}, .programs = kPerfEvent, .gpl_only = true, .since = "4.15"},
    {.id = 57, .name = "getsockopt", .arguments = {context, anything, anything, writable_memory, size}, .programs = kSockAddr | kSockopt | kSockOps | kLsm | kStructOps, .since = "4.15"},
    {.id = 58, .name = "override_return", .arguments = {context, anything}, .programs = kKprobe, .gpl_only = true, .since = "4.16"},
    {.id = 59, .name = "sock_ops_cb_flags_set", .arguments = {context, anything}, .programs = kSockOps, .since = "4.16"},
    {.id = 60, .name = "msg_redirect_map", .arguments = {context, map, anything, anything}, .programs = kSkMsg, .maps = set_of(MapKind::sockmap), .since = "4.17"},
    {.id = 61, .name = "msg_apply_bytes", .arguments = {context, anything}, .programs = kSkMsg, .since = "4.17"},
    {.id = 62, .name = "msg_cork_bytes", .arguments = {context, anything}, .programs = kSkMsg, .since = "4.17"},
    {.id = 63, .name = "msg_pull_data", .arguments = {context, anything, anything, anything}, .programs = kSkMsg, .effect = Effect::moves_packet, .since = "4.17"},
    {.id = 64, .name = "bind", .arguments = {context, memory, size}, .programs = kSockAddr, .since = "4.17"},
    {.id = 65, .name = "xdp_adjust_tail", .arguments = {context, anything}, .programs = kXdp, .effect = Effect::moves_packet, .since = "4.18", .user_engine = InUserEngine::yes},
    {.id = 66, .name = "skb_get_xfrm_state", .arguments = {context, anything, writable_memory, size, anything}, .programs = kTc, .since = "4.18"},
    {.id = 67, .name = "get_stack", .arguments = {context, writable_memory, size_or_zero, anything}, .programs = kTrace | kTracing | kSyscall, .gpl_only = true, .since = "4.18"},
    {.id = 68, .name = "skb_load_bytes_relative", .arguments = {context, anything, writable_memory, size, anything}, .programs = kTc | kSocketFilter | kCgroupSkb | kReuseport, .since = "4.18", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 69, .name = "fib_lookup", .arguments = {context, updated_memory, size, anything}, .programs = kTc | kXdp, .gpl_only = true, .since = "4.18"},
    {.id = 70, .name = "sock_hash_update", .arguments = {context, map, map_key, anything}, .programs = kSockOps, .maps = set_of(MapKind::sockhash), .since = "4.18"},
    {.id = 71, .name = "msg_redirect_hash", .arguments = {context, map, map_key, anything}, .programs = kSkMsg, .maps = set_of(MapKind::sockhash), .since = "4.18"},
    {.id = 72, .name = "sk_redirect_hash", .arguments = {context, map, map_key, anything}, .programs = kSkSkb, .maps = set_of(MapKind::sockhash), .since = "4.18"},
    {.id = 73, .name = "lwt_push_encap", .arguments = {context, anything, memory, size}, .programs = kLwtXmit | kLwtIn, .effect = Effect::moves_packet, .since = "4.18"},
    {.id = 74, .name = "lwt_seg6_store_bytes", .arguments = {context, anything, memory, size}, .programs = kLwtSeg6, .effect = Effect::moves_packet, .since = "4.18"},
    {.id = 75, .name = "lwt_seg6_adjust_srh", .arguments = {context, anything, anything}, .programs = kLwtSeg6, .effect = Effect::moves_packet, .since = "4.18"},
    {.id = 76, .name = "lwt_seg6_action", .arguments = {context, anything, memory, size}, .programs = kLwtSeg6, .effect = Effect::moves_packet, .since = "4.18"},
    {.id = 77, .name = "rc_repeat", .arguments = {context}, .programs = kLirc, .gpl_only = true, .since = "4.18"},
    {.id = 78, .name = "rc_keydown", .arguments = {context, anything, anything, anything}, .programs = kLirc, .gpl_only = true, .since = "4.18"},
    {.id = 79, .name = "skb_cgroup_id", .arguments = {context}, .programs = kTc | kCgroupSkb, .since = "4.18", .privilege = Privilege::none},
    {.id = 80, .name = "get_current_cgroup_id", .programs = kBase, .since = "4.18"},
    {.id = 81, .name = "get_local_storage", .returns = Returns::map_value, .arguments = {map, anything}, .programs = kCgroupSkb | kCgroupSock | kSockAddr | kSockopt | kDevice | kSysctl | kSockOps | kLsm, .maps = set_of(MapKind::cgroup_storage, MapKind::percpu_cgroup_storage), .since = "4.19", .privilege = Privilege::none},
    {.id = 82, .name = "sk_select_reuseport", .arguments = {context, map, map_key, anything}, .programs = kReuseport, .maps = set_of(MapKind::sockmap, MapKind::sockhash, MapKind::reuseport_sockarray), .since = "4.19"},
    {.id = 83, .name = "skb_ancestor_cgroup_id", .arguments = {context, anything}, .programs = kTc | kCgroupSkb, .since = "4.19", .privilege = Privilege::none},
    {.id = 84, .name = "sk_lookup_tcp", .returns = Returns::socket_or_null, .arguments = {context, memory, size_or_zero, anything, anything}, .programs = kTc | kXdp | kCgroupSkb | kSockAddr | kSkSkb, .since = "4.20", .privilege = Privilege::none, .acquires = true},
    {.id = 85, .name = "sk_lookup_udp", .returns = Returns::socket_or_null, .arguments = {context, memory, size_or_zero, anything, anything}, .programs = kTc | kXdp | kCgroupSkb | kSockAddr | kSkSkb, .since = "4.20", .privilege = Privilege::none, .acquires = true},
    {.id = 86, .name = "sk_release", .arguments = {socket_taken}, .programs = kTc | kXdp | kCgroupSkb | kSockAddr | kSkSkb | kSkLookup, .since = "4.20", .privilege = Privilege::none},
    {.id = 87, .name = "map_push_elem", .arguments = {map, map_value, anything}, .programs = kAll, .maps = set_of(MapKind::queue, MapKind::stack, MapKind::bloom_filter), .since = "4.20", .privilege = Privilege::none},
    {.id = 88, .name = "map_pop_elem", .arguments = {map, map_value_out}, .programs = kAll, .maps = set_of(MapKind::queue, MapKind::stack), .since = "4.20", .privilege = Privilege::none},
    {.id = 89, .name = "map_peek_elem", .arguments = {map, map_value_out}, .programs = kAll, .maps = set_of(MapKind::queue, MapKind::stack, MapKind::bloom_filter), .since = "4.20", .privilege = Privilege::none},
    {.id = 90, .name = "msg_push_data", .arguments = {context, anything, anything, anything}, .programs = kSkMsg, .effect = Effect::moves_packet, .since = "4.20"},
    {.id = 91, .name = "msg_pop_data", .arguments = {context, anything, anything, anything}, .programs = kSkMsg, .effect = Effect::moves_packet, .since = "5.0"},
    {.id = 92, .name = "rc_pointer_rel", .arguments = {context, anything, anything}, .programs = kLirc, .gpl_only = true, .since = "5.0"},
    {.id = 93, .name = "spin_lock", .returns = Returns::nothing, .arguments = {spin_lock}, .programs = kBase, .since = "5.1"},
    {.id = 94, .name = "spin_unlock", .returns = Returns::nothing, .arguments = {spin_lock}, .programs = kBase, .since = "5.1"},
    {.id = 95, .name = "sk_fullsock", .returns = Returns::socket_or_null, .arguments = {socket_common}, .programs = kTc | kCgroupSkb, .since = "5.1", .privilege = Privilege::none},
    {.id = 96, .name = "tcp_sock", .returns = Returns::tcp_socket_or_null, .arguments = {socket_common}, .programs = kTc | kCgroupSkb | kSockopt | kSockOps, .since = "5.1", .privilege = Privilege::none},
    {.id = 97, .name = "skb_ecn_set_ce", .arguments = {context}, .programs = kTc | kCgroupSkb, .since = "5.1", .privilege = Privilege::none},
    {.id = 98, .name = "get_listener_sock", .returns = Returns::socket_or_null, .arguments = {socket_common}, .programs = kTc | kCgroupSkb, .since = "5.1", .privilege = Privilege::none},
    {.id = 99, .name = "skc_lookup_tcp", .returns = Returns::socket_common_or_null, .arguments = {context, memory, size_or_zero, anything, anything}, .programs = kTc | kXdp | kCgroupSkb | kSockAddr | kSkSkb, .since = "5.2", .privilege = Privilege::none, .acquires = true},
    {.id = 100, .name = "tcp_check_syncookie", .arguments = {kernel_socket, memory, size, memory, size}, .programs = kTc | kXdp, .gpl_only = true, .since = "5.2"},
    {.id = 101, .name = "sysctl_get_name", .arguments = {context, writable_memory, size, anything}, .programs = kSysctl, .since = "5.2"},
    {.id = 102, .name = "sysctl_get_current_value", .arguments = {context, writable_memory, size}, .programs = kSysctl, .since = "5.2"},
    {.id = 103, .name = "sysctl_get_new_value", .arguments = {context, writable_memory, size}, .programs = kSysctl, .since = "5.2"},
    {.id = 104, .name = "sysctl_set_new_value", .arguments = {context, memory, size}, .programs = kSysctl, .since = "5.2"},
    {.id = 105, .name = "strtol", .arguments = {memory, size, anything, fixed_memory_out}, .programs = kBase, .since = "5.2", .privilege = Privilege::none, .fixed_bytes = 8},
    {.id = 106, .name = "strtoul", .arguments = {memory, size, anything, fixed_memory_out}, .programs = kBase, .since = "5.2", .privilege = Privilege::none, .fixed_bytes = 8},
    {.id = 107, .name = "sk_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, kernel_socket, map_value_or_null, anything}, .programs = kTc | kCgroupSkb | kCgroupSock | kSockAddr | kSockopt | kSockOps | kSkMsg | kTracing | kStructOps, .maps = set_of(MapKind::sk_storage), .since = "5.2", .privilege = Privilege::none},
    {.id = 108, .name = "sk_storage_delete", .arguments = {map, kernel_socket}, .programs = kTc | kCgroupSkb | kSockAddr | kSockopt | kSockOps | kSkMsg | kTracing | kStructOps, .maps = set_of(MapKind::sk_storage), .since = "5.2", .privilege = Privilege::none},
    {.id = 109, .name = "send_signal", .arguments = {anything}, .programs = kBase, .since = "5.3", .privilege = Privilege::perfmon},
    {.id = 110, .name = "tcp_gen_syncookie", .arguments = {kernel_socket, memory, size, memory, size}, .programs = kTc | kXdp, .gpl_only = true, .since = "5.4"},
    {.id = 111, .name = "skb_output", .arguments = {kernel_type, map, anything, memory, size_or_zero}, .programs = kTracing | kSyscall, .maps = set_of(MapKind::perf_event_array), .gpl_only = true, .since = "5.5", .kernel_type = "sk_buff"},
    {.id = 112, .name = "probe_read_user", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .gpl_only = true, .since = "5.5", .privilege = Privilege::perfmon},
    {.id = 113, .name = "probe_read_kernel", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .gpl_only = true, .since = "5.5", .privilege = Privilege::perfmon},
    {.id = 114, .name = "probe_read_user_str", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .gpl_only = true, .since = "5.5", .privilege = Privilege::perfmon},
    {.id = 115, .name = "probe_read_kernel_str", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .gpl_only = true, .since = "5.5", .privilege = Privilege::perfmon},
    {.id = 116, .name = "tcp_send_ack", .arguments = {kernel_type, anything}, .programs = kStructOps, .since = "5.6", .kernel_type = "tcp_sock"},
    {.id = 117, .name = "send_signal_thread", .arguments = {anything}, .programs = kBase, .since = "5.6", .privilege = Privilege::perfmon},
    {.id = 118, .name = "jiffies64", .programs = kBase, .since = "5.6", .user_engine = InUserEngine::yes},
    {.id = 119, .name = "read_branch_records", .arguments = {context, writable_memory_or_null, size_or_zero, anything}, .programs = kPerfEvent, .gpl_only = true, .since = "5.7"},
    {.id = 120, .name = "get_ns_current_pid_tgid", .arguments = {anything, anything, writable_memory, size}, .programs = kBase, .since = "5.7", .privilege = Privilege::none},
    {.id = 121, .name = "xdp_output", .arguments = {kernel_type, map, anything, memory, size_or_zero}, .programs = kTracing | kSyscall, .maps = set_of(MapKind::perf_event_array), .gpl_only = true, .since = "5.7", .kernel_type = "xdp_buff"},
    {.id = 122, .name = "get_netns_cookie", .arguments = {context_or_null}, .programs = kTc | kSocketFilter | kCgroupSkb | kCgroupSock | kSockAddr | kSockopt | kSockOps | kSkMsg, .since = "5.7", .privilege = Privilege::none},
    {.id = 123, .name = "get_current_ancestor_cgroup_id", .arguments = {anything}, .programs = kBase, .since = "5.7"},
    {.id = 124, .name = "sk_assign", .arguments = {context, kernel_socket, anything}, .programs = kTc | kSkLookup, .since = "5.7"},
    {.id = 125, .name = "ktime_get_boot_ns", .programs = kAll, .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 126, .name = "seq_printf", .arguments = {kernel_type, memory, size, memory_or_null, size_or_zero}, .programs = kTracingOnly, .gpl_only = true, .since = "5.8", .kernel_type = "seq_file"},
    {.id = 127, .name = "seq_write", .arguments = {kernel_type, memory, size_or_zero}, .programs = kTracingOnly, .gpl_only = true, .since = "5.8", .kernel_type = "seq_file"},
    {.id = 128, .name = "sk_cgroup_id", .arguments = {kernel_socket}, .programs = kCgroupSkb, .since = "5.8", .privilege = Privilege::none},
    {.id = 129, .name = "sk_ancestor_cgroup_id", .arguments = {kernel_socket, anything}, .programs = kCgroupSkb, .since = "5.8", .privilege = Privilege::none},
    {.id = 130, .name = "ringbuf_output", .arguments = {map, memory, size_or_zero, anything}, .programs = kBase, .maps = set_of(MapKind::ringbuf), .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 131, .name = "ringbuf_reserve", .returns = Returns::record_or_null, .arguments = {map, record_size, anything}, .programs = kBase, .maps = set_of(MapKind::ringbuf), .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none, .acquires = true},
    {.id = 132, .name = "ringbuf_submit", .returns = Returns::nothing, .arguments = {record, anything}, .programs = kBase, .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 133, .name = "ringbuf_discard", .returns = Returns::nothing, .arguments = {record, anything}, .programs = kBase, .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 134, .name = "ringbuf_query", .arguments = {map, anything}, .programs = kBase, .maps = set_of(MapKind::ringbuf), .since = "5.8", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 135, .name = "csum_level", .arguments = {context, anything}, .programs = kTc | kLwtXmit, .since = "5.8"},
    {.id = 136, .name = "skc_to_tcp6_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.9", .privilege = Privilege::perfmon, .returned_type = "tcp6_sock"},
    {.id = 137, .name = "skc_to_tcp_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.9", .privilege = Privilege::perfmon, .returned_type = "tcp_sock"},
    {.id = 138, .name = "skc_to_tcp_timewait_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.9", .privilege = Privilege::perfmon, .returned_type = "tcp_timewait_sock"},
    {.id = 139, .name = "skc_to_tcp_request_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.9", .privilege = Privilege::perfmon, .returned_type = "tcp_request_sock"},
    {.id = 140, .name = "skc_to_udp6_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.9", .privilege = Privilege::perfmon, .returned_type = "udp6_sock"},
    {.id = 141, .name = "get_task_stack", .arguments = {kernel_type, writable_memory, size_or_zero, anything}, .programs = kBase, .since = "5.9", .privilege = Privilege::perfmon, .kernel_type = "task_struct"},
    {.id = 142, .name = "load_hdr_opt", .arguments = {context, updated_memory, size, anything}, .programs = kSockOps, .since = "5.10"},
    {.id = 143, .name = "store_hdr_opt", .arguments = {context, memory, size, anything}, .programs = kSockOps, .effect = Effect::moves_packet, .since = "5.10"},
    {.id = 144, .name = "reserve_hdr_opt", .arguments = {context, anything, anything}, .programs = kSockOps, .since = "5.10"},
    {.id = 145, .name = "inode_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, kernel_type_or_null, map_value_or_null, anything}, .programs = kLsm, .maps = set_of(MapKind::inode_storage), .since = "5.10", .kernel_type = "inode"},
    {.id = 146, .name = "inode_storage_delete", .arguments = {map, kernel_type_or_null}, .programs = kLsm, .maps = set_of(MapKind::inode_storage), .since = "5.10", .kernel_type = "inode"},
    {.id = 147, .name = "d_path", .arguments = {kernel_type, updated_memory, size_or_zero}, .programs = kTracing, .since = "5.10", .kernel_type = "path"},
    {.id = 148, .name = "copy_from_user", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .since = "5.10", .needs = Needs::sleepable, .privilege = Privilege::perfmon},
    {.id = 149, .name = "snprintf_btf", .arguments = {updated_memory, size, memory, size, anything}, .programs = kBase, .since = "5.10", .privilege = Privilege::perfmon},
    {.id = 150, .name = "seq_printf_btf", .arguments = {kernel_type, memory, size_or_zero, anything}, .programs = kTracingOnly, .gpl_only = true, .since = "5.10", .kernel_type = "seq_file"},
    {.id = 151, .name = "skb_cgroup_classid", .arguments = {context}, .programs = kTc, .since = "5.10"},
    {.id = 152, .name = "redirect_neigh", .arguments = {anything, memory_or_null, size_or_zero, anything}, .programs = kTc, .since = "5.10"},
    {.id = 153, .name = "per_cpu_ptr", .returns = Returns::per_cpu_or_null, .arguments = {per_cpu_variable, anything}, .programs = kBase, .since = "5.10"},
    {.id = 154, .name = "this_cpu_ptr", .returns = Returns::per_cpu, .arguments = {per_cpu_variable}, .programs = kBase, .since = "5.10"},
    {.id = 155, .name = "redirect_peer", .arguments = {anything, anything}, .programs = kTc, .since = "5.10"},
    {.id = 156, .name = "task_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, kernel_type_or_null, map_value_or_null, anything}, .programs = kBase, .maps = set_of(MapKind::task_storage), .since = "5.11", .kernel_type = "task_struct"},
    {.id = 157, .name = "task_storage_delete", .arguments = {map, kernel_type_or_null}, .programs = kBase, .maps = set_of(MapKind::task_storage), .since = "5.11", .kernel_type = "task_struct"},
    {.id = 158, .name = "get_current_task_btf", .returns = Returns::kernel_type, .programs = kBase, .gpl_only = true, .since = "5.11", .privilege = Privilege::perfmon, .returned_type = "task_struct"},
    {.id = 159, .name = "bprm_opts_set", .arguments = {kernel_type, anything}, .programs = kLsm, .since = "5.11", .kernel_type = "linux_binprm"},
    {.id = 160, .name = "ktime_get_coarse_ns", .programs = without(kTrace | kSockopt | kDevice | kNetfilter | kTracing | kSyscall | kLirc), .since = "5.11", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 161, .name = "ima_inode_hash", .arguments = {kernel_type, writable_memory, size}, .programs = kLsm, .since = "5.11", .needs = Needs::sleepable, .kernel_type = "inode"},
    {.id = 162, .name = "sock_from_file", .returns = Returns::kernel_type_or_null, .arguments = {kernel_type}, .programs = kTracing | kSyscall, .since = "5.11", .kernel_type = "file", .returned_type = "socket"},
    {.id = 163, .name = "check_mtu", .arguments = {context, anything, updated_fixed_memory, anything, anything}, .programs = kTc | kXdp, .gpl_only = true, .since = "5.12", .fixed_bytes = 4},
    {.id = 164, .name = "for_each_map_elem", .arguments = {map, function, stack_or_null, anything}, .programs = kBase, .maps = kWalked, .since = "5.13", .user_engine = InUserEngine::yes},
    {.id = 165, .name = "snprintf", .arguments = {updated_memory_or_null, size_or_zero, constant_string, memory_or_null, size_or_zero}, .programs = kBase, .gpl_only = true, .since = "5.13", .privilege = Privilege::perfmon},
    {.id = 166, .name = "sys_bpf", .arguments = {anything, memory, size}, .programs = kSyscall, .since = "5.14", .privilege = Privilege::perfmon},
    {.id = 167, .name = "btf_find_by_name_kind", .arguments = {memory, size, anything, anything}, .programs = kSyscall, .since = "5.14"},
    {.id = 168, .name = "sys_close", .arguments = {anything}, .programs = kSyscall, .since = "5.14"},
    {.id = 169, .name = "timer_init", .arguments = {timer, map, anything}, .programs = kBase, .maps = kWithTimers, .gpl_only = true, .since = "5.15"},
    {.id = 170, .name = "timer_set_callback", .arguments = {timer, function}, .programs = kBase, .gpl_only = true, .since = "5.15"},
    {.id = 171, .name = "timer_start", .arguments = {timer, anything, anything}, .programs = kBase, .gpl_only = true, .since = "5.15"},
    {.id = 172, .name = "timer_cancel", .arguments = {timer}, .programs = kBase, .gpl_only = true, .since = "5.15"},
    {.id = 173, .name = "get_func_ip", .arguments = {context}, .programs = kTracing | kKprobe, .gpl_only = true, .since = "5.15"},
    {.id = 174, .name = "get_attach_cookie", .arguments = {context}, .programs = kTrace | kTracing, .since = "5.15"},
    {.id = 175, .name = "task_pt_regs", .returns = Returns::kernel_type, .arguments = {kernel_type}, .programs = kBase, .gpl_only = true, .since = "5.15", .privilege = Privilege::perfmon, .kernel_type = "task_struct", .returned_type = "pt_regs"},
    {.id = 176, .name = "get_branch_snapshot", .arguments = {writable_memory, size_or_zero, anything}, .programs = kBase, .gpl_only = true, .since = "5.16", .privilege = Privilege::perfmon},
    {.id = 177, .name = "trace_vprintk", .arguments = {memory, size, memory_or_null, size_or_zero}, .programs = kBase, .gpl_only = true, .since = "5.16", .privilege = Privilege::perfmon},
    {.id = 178, .name = "skc_to_unix_sock", .returns = Returns::kernel_type_or_null, .arguments = {kernel_socket}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.16", .privilege = Privilege::perfmon, .returned_type = "unix_sock"},
    {.id = 179, .name = "kallsyms_lookup_name", .arguments = {memory, size_or_zero, anything, fixed_memory_out}, .programs = kSyscall, .since = "5.16", .fixed_bytes = 8},
    {.id = 180, .name = "find_vma", .arguments = {kernel_type, anything, function, stack_or_null, anything}, .programs = kBase, .since = "5.17", .privilege = Privilege::perfmon, .kernel_type = "task_struct"},
    {.id = 181, .name = "loop", .arguments = {anything, function, stack_or_null, anything}, .programs = kBase, .since = "5.17", .user_engine = InUserEngine::yes},
    {.id = 182, .name = "strncmp", .arguments = {memory, size, constant_string}, .programs = kBase, .since = "5.17", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 183, .name = "get_func_arg", .arguments = {context, anything, fixed_memory_out}, .programs = kTracing, .since = "5.17", .fixed_bytes = 8},
    {.id = 184, .name = "get_func_ret", .arguments = {context, fixed_memory_out}, .programs = kTracing, .since = "5.17", .fixed_bytes = 8},
    {.id = 185, .name = "get_func_arg_cnt", .arguments = {context}, .programs = kTracing, .since = "5.17"},
    {.id = 186, .name = "get_retval", .programs = kCgroupSock | kSockAddr | kSockopt | kDevice | kSysctl | kLsm, .since = "5.18"},
    {.id = 187, .name = "set_retval", .arguments = {anything}, .programs = kCgroupSock | kSockAddr | kSockopt | kDevice | kSysctl | kLsm, .since = "5.18"},
    {.id = 188, .name = "xdp_get_buff_len", .arguments = {context}, .programs = kXdp | kTracing | kSyscall, .since = "5.18", .user_engine = InUserEngine::yes},
    {.id = 189, .name = "xdp_load_bytes", .arguments = {context, anything, writable_memory, size}, .programs = kXdp, .since = "5.18", .user_engine = InUserEngine::yes},
    {.id = 190, .name = "xdp_store_bytes", .arguments = {context, anything, memory, size}, .programs = kXdp, .since = "5.18", .user_engine = InUserEngine::yes},
    {.id = 191, .name = "copy_from_user_task", .arguments = {writable_memory, size_or_zero, anything, kernel_type, anything}, .programs = kBase, .gpl_only = true, .since = "5.18", .needs = Needs::sleepable, .privilege = Privilege::perfmon, .kernel_type = "task_struct"},
    {.id = 192, .name = "skb_set_tstamp", .arguments = {context, anything, anything}, .programs = kTc, .since = "5.18"},
    {.id = 193, .name = "ima_file_hash", .arguments = {kernel_type, writable_memory, size}, .programs = kLsm, .since = "5.18", .needs = Needs::sleepable, .kernel_type = "file"},
    {.id = 194, .name = "kptr_xchg", .returns = Returns::kptr_or_null, .arguments = {kptr, owned_or_null}, .programs = kBase, .since = "5.19", .acquires = true},
    {.id = 195, .name = "map_lookup_percpu_elem", .returns = Returns::map_value_or_null, .arguments = {map, map_key, anything}, .programs = kBase, .maps = set_of(MapKind::percpu_hash, MapKind::percpu_array, MapKind::lru_percpu_hash), .since = "5.19", .privilege = Privilege::none},
    {.id = 196, .name = "skc_to_mptcp_sock", .returns = Returns::kernel_type_or_null, .arguments = {socket_common}, .programs = without(kTrace | kCgroupSock | kSockopt | kDevice | kSysctl | kReuseport | kNetfilter | kStructOps | kLirc), .since = "5.19", .privilege = Privilege::perfmon, .returned_type = "mptcp_sock"},
    {.id = 197, .name = "dynptr_from_mem", .arguments = {map_value_memory, size_or_zero, anything, dynptr_out}, .programs = kBase, .since = "5.19"},
    {.id = 198, .name = "ringbuf_reserve_dynptr", .arguments = {map, anything, anything, dynptr_out}, .programs = kBase, .maps = set_of(MapKind::ringbuf), .since = "5.19"},
    {.id = 199, .name = "ringbuf_submit_dynptr", .returns = Returns::nothing, .arguments = {dynptr_taken, anything}, .programs = kBase, .since = "5.19"},
    {.id = 200, .name = "ringbuf_discard_dynptr", .returns = Returns::nothing, .arguments = {dynptr_taken, anything}, .programs = kBase, .since = "5.19"},
    {.id = 201, .name = "dynptr_read", .arguments = {writable_memory, size_or_zero, dynptr, anything, anything}, .programs = kBase, .since = "5.19"},
    {.id = 202, .name = "dynptr_write", .arguments = {dynptr, anything, memory, size_or_zero, anything}, .programs = kBase, .since = "5.19"},
    {.id = 203, .name = "dynptr_data", .returns = Returns::memory_or_null, .arguments = {dynptr, anything, constant_size}, .programs = kBase, .since = "5.19"},
    {.id = 204, .name = "tcp_raw_gen_syncookie_ipv4", .arguments = {fixed_memory, memory, size_or_zero}, .programs = kTc | kXdp, .gpl_only = true, .since = "6.0", .fixed_bytes = 20},
    {.id = 205, .name = "tcp_raw_gen_syncookie_ipv6", .arguments = {fixed_memory, memory, size_or_zero}, .programs = kTc | kXdp, .gpl_only = true, .since = "6.0", .fixed_bytes = 40},
    {.id = 206, .name = "tcp_raw_check_syncookie_ipv4", .arguments = {fixed_memory, fixed_memory}, .programs = kTc | kXdp, .gpl_only = true, .since = "6.0", .fixed_bytes = 20},
    {.id = 207, .name = "tcp_raw_check_syncookie_ipv6", .arguments = {fixed_memory, fixed_memory}, .programs = kTc | kXdp, .gpl_only = true, .since = "6.0", .fixed_bytes = 40},
    {.id = 208, .name = "ktime_get_tai_ns", .programs = kBase, .since = "6.1", .user_engine = InUserEngine::yes, .privilege = Privilege::none},
    {.id = 209, .name = "user_ringbuf_drain", .arguments = {map, function, stack_or_null, anything}, .programs = kBase, .maps = set_of(MapKind::user_ringbuf), .since = "6.1"},
    {.id = 210, .name = "cgrp_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, kernel_type_or_null, map_value_or_null, anything}, .programs = kBase, .maps = set_of(MapKind::cgrp_storage), .since = "6.2", .kernel_type = "cgroup"},
    {.id = 211, .name = "cgrp_storage_delete", .arguments = {map, kernel_type_or_null}, .programs = kBase, .maps = set_of(MapKind::cgrp_storage), .since = "6.2", .kernel_type = "cgroup"},
});
// clang-format on
static_assert(kHelpers.size() + 1 == kHelpersMax);
static_assert(
    [] {
      u16 id = 0;
      for (const HelperRow& helper : kHelpers) {
        if (helper.id != ++id) return false;
      }
      return true;
    }(),
    "every helper of the closed list has its row");

// The same helpers where some program types give them other arguments.
// clang-format off
constexpr auto kVariants = std::to_array<HelperRow>({
    {.id = 17, .name = "get_cgroup_classid", .arguments = {context}, .programs = kTc | kLwt, .since = "4.3"},
    {.id = 46, .name = "get_socket_cookie", .arguments = {kernel_socket_or_null}, .programs = kTracing | kReuseport | kSyscall, .since = "4.12", .privilege = Privilege::none},
    {.id = 49, .name = "setsockopt", .arguments = {kernel_socket, anything, anything, memory, size}, .programs = kSockopt | kStructOps | kLsm, .since = "4.13"},
    {.id = 57, .name = "getsockopt", .arguments = {kernel_socket, anything, anything, writable_memory, size}, .programs = kSockopt | kStructOps | kLsm, .since = "4.15"},
    {.id = 107, .name = "sk_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, context, map_value_or_null, anything}, .programs = kCgroupSock, .maps = set_of(MapKind::sk_storage), .since = "5.2", .privilege = Privilege::none},
    {.id = 107, .name = "sk_storage_get", .returns = Returns::map_value_or_null, .arguments = {map, kernel_type_or_null, map_value_or_null, anything}, .programs = kTracingOnly, .maps = set_of(MapKind::sk_storage), .since = "5.2", .privilege = Privilege::none, .kernel_type = "sock_common"},
    {.id = 108, .name = "sk_storage_delete", .arguments = {map, kernel_type_or_null}, .programs = kTracingOnly, .maps = set_of(MapKind::sk_storage), .since = "5.2", .privilege = Privilege::none, .kernel_type = "sock_common"},
    {.id = 124, .name = "sk_assign", .arguments = {context, socket_or_null, anything}, .programs = kSkLookup, .since = "5.7"},
    {.id = 188, .name = "xdp_get_buff_len", .arguments = {kernel_type}, .programs = kTracing | kSyscall, .since = "5.18", .kernel_type = "xdp_buff"},
});
// clang-format on

// ---- ways of attaching
// --------------------------------------------------------------------------------------------------

// Programs of this type may call the helper only when they are attached so.
struct OnlyAttached {
  std::string_view helper;
  ProgramType type;
  AttachTypes as;
};
constexpr AttachTypes kAnswered =  // where the program's answer goes to the caller
    set_of(AttachType::cgroup_inet4_bind, AttachType::cgroup_inet6_bind,
           AttachType::cgroup_inet4_connect, AttachType::cgroup_inet6_connect,
           AttachType::cgroup_unix_connect, AttachType::cgroup_udp4_sendmsg,
           AttachType::cgroup_udp6_sendmsg, AttachType::cgroup_unix_sendmsg);
constexpr AttachTypes kIterators = set_of(AttachType::trace_iter);
constexpr AttachTypes kFunctions = set_of(AttachType::trace_fentry, AttachType::trace_fexit,
                                          AttachType::modify_return, AttachType::trace_fsession);
constexpr AttachTypes kReturns =
    set_of(AttachType::trace_fexit, AttachType::modify_return, AttachType::trace_fsession);
constexpr AttachTypes kLsmCgroup = set_of(AttachType::lsm_cgroup);
// clang-format off
constexpr OnlyAttached kOnlyAttached[] = {
    {"bind", ProgramType::cgroup_sock_addr, set_of(AttachType::cgroup_inet4_connect, AttachType::cgroup_inet6_connect)},
    {"get_retval", ProgramType::cgroup_sock_addr, kAnswered},
    {"set_retval", ProgramType::cgroup_sock_addr, kAnswered},
    {"setsockopt", ProgramType::cgroup_sockopt, set_of(AttachType::cgroup_setsockopt)},
    {"getsockopt", ProgramType::cgroup_sockopt, set_of(AttachType::cgroup_setsockopt)},
    {"seq_printf", ProgramType::tracing, kIterators},
    {"seq_write", ProgramType::tracing, kIterators},
    {"seq_printf_btf", ProgramType::tracing, kIterators},
    {"get_attach_cookie", ProgramType::tracing, kFunctions | set_of(AttachType::trace_raw_tp)},
    {"d_path", ProgramType::tracing, kFunctions | kIterators},
    {"get_func_ip", ProgramType::tracing, kFunctions},
    {"get_func_arg", ProgramType::tracing, kFunctions},
    {"get_func_arg_cnt", ProgramType::tracing, kFunctions},
    {"get_func_ret", ProgramType::tracing, kReturns},
    {"setsockopt", ProgramType::lsm, kLsmCgroup},
    {"getsockopt", ProgramType::lsm, kLsmCgroup},
    {"get_retval", ProgramType::lsm, kLsmCgroup},
    {"set_retval", ProgramType::lsm, kLsmCgroup},
    {"get_local_storage", ProgramType::lsm, kLsmCgroup},
};
// clang-format on

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

}  // namespace

std::span<const HelperRow> helpers() { return kHelpers; }
std::span<const HelperRow> helper_variants() { return kVariants; }

const HelperRow* find_helper(s64 id) {
  const bool known = id >= 1 && id < s64{kHelpersMax};
  return known ? &kHelpers[static_cast<std::size_t>(id) - 1] : nullptr;
}

const HelperRow* find_helper(s64 id, ProgramType type) {
  for (const HelperRow& variant : kVariants) {
    if (variant.id == id && type != ProgramType::ext && (variant.programs & set_of(type)) != 0)
      return &variant;
  }
  return find_helper(id);
}

bool may_call(const HelperRow& helper, ProgramType type, std::optional<AttachType> attach) {
  if ((helper.programs & set_of(type)) == 0) return false;
  if (!attach) return true;
  for (const OnlyAttached& only : kOnlyAttached) {
    if (only.helper == helper.name && only.type == type) return (only.as & set_of(*attach)) != 0;
  }
  return true;
}

Privilege privilege_of(const HelperRow& helper, ProgramType type) {
  const bool is_cast = helper.name.starts_with("skc_to_");
  // They have it from the list of tracing programs, whose loaders were asked before
  // (bpf_tracing_func_proto in kernel/trace/bpf_trace.c).
  return is_cast && type == ProgramType::syscall ? Privilege::bpf : helper.privilege;
}

std::string_view helper_name(s64 id) {
  const HelperRow* helper = find_helper(id);
  return helper == nullptr ? std::string_view() : helper->name;
}

bool may_get_packet(const HelperRow& helper) {
  static constexpr std::string_view kNames[] = {"map_lookup_elem",
                                                "map_update_elem",
                                                "map_delete_elem",
                                                "map_push_elem",
                                                "map_pop_elem",
                                                "map_peek_elem",
                                                "map_lookup_percpu_elem",
                                                "csum_diff",
                                                "sk_lookup_tcp",
                                                "sk_lookup_udp",
                                                "skc_lookup_tcp",
                                                "tcp_check_syncookie",
                                                "tcp_gen_syncookie",
                                                "tcp_raw_gen_syncookie_ipv4",
                                                "tcp_raw_gen_syncookie_ipv6",
                                                "tcp_raw_check_syncookie_ipv4",
                                                "tcp_raw_check_syncookie_ipv6"};
  return std::ranges::find(kNames, helper.name) != std::end(kNames);
}

std::string_view helper_since(s64 id) {
  const HelperRow* helper = find_helper(id);
  return helper == nullptr ? std::string_view() : helper->since;
}

std::string_view helper_only_in_kernel(s64 id) {
  for (const OnlyInKernel& each : kOnlyInKernel) {
    if (each.name == helper_name(id)) return each.what;
  }
  return {};
}

}  // namespace skep::platform
