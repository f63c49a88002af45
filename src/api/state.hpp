// What stands behind the public types of include/skep: one object, one app, one variable.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "object/object.hpp"
#include "runtime/engine.hpp"
#include "skep/app.hpp"

namespace skep {

struct Object::State {
  object::Object object;
};

// Where the bytes of a variable are, and of which type they are.
struct GlobalVariable::Place {
  std::string name;
  std::optional<Error> absent{};      // then nothing below means anything
  const btf::Types* types = nullptr;  // alive as long as what the functions hold
  btf::TypeId type = btf::kVoid;
  std::function<Result<void>(std::span<const std::byte>)> write{};
  std::function<Result<void>(std::span<std::byte>)> read{};
};

namespace detail {

struct Loaded {
  const runtime::LoadedProgram* program = nullptr;
  platform::ProgramType type = platform::ProgramType::unspecified;
};

struct AppState {
  object::Object object;
  std::unique_ptr<runtime::Environment> environment;
  std::optional<runtime::App> app{};
  std::map<std::string, Loaded, std::less<>> programs{};

  Result<Loaded> program(std::string_view name) const;
  Result<maps::Map*> map(std::string_view name);
};

MapInfo info_of(const platform::MapSpec& map);

// "no map named flow", and the nearest of those that there are.
Error no_such(std::string_view what, std::string_view name,
              const std::vector<std::string_view>& known);

}  // namespace detail
}  // namespace skep
