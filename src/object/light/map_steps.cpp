#include "object/light/map_steps.hpp"

#include <algorithm>

#include "object/kernel/map.hpp"

namespace skep::object::light {

using platform::MapSpec;

void MapSteps::create_all() {
  for (u32 number = 0; number < object_.maps().size(); ++number) create(number);
}

RunCommand MapSteps::creation(const MapSpec& spec, std::string_view name) {
  const CreateMap attributes = map_attributes(spec, name);
  RunCommand create = draft_.command(Command::create_map, attributes);
  if (attributes.btf_value_type_id != 0) {
    create.fills.push_back(
        Copy{create.attributes + u32{offsetof(CreateMap, btf_fd)}, draft_.types});
  }
  return create;
}

// A map of maps is made from a pattern of those that it will hold.
void MapSteps::create(u32 number) {
  const MapSpec& spec = map(number);
  if (spec.inner != nullptr) {
    RunCommand pattern = creation(*spec.inner, spec.inner->name);
    pattern.descriptor = draft_.pattern;
    draft_.step(format("create the pattern of the maps in map {}", spec.name), std::move(pattern));
  }
  RunCommand create = creation(spec, kernel_name(spec, name_));
  if (spec.inner != nullptr) {
    create.fills.push_back(
        Copy{create.attributes + u32{offsetof(CreateMap, inner_map_fd)}, draft_.pattern});
  }
  draft_.plan.maps.push_back({number, draft_.plan.words++});
  create.fills.push_back(Input{create.attributes + u32{offsetof(CreateMap, max_entries)},
                               draft_.plan.maps.back().word, 4});
  create.descriptor = draft_.map_descriptor(number);
  draft_.step(format("create map {}", spec.name), std::move(create));
  if (spec.inner != nullptr) draft_.step("", Close{draft_.pattern});
}

void MapSteps::fill_all() {
  for (u32 number = 0; number < object_.maps().size(); ++number) {
    const MapSpec& spec = map(number);
    for (const auto& [index, inner] : spec.initial_maps) {
      draft_.step(format("put map {} into map {}", map(inner).name, spec.name),
                  draft_.update(number, index, draft_.map_descriptor(inner)));
    }
    if (spec.is_globals) set_globals(number);
  }
}

void MapSteps::set_globals(u32 number) {
  const MapSpec& spec = map(number);
  Plan& plan = draft_.plan;
  const bool is_zero =
      std::ranges::all_of(spec.initial, [](std::byte each) { return each == std::byte{0}; });
  const Offset values = is_zero ? 0 : draft_.blob.add(spec.initial);
  if (is_zero) zeroed_.push_back({plan.globals.size(), plan.steps.size()});
  plan.globals.push_back({number, plan.words++, values});
  const std::string text = format("set the variables of {}", spec.name);
  draft_.step(text, CopyFromUser{values, spec.value_size, plan.globals.back().pointer});
  draft_.step(text, draft_.update(number, 0, values));
  if ((spec.flags & platform::kReadOnlyForProgram) == 0) return;
  RunCommand freeze = draft_.command(Command::freeze_map, FreezeMap{});
  freeze.fills = {Copy{freeze.attributes, draft_.map_descriptor(number)}};
  draft_.step(format("make the constants of {} final", spec.name), std::move(freeze));
}

void MapSteps::place_zeroed() {
  for (const auto& [globals, step] : zeroed_) {
    HandedGlobals& each = draft_.plan.globals[globals];
    each.values = draft_.blob.add_zeros(map(each.map).value_size);
    std::get<CopyFromUser>(draft_.plan.steps[step].action).to = each.values;
    auto& update = std::get<RunCommand>(draft_.plan.steps[step + 1].action);
    std::get<Address>(update.fills.back()).of = each.values;
  }
}

}  // namespace skep::object::light
