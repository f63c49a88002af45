#include "skep/app.hpp"

#include "api/engine_app.hpp"
#include "api/state.hpp"
#include "base/text.hpp"

namespace skep {

Result<Run> Program::run(std::span<const std::byte> input) { return at_.app->run(at_.name, input); }
Result<Run> Program::run(std::span<const std::byte> packet, std::span<const std::byte> context) {
  return at_.app->run(at_.name, packet, context);
}
Result<Feed> Program::feed(const std::string& capture) { return at_.app->feed(at_.name, capture); }
Result<Link> Program::attach(const Place& place) { return at_.app->attach(at_.name, place); }

std::string_view App::engine() const { return kernel::name_of(app_->engine()); }
Result<Link> App::attach(std::string_view name, const Place& place) const {
  return app_->attach(name, place);
}
Result<std::vector<Link>> App::attach_all(const Place& place) const {
  return app_->attach_all(place);
}

GlobalVariable App::global(std::string_view name) const {
  auto place = std::make_shared<GlobalVariable::Place>();
  place->name = name;
  auto found = app_->object().global(name);
  if (!found.ok()) {
    place->absent = std::move(found).error().within(app_->object().name());
    return GlobalVariable(std::move(place));
  }
  place->types = &app_->object().types();
  place->type = found->type;
  const bool is_constant =
      (app_->object().maps()[found->map].flags & platform::kReadOnlyForProgram) != 0;
  place->write = [app = app_, at = *found, is_constant,
                  variable = place->name](std::span<const std::byte> value) -> Result<void> {
    if (!is_constant) return app->write_globals(at.map, at.offset, value);
    return Error(Fault::usage, format("global {} is a constant of a loaded program", variable),
                 "set it in the Object before it is loaded");
  };
  place->read = [app = app_, at = *found](std::span<std::byte> value) {
    return app->read_globals(at.map, at.offset, value);
  };
  return GlobalVariable(std::move(place));
}

}  // namespace skep
