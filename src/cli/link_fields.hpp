// What a link is attached to, as named values: bpftool's members and words for each type of link.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "kernel/inventory.hpp"

namespace skep::cli {

struct LinkField {
  std::string name;  // the JSON member
  std::variant<u64, s64, bool, std::string> value;
  std::string text;  // how people read it, with its name: "ifindex eth0(2)"; empty: not shown
};
std::vector<LinkField> link_fields(const kernel::LinkEntry& link);

// The functions, or places in a file, that a link to several is attached to.
struct LinkPlace {
  u64 at = 0;  // address, or offset into the file
  std::optional<u64> semaphore, cookie;
  std::string function{}, module{};  // where they are known
};
std::vector<LinkPlace> link_places(const kernel::LinkEntry& link);

}  // namespace skep::cli
