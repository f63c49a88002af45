// How the parts of an instruction are spelled where the instruction tables leave it open.
//
// The assembler and the disassembler both read these rows, so that they cannot drift apart. The
// operators themselves ("s/=", "s>") stand in isa/tables.hpp.
#pragma once

#include <string>
#include <string_view>

#include "isa/tables.hpp"

namespace skep::text {

// The shapes in which LLVM writes atomic operations.
enum class AtomicShape : u8 {
  lock,              // lock *(u64 *)(r1 + 0) += r2
  fetch,             // r2 = atomic_fetch_add((u64 *)(r1 + 0), r2)
  exchange,          // r2 = xchg_64(r1 + 0, r2)
  compare_exchange,  // r0 = cmpxchg_64(r1 + 0, r0, r2)
  load,              // r2 = load_acquire((u64 *)(r1 + 0))
  store,             // store_release((u64 *)(r1 + 0), r2)
};

inline constexpr EnumArray<isa::Atomic, AtomicShape> kAtomicShape({
    {isa::Atomic::add, AtomicShape::lock},
    {isa::Atomic::or_, AtomicShape::lock},
    {isa::Atomic::and_, AtomicShape::lock},
    {isa::Atomic::xor_, AtomicShape::lock},
    {isa::Atomic::fetch_add, AtomicShape::fetch},
    {isa::Atomic::fetch_or, AtomicShape::fetch},
    {isa::Atomic::fetch_and, AtomicShape::fetch},
    {isa::Atomic::fetch_xor, AtomicShape::fetch},
    {isa::Atomic::xchg, AtomicShape::exchange},
    {isa::Atomic::cmpxchg, AtomicShape::compare_exchange},
    {isa::Atomic::load_acquire, AtomicShape::load},
    {isa::Atomic::store_release, AtomicShape::store},
});

// The word of an atomic that is written like a call. Exchanges carry their width in the name.
inline std::string atomic_word(isa::Atomic operation, isa::Width width) {
  const AtomicShape shape = kAtomicShape[operation];
  const std::string stem(isa::kAtomic[operation].name);
  if (shape != AtomicShape::exchange && shape != AtomicShape::compare_exchange) return stem;
  return stem + (width == isa::Width::w64 ? "_64" : "32_32");
}

// `r1 = addr_space_cast(r2, 0, 1)`: the space that the pointer goes to, then its own.
inline constexpr std::string_view kAddressSpaceCastWord = "addr_space_cast";

// `r1 = map[0] ll`; a plain number has no word.
inline constexpr EnumArray<isa::Constant, std::string_view> kConstantWord({
    {isa::Constant::number, ""},
    {isa::Constant::map, "map"},
    {isa::Constant::map_value, "map_value"},
    {isa::Constant::variable, "variable"},
    {isa::Constant::function, "function"},
    {isa::Constant::map_by_index, "map_by_index"},
    {isa::Constant::map_value_by_index, "map_value_by_index"},
});

constexpr bool names_map(isa::Constant kind) {
  return kind == isa::Constant::map || kind == isa::Constant::map_value;
}
// The kinds whose high half is an offset: `map_value[0] + 8`.
constexpr bool has_offset(isa::Constant kind) {
  return kind == isa::Constant::map_value || kind == isa::Constant::map_value_by_index ||
         kind == isa::Constant::variable;
}

constexpr bool begins_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '$';
}
constexpr bool continues_word(char c) { return begins_word(c) || (c >= '0' && c <= '9'); }
constexpr bool is_word(std::string_view text) {
  if (text.empty() || !begins_word(text[0])) return false;
  for (char c : text) {
    if (!continues_word(c)) return false;
  }
  return true;
}

}  // namespace skep::text
