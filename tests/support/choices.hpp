// Where choices come from: a seed, or a fuzzer's bytes (zeroes behind their end).
#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "base/types.hpp"

namespace skep::test {

class Choices {
 public:
  explicit Choices(u64 seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  explicit Choices(std::span<const u8> bytes) : bytes_(bytes), from_bytes_(true) {}

  u32 below(u32 bound) { return bound == 0 ? 0 : next() % bound; }
  bool one_in(u32 n) { return below(n) == n - 1; }

 private:
  u32 next() {
    if (!from_bytes_) {
      state_ = state_ * 6364136223846793005 + 1442695040888963407;
      return static_cast<u32>(state_ >> 33);
    }
    u32 out = 0;
    const std::size_t count = std::min<std::size_t>(bytes_.size(), 2);
    if (count != 0) std::memcpy(&out, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return out;
  }

  u64 state_ = 0;
  std::span<const u8> bytes_{};
  bool from_bytes_ = false;
};

}  // namespace skep::test
