// Names of the sections, and what needs no privilege: the user engine's part of the tables.
#include "kernel/features.hpp"
#include "platform/helpers.hpp"

namespace skep::kernel {

using platform::MapKind;
using platform::ProgramType;

namespace {

constexpr EnumArray<Section, std::string_view> kSections({
    {Section::system_config, "system_config"},
    {Section::syscall_config, "syscall_config"},
    {Section::program_types, "program_types"},
    {Section::map_types, "map_types"},
    {Section::attach_types, "attach_types"},
    {Section::link_types, "link_types"},
    {Section::helpers, "helpers"},
    {Section::instructions, "instructions"},
    {Section::misc, "misc"},
});

}  // namespace

std::string_view name_of(Section section) { return kSections[section]; }

std::vector<Feature> features_without_privilege() {
  std::vector<Feature> out;
  const auto add = [&](Section section, std::string_view name, std::string_view of) {
    Feature& feature = out.emplace_back();
    feature.section = section;
    feature.name = name;
    feature.of = of;
    feature.there = There::yes;
  };
  for (const ProgramType type : every<ProgramType>()) {
    if (platform::row(type).input != platform::Input::none)
      add(Section::program_types, platform::row(type).name, "");
  }
  for (const MapKind kind : every<MapKind>()) {
    if (platform::row(kind).user_engine == platform::InUserEngine::yes) {
      add(Section::map_types, platform::row(kind).name, "");
    }
  }
  for (const ProgramType type : every<ProgramType>()) {
    if (platform::row(type).input == platform::Input::none) continue;
    for (const platform::HelperRow& helper : platform::helpers()) {
      if (platform::is_provided(helper) && platform::may_call(helper, type, std::nullopt))
        add(Section::helpers, helper.name, platform::row(type).name);
    }
  }
  return out;
}

}  // namespace skep::kernel
