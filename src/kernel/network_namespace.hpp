// Network namespaces by name or file, and doing something in another one.
//
// A name without '/' is one of those that `ip netns` made, a file of /run/netns. setns(2) moves a
// thread only: what is to be done elsewhere is done by a thread of its own, so that the process
// stays where it is. Source: network_namespaces(7), setns(2), ip-netns(8).
#pragma once

#include <functional>
#include <optional>

#include "base/fd.hpp"

namespace skep::kernel {

// Empty: that of this thread. Fault::absent names those that are near.
Result<Fd> open_network_namespace(const std::string& name);

// Runs `work` in the namespace, here when `name` is empty. Fault::denied without CAP_SYS_ADMIN;
// `work` did not run then.
Result<void> run_inside(const std::string& name, const std::function<void()>& work);

template <class Work>
auto inside(const std::string& name, Work work) -> decltype(work()) {
  if (name.empty()) return work();
  std::optional<decltype(work())> result;
  TRY(run_inside(name, [&] { result.emplace(work()); }));
  return std::move(*result);
}

}  // namespace skep::kernel
