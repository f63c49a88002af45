#include "cli/loaded_names.hpp"

#include <net/if.h>

#include <array>

#include "base/text.hpp"
#include "platform/attach_types.hpp"
#include "platform/link_types.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"

namespace skep::cli {
namespace {

std::string number_text(u32 number) { return format("type {}", number); }

}  // namespace

std::string program_type_name(u32 number) {
  const auto last = static_cast<u32>(platform::ProgramType::unspecified);
  if (number == 0 || number > last) return number_text(number);
  return std::string(platform::row(static_cast<platform::ProgramType>(number - 1)).name);
}

std::string map_kind_name(u32 number) {
  const platform::MapKind kind = platform::map_kind(number);
  return kind == platform::MapKind::count_ ? number_text(number)
                                           : std::string(platform::row(kind).name);
}

std::string link_type_name(u32 number) {
  const platform::LinkType type = platform::link_type(number);
  return type == platform::LinkType::count_ ? number_text(number)
                                            : std::string(platform::row(type).name);
}

std::string attach_type_name(u32 number) {
  if (number >= kCount<platform::AttachType>) return number_text(number);
  return std::string(platform::row(static_cast<platform::AttachType>(number)).name);
}

void number_or_name(JsonWriter& json, std::string_view member, u32 number,
                    const std::string& name) {
  if (name == number_text(number)) {
    json.member(member, number);
  } else {
    json.member(member, name);
  }
}

std::string interface_name(u32 ifindex) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(ifindex, name.data()) == nullptr ? std::string()
                                                           : std::string(name.data());
}

std::string device_text(u32 ifindex) {
  if (ifindex == 0) return {};
  const std::string name = interface_name(ifindex);
  return name.empty() ? format("  offloaded_to ifindex {}", ifindex)
                      : format("  offloaded_to {}", name);
}

void device_json(JsonWriter& json, u32 ifindex) {
  if (ifindex == 0) return;
  json.key("dev").begin_object().member("ifindex", ifindex);
  const std::string name = interface_name(ifindex);
  if (!name.empty()) json.member("ifname", name);
  json.end_object();
}

}  // namespace skep::cli
