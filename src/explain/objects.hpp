// The objects of a concrete run: which there are for what the verifier knows.
#pragma once

#include "explain/machine.hpp"

namespace skep::explain {

// Offsets into a frame are negative.
inline constexpr s64 kFrameBegin = -s64{isa::kStackBytes};

// "bytes 12 to 15", "byte 12"
std::string bytes_text(s64 first, u64 bytes);

// Whether the helper may return any number of that many bits, as clocks and random numbers do;
// others return 0 or an error.
u32 free_bits(std::string_view helper);

}  // namespace skep::explain
