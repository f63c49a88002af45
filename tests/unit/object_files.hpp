// Where the compiled test objects are, and their bytes.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapping.hpp"
#include "object/object.hpp"

namespace skep::object {

inline std::string object_path(const std::string& name) {
  return SKEP_BINARY_DIR "/tests/bpf/object/" + name + ".o";
}

inline std::vector<std::byte> object_bytes(const std::string& name) {
  const Mapping file = Mapping::of_file(object_path(name)).value();
  const auto bytes = file.bytes().span();
  return {bytes.begin(), bytes.end()};
}

inline const platform::MapSpec& map_named(const Object& object, std::string_view name) {
  const auto found = std::ranges::find(object.maps(), name, &platform::MapSpec::name);
  EXPECT_NE(found, object.maps().end()) << name;
  return *found;
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

// The error of reading an object that must not be read.
inline Error refusal(const std::string& name) {
  auto object = Object::open(object_path(name));
  EXPECT_FALSE(object.ok()) << name;
  return object.ok() ? Error(Fault::count_, "was read") : object.error();
}

}  // namespace skep::object
