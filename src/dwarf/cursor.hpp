// Reading DWARF forward, a number after the other.
//
// DWARF is read by the hundred megabytes and the half of it is stepped over, so a Cursor does not
// answer with a Result each time: past the end it gives zeros, stays there, and has failed(). Who
// reads asks once an entry; nothing outside the bytes is ever touched, and no loop goes on after
// the end.
#pragma once

#include <cstring>
#include <string_view>

#include "base/bytes.hpp"

namespace skep::dwarf {

class Cursor {
 public:
  explicit Cursor(Bytes bytes, u64 at = 0) : bytes_(bytes), at_(at) {
    if (at > bytes.size()) fail();
  }

  bool failed() const { return failed_; }
  bool at_end() const { return at_ >= bytes_.size(); }
  u64 at() const { return at_; }

  // An unsigned little-endian number of 1 to 8 bytes.
  u64 number(u32 size) {
    if (size > bytes_.size() - at_) return fail();
    u64 value = 0;
    std::memcpy(&value, bytes_.data() + at_, size);
    at_ += size;
    return value;
  }

  // Numbers of as many bytes as they need (DWARF 5, 7.6). Bits beyond 64 are lost.
  u64 uleb() {
    u64 value = 0;
    for (u32 shift = 0;; shift += 7) {
      const u64 byte = number(1);
      if (shift < 64) value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }
  s64 sleb() {
    u64 value = 0;
    for (u32 shift = 0;;) {
      const u64 byte = number(1);
      if (shift < 64) value |= (byte & 0x7f) << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if (shift < 64 && (byte & 0x40) != 0) value |= ~u64{0} << shift;
      return static_cast<s64>(value);
    }
  }

  void skip(u64 size) {
    if (size > bytes_.size() - at_) {
      fail();
    } else {
      at_ += size;
    }
  }

  // Over a text and its terminating zero byte.
  void skip_text() {
    const auto rest = bytes_.span().subspan(at_);
    const void* end = rest.empty() ? nullptr : std::memchr(rest.data(), 0, rest.size());
    if (end == nullptr) {
      fail();
    } else {
      at_ = static_cast<u64>(static_cast<const std::byte*>(end) - bytes_.data()) + 1;
    }
  }

 private:
  u64 fail() {
    failed_ = true;
    at_ = bytes_.size();
    return 0;
  }

  Bytes bytes_;
  u64 at_;
  bool failed_ = false;
};

}  // namespace skep::dwarf
