// Readers of the kernel's rings and perf buffers.
#pragma once

#include "api/engine_app.hpp"
#include "kernel/map.hpp"

namespace skep::detail {

// Null for maps of other kinds.
Result<std::unique_ptr<Reader>> open_reader(const kernel::Map& map);

}  // namespace skep::detail
