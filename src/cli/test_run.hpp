// skep test-run in its two engines.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

struct Tested {
  std::string_view engine;
  u32 r0 = 0;
  double nanoseconds = 0;           // a run, the mean
  std::vector<std::byte> packet{};  // after the last run
};

Result<Tested> test_in_kernel(const object::Object& object, const object::ProgramEntry& entry,
                              std::span<const std::byte> input, const Arguments& arguments,
                              Output& out);

}  // namespace skep::cli
