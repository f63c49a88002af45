// The CPUs of this machine, as the kernel lists them: "0-3,8".
//
// Possible ones may be there one day; per-CPU values are of all of them. Online ones run now;
// events are of these. Source: Documentation/admin-guide/cputopology.rst, in
// /sys/devices/system/cpu.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::kernel {

// The numbers of a list, rising; nullopt for what is none. An empty list is one.
std::optional<std::vector<u32>> parse_cpus(std::string_view list);

// How many per-CPU values there are (num_possible_cpus), and which CPUs run now. Fault::system when
// the kernel's list is not there or no list of at least one CPU.
Result<u32> possible_cpus();
u32 possible_cpus_if_known();  // otherwise 0
Result<std::vector<u32>> online_cpus();

}  // namespace skep::kernel
