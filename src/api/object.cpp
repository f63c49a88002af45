#include <algorithm>

#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {
namespace detail {

MapInfo info_of(const platform::MapSpec& map) {
  return {.name = map.name,
          .kind = std::string(platform::row(map.kind).name),
          .key_bytes = map.key_size,
          .value_bytes = map.value_size,
          .max_entries = map.max_entries};
}

Error no_such(std::string_view what, std::string_view name,
              const std::vector<std::string_view>& known) {
  std::string hint = did_you_mean(name, known);
  if (hint.empty() && !known.empty()) {
    hint = format("its {}s are {}", what,
                  join(std::vector<std::string>(known.begin(), known.end()), ", "));
  }
  return {Fault::absent, format("no {} named {}", what, name), std::move(hint)};
}

}  // namespace detail

namespace {

ProgramInfo info_of(const object::ProgramEntry& program) {
  const bool is_known = program.type != platform::ProgramType::unspecified;
  return {.name = program.name,
          .section = program.section,
          .type = is_known ? std::string(platform::row(program.type).name) : std::string(),
          .slots = program.slots};
}

template <class Info>
Result<Info> named(std::vector<Info> all, std::string_view what, std::string_view name,
                   const std::string& object) {
  const auto found = std::ranges::find(all, name, &Info::name);
  if (found != all.end()) return std::move(*found);
  std::vector<std::string_view> known;
  for (const Info& each : all) known.push_back(each.name);
  return detail::no_such(what, name, known).within(object);
}

}  // namespace

Result<Object> Object::open(const std::string& path) {
  auto object = TRY(object::Object::open(path));
  return Object(std::make_shared<State>(std::move(object)));
}

Result<Object> Object::read(std::span<const std::byte> file, std::string name) {
  auto object = TRY(object::Object::read(Bytes(file), std::move(name)));
  return Object(std::make_shared<State>(std::move(object)));
}

const std::string& Object::name() const { return state_->object.name(); }

std::vector<ProgramInfo> Object::programs() const {
  std::vector<ProgramInfo> out;
  for (const object::ProgramEntry& each : state_->object.programs()) out.push_back(info_of(each));
  return out;
}

Result<ProgramInfo> Object::program(std::string_view name) const {
  return named(programs(), "program", name, this->name());
}

std::vector<MapInfo> Object::maps() const {
  std::vector<MapInfo> out;
  for (const platform::MapSpec& each : state_->object.maps()) {
    if (!each.is_globals) out.push_back(detail::info_of(each));
  }
  return out;
}

Result<MapInfo> Object::map(std::string_view name) const {
  return named(maps(), "map", name, this->name());
}

GlobalVariable Object::global(std::string_view name) {
  auto place = std::make_shared<GlobalVariable::Place>();
  place->name = name;
  auto found = state_->object.global(name);
  if (!found.ok()) {
    place->absent = std::move(found).error().within(this->name());
    return GlobalVariable(std::move(place));
  }
  place->types = &state_->object.types();
  place->type = found->type;
  place->write = [state = state_, variable = place->name](std::span<const std::byte> bytes) {
    return state->object.set_global(variable, bytes);
  };
  place->read = [state = state_, at = *found](std::span<std::byte> bytes) -> Result<void> {
    const Bytes initial(state->object.maps()[at.map].initial);
    const Bytes value = TRY(initial.slice(at.offset, bytes.size()));
    std::ranges::copy(value.span(), bytes.begin());
    return {};
  };
  return GlobalVariable(std::move(place));
}

}  // namespace skep
