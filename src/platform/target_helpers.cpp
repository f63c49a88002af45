#include "platform/target_helpers.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace skep::platform {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> kSocketIterators = {"tcp", "unix"};
constexpr std::array<std::string_view, 2> kOptions = {"setsockopt", "getsockopt"};

// What congestion control has besides what all programs have.
constexpr std::string_view kCongestion = "tcp_congestion_ops";
constexpr std::array<std::string_view, 6> kOfCongestion = {
    "tcp_send_ack", "sk_storage_get", "sk_storage_delete",
    "setsockopt",   "getsockopt",     "ktime_get_coarse_ns"};
constexpr std::array<std::string_view, 2> kOfScheduler = {"task_storage_get",
                                                          "task_storage_delete"};

bool is_in(Names names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

TargetSays iterator_says(std::string_view target, std::string_view helper) {
  const bool gives = is_in(kSocketIterators, target) && is_in(kOptions, helper);
  return gives ? TargetSays::gives : TargetSays::nothing;
}

TargetSays operations_say(std::string_view operations, std::string_view member,
                          std::string_view helper) {
  if (operations == "bpf_dummy_ops") return TargetSays::withholds;
  if (operations == kCongestion) {
    // A socket that is about to be closed has no options to change.
    const bool withholds = member == "release" && is_in(kOptions, helper);
    return withholds ? TargetSays::withholds : TargetSays::nothing;
  }
  if (operations == "sched_ext_ops" && is_in(kOfScheduler, helper)) return TargetSays::gives;
  return is_in(kOfCongestion, helper) ? TargetSays::withholds : TargetSays::nothing;
}

}  // namespace skep::platform
