#include "runtime/helpers/bodies.hpp"

namespace skep::runtime::helpers {

// As strncmp() in the kernel's lib/string.c: -1, 0 or 1. The second text is zero-terminated.
u64 strncmp(u64 first, u64 bytes, u64 second, u64, u64, void*) {
  const auto* left = memory_at<const u8>(first);
  const auto* right = memory_at<const u8>(second);
  for (u64 at = 0; at < static_cast<u32>(bytes); ++at) {
    if (left[at] != right[at]) return left[at] < right[at] ? failure(-1) : 1;
    if (left[at] == 0) return 0;
  }
  return 0;
}

}  // namespace skep::runtime::helpers
