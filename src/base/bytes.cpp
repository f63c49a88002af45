#include "base/bytes.hpp"

namespace skep {

Result<std::string_view> Bytes::c_string(u64 offset) const {
  const Bytes rest = TRY(slice(offset, offset <= size() ? size() - offset : 1));
  const void* end = rest.empty() ? nullptr : std::memchr(rest.data(), 0, rest.size());
  if (end == nullptr) {
    return Error(Fault::malformed,
                 format("text at offset {} has no terminating zero byte", offset));
  }
  const auto length = static_cast<const std::byte*>(end) - rest.data();
  return std::string_view(reinterpret_cast<const char*>(rest.data()),
                          static_cast<std::size_t>(length));
}

}  // namespace skep
