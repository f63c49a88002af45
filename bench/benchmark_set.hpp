// The benchmark set: the objects of bench/programs, and the frame that all of them run on.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace skep::bench {

inline constexpr std::size_t kFrameBytes = 256;

std::vector<std::string_view> benchmark_names();
std::string benchmark_path(std::string_view name);
// Ethernet, IPv4 and TCP with four options, then bytes that look like nothing.
std::array<std::byte, kFrameBytes> benchmark_frame();

}  // namespace skep::bench
