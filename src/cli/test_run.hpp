// skep test-run in its two engines.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"

namespace skep::cli {

// What a run is given. A program on packets has a packet, and a context when one is wanted; the
// others have a context.
struct TestInput {
  std::vector<std::byte> packet{};
  std::optional<std::vector<std::byte>> context{};
  u64 repeat = 1;
};

struct Tested {
  std::string_view engine;
  u32 r0 = 0;
  double nanoseconds = 0;  // a run, the mean
  // After the last run.
  std::vector<std::byte> packet{};
  std::vector<std::byte> context{};
};

Result<Tested> test_in_user_space(const object::Object& object, const object::ProgramEntry& entry,
                                  const TestInput& input, const Arguments& arguments, Output& out);
Result<Tested> test_in_kernel(const object::Object& object, const object::ProgramEntry& entry,
                              const TestInput& input, const Arguments& arguments, Output& out);

}  // namespace skep::cli
