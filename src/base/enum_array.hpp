// A total map from an enum to facts about each of its members.
//
// The rows are given as {key, value} pairs in any order; leaving one out or giving one twice does
// not compile. This is how closed sets (instructions, helpers, map kinds) are stated once and read
// everywhere.
#pragma once

#include <array>
#include <utility>

#include "base/types.hpp"

namespace skep {

template <class E>
inline constexpr std::size_t kCount = static_cast<std::size_t>(E::count_);

template <class E, class V>
class EnumArray {
 public:
  template <std::size_t N>
  consteval explicit EnumArray(const std::pair<E, V> (&rows)[N]) {
    static_assert(N == kCount<E>, "one row for each member of the enum");
    bool seen[N] = {};
    for (const auto& [key, value] : rows) {
      const auto at = static_cast<std::size_t>(key);
      if (seen[at]) throw "a row is given twice";
      seen[at] = true;
      values_[at] = value;
    }
  }

  constexpr const V& operator[](E key) const { return values_[static_cast<std::size_t>(key)]; }
  constexpr std::size_t size() const { return values_.size(); }
  constexpr auto begin() const { return values_.begin(); }
  constexpr auto end() const { return values_.end(); }

  // The first member whose row satisfies `matches`, or count_.
  template <class Predicate>
  constexpr E find(Predicate matches) const {
    for (std::size_t at = 0; at < values_.size(); ++at) {
      if (matches(values_[at])) return static_cast<E>(at);
    }
    return E::count_;
  }

 private:
  std::array<V, kCount<E>> values_{};
};

// Every member of a closed enum, for range-for.
template <class E>
constexpr auto every() {
  std::array<E, kCount<E>> members{};
  for (std::size_t at = 0; at < members.size(); ++at) members[at] = static_cast<E>(at);
  return members;
}

}  // namespace skep
