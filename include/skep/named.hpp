// What the parts of an App are made of: the App that they share, and their name in it.
//
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include "skep/object.hpp"

namespace skep::detail {

class EngineApp;

// A program, map or ring by its name; what is not there is an error of the first use.
struct Named {
  std::shared_ptr<EngineApp> app;
  std::string name;
};

template <Plain T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}
template <Plain T>
std::span<std::byte> writable_bytes_of(T& value) {
  return std::as_writable_bytes(std::span(&value, 1));
}

}  // namespace skep::detail
