// Positions that cannot be mixed up: a slot number is not an instruction number, and neither is a
// map number.
//
// BPF counts jump offsets in 8-byte slots while the tables of this project count instructions;
// using one for the other is the classic off-by-one around wide instructions. Index<Tag> makes it a
// type error.
#pragma once

#include <compare>
#include <functional>

#include "base/types.hpp"

namespace skep {

template <class Tag>
class Index {
 public:
  constexpr Index() = default;
  constexpr explicit Index(std::size_t value) : value_(static_cast<u32>(value)) {}

  constexpr u32 value() const { return value_; }
  constexpr Index next(u32 distance = 1) const { return Index(value_ + distance); }
  constexpr auto operator<=>(const Index&) const = default;

 private:
  u32 value_ = 0;
};

}  // namespace skep

template <class Tag>
struct std::hash<skep::Index<Tag>> {
  std::size_t operator()(skep::Index<Tag> index) const noexcept { return index.value(); }
};
