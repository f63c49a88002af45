#include "benchmark_set.hpp"

#include <cstring>

#include "base/text.hpp"
#include "base/types.hpp"

namespace skep::bench {

// programs.inc has SKEP_PROGRAM(NAME) for each file of the folder (CMakeLists.txt).
std::vector<std::string_view> benchmark_names() {
  return {
#define SKEP_PROGRAM(name) #name,
#include "programs.inc"
#undef SKEP_PROGRAM
  };
}

std::array<std::byte, kFrameBytes> benchmark_frame() {
  constexpr auto kHeaders = std::to_array<u8>(
      {0x02, 0,    0,    0,    0,    1,    0x02, 0,  0,  0, 0, 2, 0x08, 0x00,  // Ethernet
       0x45, 0,    0x00, 0xf2, 0x12, 0x34, 0x40, 0,  64, 6, 0, 0, 10,   0,
       0,    1,    10,   0,    0,    2,  // IPv4
       0xc3, 0x50, 0x01, 0xbb, 1,    2,    3,    4,  5,  6, 7, 8, 0xa0, 0x02,
       0xfa, 0xf0, 0,    0,    0,    0,  // TCP
       2,    4,    5,    0xb4, 4,    2,    8,    10, 1,  2, 3, 4, 5,    6,
       7,    8,    1,    3,    3,    7,    1,    1,  1,  0});
  std::array<std::byte, kFrameBytes> out{};
  u32 seed = 12345;
  for (std::byte& each : out)
    each = static_cast<std::byte>((seed = seed * 1664525u + 1013904223u) >> 24);
  for (std::size_t at = 0; at < kHeaders.size(); ++at)
    out[at] = static_cast<std::byte>(kHeaders[at]);
  for (const auto& [at, text] :
       {std::pair{80, "GET /index.php?"}, {96, "GET /images/b.p"}, {112, "POST /form.html"}}) {
    std::memcpy(&out[static_cast<std::size_t>(at)], text, std::strlen(text));
  }
  return out;
}

std::string benchmark_path(std::string_view name) {
  return format("{}/bench/programs/{}.bpf.o", SKEP_BINARY_DIR, name);
}

}  // namespace skep::bench
