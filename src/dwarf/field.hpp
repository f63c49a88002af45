// A member on its way from DWARF to BTF.
#pragma once

#include <string>

#include "btf/list.hpp"
#include "dwarf/converter.hpp"

namespace skep::dwarf {

struct Converter::Field {
  std::string name;
  btf::TypeId type = btf::kVoid;
  u64 bit_offset = 0;
  u64 bit_size = 0;  // 0: not a bit-field
};

}  // namespace skep::dwarf
