#include "platform/operations.hpp"

#include <algorithm>
#include <iterator>

namespace skep::platform {
namespace {

constexpr WritableField kWritable[] = {
    {"tcp_congestion_ops", "sock", "sk_pacing_rate"},
    {"tcp_congestion_ops", "sock", "sk_pacing_status"},
    {"tcp_congestion_ops", "inet_connection_sock", "icsk_ca_priv"},
    {"tcp_congestion_ops", "inet_connection_sock", "icsk_ack.pending"},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd"},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd_cnt"},
    {"tcp_congestion_ops", "tcp_sock", "snd_cwnd_stamp"},
    {"tcp_congestion_ops", "tcp_sock", "snd_ssthresh"},
    {"tcp_congestion_ops", "tcp_sock", "ecn_flags"},
    {"tcp_congestion_ops", "tcp_sock", "app_limited"},
    {"bpf_dummy_ops", "bpf_dummy_ops_state", ""},
    {"sched_ext_ops", "task_struct", "scx.slice"},
    {"sched_ext_ops", "task_struct", "scx.dsq_vtime"},
    {"sched_ext_ops", "task_struct", "scx.disallow"},
};

// Members that are functions, and that programs cannot be (their stub is missing).
struct Member {
  std::string_view operations;
  std::string_view name;
};
constexpr Member kUnsupported[] = {{"tcp_congestion_ops", "get_info"}};

// Members that may sleep, of operations whose others may not (bpf_scx_check_member,
// bpf_dummy_ops_check_member).
constexpr Member kSleeping[] = {
    {"sched_ext_ops", "init_task"},     {"sched_ext_ops", "cgroup_init"},
    {"sched_ext_ops", "cgroup_exit"},   {"sched_ext_ops", "cgroup_prep_move"},
    {"sched_ext_ops", "cpu_online"},    {"sched_ext_ops", "cpu_offline"},
    {"sched_ext_ops", "init"},          {"sched_ext_ops", "exit"},
    {"bpf_dummy_ops", "test_sleepable"}};

struct Promotion {
  std::string_view operations;
  std::string_view from;
  std::string_view to;
};
constexpr Promotion kPromotions[] = {{"tcp_congestion_ops", "sock", "tcp_sock"}};

}  // namespace

std::span<const WritableField> writable_fields() { return kWritable; }

bool takes_program(std::string_view operations, std::string_view member) {
  return std::ranges::none_of(kUnsupported, [&](const Member& each) {
    return each.operations == operations && each.name == member;
  });
}

bool may_sleep(std::string_view operations, std::string_view member) {
  const bool limits =
      std::ranges::find(kSleeping, operations, &Member::operations) != std::end(kSleeping);
  return !limits || std::ranges::any_of(kSleeping, [&](const Member& each) {
    return each.operations == operations && each.name == member;
  });
}

std::string_view promoted(std::string_view operations, std::string_view structure) {
  for (const Promotion& each : kPromotions) {
    if (each.operations == operations && each.from == structure) return each.to;
  }
  return structure;
}

}  // namespace skep::platform
