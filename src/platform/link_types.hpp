// The types of links, enum bpf_link_type of include/uapi/linux/bpf.h, and what links to perf events
// stand on.
//
// Names are those of bpftool, releases those that first had such links.
#pragma once

#include <string_view>

#include "base/enum_array.hpp"
#include "platform/bpf_information.hpp"

namespace skep::platform {

struct LinkTypeRow {
  std::string_view name;   // as bpftool prints it
  std::string_view since;  // first kernel release with it; empty for what is none
};
const LinkTypeRow& row(LinkType type);
// By the number of bpf(2), or count_.
LinkType link_type(u32 kernel_number);

// "kretprobe"; empty for what is none.
std::string_view name_of(PerfLinkType type);

}  // namespace skep::platform
