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

void Object::mark_found(std::string_view external) {
  auto externs = std::make_shared<std::vector<platform::Extern>>(*externs_);
  const auto found = std::ranges::find(*externs, external, &platform::Extern::name);
  if (found == externs->end()) return;
  found->state = platform::ExternState::found;
  externs_ = std::move(externs);
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
  if (found.map == image_->configuration) mark_found(variable);
  return {};
}

Result<u32> Object::position_of(std::string_view program) const {
  const auto entry = std::ranges::find(programs_, program, &ProgramEntry::name);
  if (entry != programs_.end()) return static_cast<u32>(entry - programs_.begin());
  std::vector<std::string_view> known;
  for (const ProgramEntry& each : programs_) known.push_back(each.name);
  return Error(Fault::absent, format("{}: no program named {}", name_, program),
               did_you_mean(program, known));
}

Result<std::shared_ptr<const platform::Program>> Object::program(std::string_view name,
                                                                 const LinkOptions& options) const {
  const u32 position = TRY(position_of(name));
  const ProgramEntry& entry = programs_[position];
  auto program = std::make_shared<platform::Program>();
  program->name = entry.name;
  program->section = entry.section;
  program->type = entry.type;
  program->attach_type = entry.attach_type;
  program->flags = entry.flags;
  program->target = entry.target;
  program->gpl_compatible = platform::is_gpl_compatible(license_);
  program->maps = maps_;
  program->externs = externs_;
  program->storage = types_;
  if (!types_->empty()) program->types = types_;
  TRY(link(*image_, image_->programs[position], options, *program)
          .within(format("{}: program {}", name_, name)));
  return std::shared_ptr<const platform::Program>(std::move(program));
}

bool Object::has_core() const { return !image_->ext.all_core().empty(); }

bool Object::needs_targets() const {
  constexpr auto kLocal = static_cast<u32>(btf::CoreKind::type_id_local);
  return std::ranges::any_of(image_->ext.all_core(),
                             [](const CoreRecord& record) { return record.kind != kLocal; });
}

Result<std::vector<CoreUse>> Object::core_uses(std::string_view program,
                                               const btf::Targets* targets) const {
  const u32 position = TRY(position_of(program));
  platform::Program scratch;
  scratch.type = programs_[position].type;
  scratch.externs = externs_;
  return TRY(link(*image_, image_->programs[position], {.targets = targets, .core = Core::list},
                  scratch)
                 .within(format("{}: program {}", name_, program)))
      .core;
}

}  // namespace skep::object
