// What types had to be left out or told differently, counted: BTF has no words for everything that
// DWARF says, and a layout that is wrong is worse than one that has a gap.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/enum_array.hpp"
#include "base/types.hpp"

namespace skep::dwarf {

enum class Omission : u8 {
  virtual_base,
  computed_place,
  too_far,
  too_many,
  unknown_size,
  other_kind,
  broken_reference,
  variant,
  cut_name,
  count_
};

class Notes {
 public:
  struct Line {
    std::string_view what;
    u64 count;
  };

  void count(Omission omission) { ++counts_[static_cast<u32>(omission)]; }
  // Those that happened.
  std::vector<Line> lines() const;

 private:
  std::array<u64, kCount<Omission>> counts_{};
};

}  // namespace skep::dwarf
