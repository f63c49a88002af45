// The questions that an Object answers once it is read.
#include "object/object.hpp"

#include <algorithm>

#include "base/mapping.hpp"
#include "object/image.hpp"
#include "object/link.hpp"

namespace skep::object {

Result<Object> Object::open(const std::string& path) {
  const Mapping file = TRY(Mapping::of_file(path));
  return read(file.bytes(), path);
}

Result<Global> Object::global(std::string_view variable) const {
  std::vector<std::string_view> known;
  for (u32 map = 0; map < maps_->size(); ++map) {
    if (!(*maps_)[map].is_globals) continue;
    for (const btf::SectionVariable& each : types_->variables((*maps_)[map].value_type)) {
      const btf::Type& type = types_->at(each.type);
      if (type.name == variable) return Global{map, each.offset, each.size, type.type};
      known.push_back(type.name);
    }
  }
  std::string hint = known.empty() ? "variables are known by name when compiled with -g"
                                   : did_you_mean(variable, known);
  return Error(Fault::absent, format("{}: no global variable named {}", name_, variable),
               std::move(hint));
}

Result<void> Object::set_global(std::string_view variable, std::span<const std::byte> value) {
  const Global found = TRY(global(variable));
  if (value.size() != found.size) {
    return Error(Fault::usage,
                 format("{}: variable {} is {} of {}, not of {}", name_, variable,
                        types_->c_name(found.type), counted(found.size, "byte"), value.size()));
  }
  if (maps_.use_count() > 1) maps_ = std::make_shared<std::vector<platform::MapSpec>>(*maps_);
  std::ranges::copy(value, (*maps_)[found.map].initial.begin() + found.offset);
  return {};
}

Result<std::shared_ptr<const platform::Program>> Object::program(std::string_view name) const {
  const auto entry = std::ranges::find(programs_, name, &ProgramEntry::name);
  if (entry == programs_.end()) {
    std::vector<std::string_view> known;
    for (const ProgramEntry& each : programs_) known.push_back(each.name);
    return Error(Fault::absent, format("{}: no program named {}", name_, name),
                 did_you_mean(name, known));
  }
  auto program = std::make_shared<platform::Program>();
  program->name = entry->name;
  program->section = entry->section;
  program->type = entry->type;
  program->gpl_compatible = platform::is_gpl_compatible(license_);
  program->maps = maps_;
  program->storage = types_;
  const u32 function = image_->programs[static_cast<std::size_t>(entry - programs_.begin())];
  TRY(link(*image_, function, *program).within(format("{}: program {}", name_, name)));
  return std::shared_ptr<const platform::Program>(std::move(program));
}

}  // namespace skep::object
