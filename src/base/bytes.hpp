// Foreign bytes are read through here and nowhere else.
//
// Bytes is a view that never reads past its end: every access names an offset and a length, the sum
// is checked without overflow, and a miss is an Error that says where. Integers of file formats
// have their byte order in their type (le32, be16), so that a value is never used before it is
// converted.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/text.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep {

// An unaligned integer in a stated byte order.
template <std::integral T, std::endian order>
class Ordered {
 public:
  constexpr Ordered() = default;
  constexpr Ordered(T value) { *this = value; }

  constexpr Ordered& operator=(T value) {
    if constexpr (order != std::endian::native) value = swapped(value);
    raw_ = std::bit_cast<Raw>(value);
    return *this;
  }
  constexpr operator T() const {
    const T value = std::bit_cast<T>(raw_);
    return order == std::endian::native ? value : swapped(value);
  }

 private:
  struct Raw {
    unsigned char bytes[sizeof(T)];
  };
  static constexpr T swapped(T value) {
    if constexpr (sizeof(T) == 1) return value;
    if constexpr (sizeof(T) == 2) return static_cast<T>(__builtin_bswap16(static_cast<u16>(value)));
    if constexpr (sizeof(T) == 4) return static_cast<T>(__builtin_bswap32(static_cast<u32>(value)));
    if constexpr (sizeof(T) == 8) return static_cast<T>(__builtin_bswap64(static_cast<u64>(value)));
  }
  Raw raw_{};
};

using le16 = Ordered<u16, std::endian::little>;
using le32 = Ordered<u32, std::endian::little>;
using le64 = Ordered<u64, std::endian::little>;
using be16 = Ordered<u16, std::endian::big>;
using be32 = Ordered<u32, std::endian::big>;
using be64 = Ordered<u64, std::endian::big>;

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  Bytes(const void* data, std::size_t size) : bytes_(static_cast<const std::byte*>(data), size) {}

  u64 size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  const std::byte* data() const { return bytes_.data(); }
  std::span<const std::byte> span() const { return bytes_; }

  // `length` bytes from `offset`; Fault::malformed when they are not all inside.
  Result<Bytes> slice(u64 offset, u64 length) const {
    if (offset > size() || length > size() - offset) {
      return Error(Fault::malformed, format("{} at offset {} go past the end at {}",
                                            counted(length, "byte"), offset, size()));
    }
    return Bytes(bytes_.subspan(offset, length));
  }

  // A copy of the T that stands at `offset`, which need not be aligned.
  template <class T>
  requires std::is_trivially_copyable_v<T> Result<T> read(u64 offset)
  const {
    const Bytes part = TRY(slice(offset, sizeof(T)));
    T value;
    std::memcpy(&value, part.data(), sizeof(T));
    return value;
  }

  // The zero-terminated text that starts at `offset`; its terminator must be inside.
  Result<std::string_view> c_string(u64 offset) const;

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace skep
