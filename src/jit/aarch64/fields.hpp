// The fields that most instruction words have in the same place (DDI 0487, C4.1).
#pragma once

#include <algorithm>

#include "jit/aarch64/assembler.hpp"

namespace skep::jit::aarch64::fields {

inline constexpr u32 k64 = u32{1} << 31;  // sf

constexpr u32 field_of(Reg reg) { return std::min(static_cast<u32>(reg), u32{31}); }
constexpr u32 rd(Reg reg) { return field_of(reg); }
constexpr u32 rn(Reg reg) { return field_of(reg) << 5; }
constexpr u32 rm(Reg reg) { return field_of(reg) << 16; }
constexpr u32 of(const Three& r) { return rd(r.dst) | rn(r.left) | rm(r.right); }
constexpr u32 sf(Width width) {
  EXPECT(width == Width::w32 || width == Width::w64);
  return width == Width::w64 ? k64 : 0;
}

}  // namespace skep::jit::aarch64::fields
