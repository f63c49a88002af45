// Bytes on the command line and on standard input.
#pragma once

#include <string>
#include <vector>

#include "base/types.hpp"
#include "isa/instruction.hpp"
#include "skep/result.hpp"

namespace skep::cli {

// Pairs of hexadecimal digits; space between them does not matter. Fault::malformed.
Result<std::vector<std::byte>> parse_hexadecimal(std::string_view text);
std::string to_hexadecimal(std::span<const std::byte> bytes);

// Whole slots of a program. Fault::malformed.
Result<std::vector<isa::Slot>> parse_slots(std::string_view hexadecimal);

// A file, or standard input for "-"; at most `bytes_max` of it, more is Fault::exhausted.
Result<std::string> read_input(const std::string& path, u64 bytes_max);

// What a program given as text or hexadecimal may take: far more than any is.
inline constexpr u64 kInputMax = 16 << 20;

}  // namespace skep::cli
