// A process of a user namespace of its own, without any privilege outside, with a file system of
// type bpf that delegates to it what the test says.
//
// The way is that of user_namespaces(7) and of whoever starts containers: the process opens the
// file system in its namespaces, this one, which may, sets the options of the mount and makes it,
// and the process mounts it.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace skep::kernel_test {

struct Option {
  std::string name, value;
};
using Options = std::vector<Option>;

// Delegates everything.
inline const Options kEverything = {{"delegate_cmds", "any"},
                                    {"delegate_maps", "any"},
                                    {"delegate_progs", "any"},
                                    {"delegate_attachs", "any"}};

// What `does` says of the folder where it is mounted, or "setup: " and what failed.
std::string in_user_namespace(const Options& delegated,
                              const std::function<std::string(const std::string& folder)>& does);
// Whether this kernel takes such options (Linux 6.9).
bool can_delegate();

}  // namespace skep::kernel_test
