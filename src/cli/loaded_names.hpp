// How the kernel's numbers are printed: by the names of our tables, which are bpftool's, and as
// numbers where a newer kernel has more.
#pragma once

#include <string>

#include "base/json.hpp"

namespace skep::cli {

std::string program_type_name(u32 number);  // "xdp", or "type 77"
std::string map_kind_name(u32 number);
std::string link_type_name(u32 number);
std::string attach_type_name(u32 number);

// A member that is the name, or the number where `name` is only "type N".
void number_or_name(JsonWriter& json, std::string_view member, u32 number, const std::string& name);

// The interface of something that a device runs, as bpftool shows it; nothing for 0.
std::string device_text(u32 ifindex);
void device_json(JsonWriter& json, u32 ifindex);
// "eth0", or an empty text where this namespace has no such interface.
std::string interface_name(u32 ifindex);

}  // namespace skep::cli
