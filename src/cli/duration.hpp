// Durations on the command line: "10", "10s", "500ms", "1.5m"; a number alone counts seconds.
#pragma once

#include "cli/arguments.hpp"

namespace skep::cli {

// Nanoseconds; nullopt for what is no duration or longer than a year.
std::optional<u64> parse_duration(std::string_view text);

// The value of a flag, or `otherwise`. Fault::usage.
Result<u64> duration_ns(const Arguments& arguments, Flag flag, u64 otherwise);

// This machine's clock that never goes back, in nanoseconds.
u64 monotonic_ns();
// Sleeps until then, or until Ctrl-C (cli/interrupt.hpp).
void sleep_until(u64 monotonic_ns);

}  // namespace skep::cli
