// Bytes that are laid out one after the other, each thing at a multiple of eight.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.hpp"

namespace skep::object::light {

class Blob {
 public:
  // The offset of what was added.
  u32 add(std::span<const std::byte> bytes) {
    const std::size_t at = bytes_.size();
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    return static_cast<u32>(at);
  }
  u32 add_text(std::string_view text) {
    const std::string ended(text);
    return add(std::as_bytes(std::span(ended.c_str(), ended.size() + 1)));
  }
  u32 add_zeros(u32 bytes) { return add(std::vector<std::byte>(bytes)); }
  template <class T>
  requires std::is_trivially_copyable_v<T> u32 add_value(const T& value) {
    return add(std::as_bytes(std::span(&value, 1)));
  }
  template <class T>
  requires std::is_trivially_copyable_v<T> u32 add_all(const std::vector<T>& values) {
    return add(std::as_bytes(std::span(values)));
  }

  std::size_t size() const { return bytes_.size(); }
  std::vector<std::byte> take() { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace skep::object::light
