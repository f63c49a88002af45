// What stands behind the public types of include/skep: one object, one variable, one link.
#pragma once

#include <memory>
#include <optional>

#include "kernel/attach_all.hpp"
#include "object/object.hpp"
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

struct Link::State {
  kernel::RecordedLink attached;

  kernel::Link& link() { return attached.link; }
};

namespace detail {

MapInfo info_of(const platform::MapSpec& map);

// "no map named flow", and the nearest of those that there are.
Error no_such(std::string_view what, std::string_view name,
              const std::vector<std::string_view>& known);

}  // namespace detail
}  // namespace skep
