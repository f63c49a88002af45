// Network namespaces by name or file, and doing something in another one.
//
// A name without '/' is one of those that `ip netns` made, a file of /run/netns. setns(2) moves a
// thread only: what is to be done elsewhere is done by a thread of its own, so that the process
// stays where it is. Source: network_namespaces(7), setns(2), ip-netns(8).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/fd.hpp"

namespace skep::kernel {

// Empty: that of this thread. Fault::absent names those that are near.
Result<Fd> open_network_namespace(const std::string& name);

// Runs `work` in the namespace, in a thread. EINVAL: it is a namespace of another kind; other
// errnos as of setns(2). `work` ran when it is 0.
int run_inside(const Fd& space, const std::function<void()>& work);

// What an errno of run_inside() says of the namespace with that name.
Error not_entered(const std::string& name, int answer);

// Does `work` in the namespace, and here when `name` is empty.

template <class Work>
auto inside(const std::string& name, Work work) -> decltype(work()) {
  if (name.empty()) return work();
  std::optional<decltype(work())> result;
  const Fd space = TRY(open_network_namespace(name));
  const int answer = run_inside(space, [&] { result.emplace(work()); });
  if (answer != 0) return not_entered(name, answer);
  return std::move(*result);
}

// The namespace in which something was made that is to be undone in it, by whatever thread or
// process, and whatever has become of its name.
class HeldNamespace {
 public:
  // That of this thread; when `name` is empty, it is that of the process and need not be entered.
  static Result<HeldNamespace> of_thread(const std::string& name);
  void run(const std::function<void()>& work) const;
  std::vector<int> descriptors() const;

 private:
  std::shared_ptr<const Fd> space_;
};

}  // namespace skep::kernel
