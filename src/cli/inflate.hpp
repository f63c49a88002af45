// Unpacking the zlib streams that debug sections are compressed to.
#pragma once

#include <vector>

#include "base/bytes.hpp"

namespace skep::cli {

// Exactly `size` bytes; Fault::malformed when the stream is damaged or stands for another number.
Result<std::vector<std::byte>> inflate(Bytes packed, u64 size);

}  // namespace skep::cli
