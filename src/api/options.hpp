// Load options that only one of the engines has.
#pragma once

#include "kernel/choice.hpp"
#include "skep/engine.hpp"

namespace skep::detail {

// The first option that is set and not for `engine`, and why not; nothing is wrong when empty.
kernel::Obstacle not_for(kernel::EngineKind engine, const LoadOptions& options);

// The same as Fault::unsupported.
Result<void> check_options(kernel::EngineKind engine, const LoadOptions& options);

}  // namespace skep::detail
