// What programs may return, where Linux looks at it while it verifies.
//
// Most types may return anything: what a value means is decided when they run. A program of the
// others must be proved to return a number inside of a range, which depends on how it is attached.
// Ranges are what Linux 6.18 answers (tests/engines/tables_returns_test.cpp; its rules are in
// check_return_code of kernel/bpf/verifier.c), but for programs that trace functions, which do not
// load everywhere and whose ranges are as documented there. Hooks of security modules (LSM) have
// ranges of their own (targets.hpp).
#pragma once

#include <optional>

#include "platform/program_types.hpp"

namespace skep::platform {

struct ReturnRange {
  s64 least;
  s64 most;
};
// Nothing: any value, a pointer too.
std::optional<ReturnRange> allowed_returns(ProgramType type, std::optional<AttachType> attach);

}  // namespace skep::platform
