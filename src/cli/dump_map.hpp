// A map as `skep dump` shows it: its kind, what keys and values are in C, what it takes, and what
// it begins with.
#pragma once

#include <string>

#include "btf/types.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

std::string map_text(const platform::MapSpec& map, const object::Object& object, const Output& out);
std::string map_json(const platform::MapSpec& map, const object::Object& object);

}  // namespace skep::cli
