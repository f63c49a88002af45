// How each kind of type is laid out in a .BTF section, as a table.
//
// A type is 12 bytes (name, kind and count, size or type), then `fixed` bytes, then `each` bytes
// for every element of its list. Documentation/bpf/btf.rst of Linux, "Type Encoding".
#pragma once

#include "base/enum_array.hpp"
#include "btf/types.hpp"

namespace skep::btf {

enum class Refers : u8 { never, to_value, to_value_or_void, to_prototype, to_tagged };

struct Layout {
  std::string_view name;  // as C or the format's text says it
  u8 fixed = 0;
  u8 each = 0;
  Refers refers = Refers::never;  // what its third word is: a type or, when never, a size
};

inline constexpr EnumArray<Kind, Layout> kLayouts({
    {Kind::void_, {"void"}},
    {Kind::integer, {"integer", 4, 0}},
    {Kind::pointer, {"pointer", 0, 0, Refers::to_value_or_void}},
    {Kind::array, {"array", 12, 0}},
    {Kind::structure, {"struct", 0, 12}},
    {Kind::union_, {"union", 0, 12}},
    {Kind::enumeration, {"enum", 0, 8}},
    {Kind::forward, {"forward declaration", 0, 0}},
    {Kind::typedef_, {"typedef", 0, 0, Refers::to_value_or_void}},
    {Kind::volatile_, {"volatile", 0, 0, Refers::to_value_or_void}},
    {Kind::const_, {"const", 0, 0, Refers::to_value_or_void}},
    {Kind::restrict_, {"restrict", 0, 0, Refers::to_value_or_void}},
    {Kind::function, {"function", 0, 0, Refers::to_prototype}},
    {Kind::prototype, {"prototype", 0, 8, Refers::to_value_or_void}},
    {Kind::variable, {"variable", 4, 0, Refers::to_value_or_void}},
    {Kind::section, {"section", 0, 12}},
    {Kind::floating, {"floating", 0, 0}},
    {Kind::declaration_tag, {"declaration tag", 4, 0, Refers::to_tagged}},
    {Kind::type_tag, {"type tag", 0, 0, Refers::to_value_or_void}},
    {Kind::enumeration64, {"enum64", 0, 12}},
});
static_assert(kCount<Kind> == 20, "19 kinds and void");

// Whether the type is another name or qualification of the one it refers to.
constexpr bool is_alias(Kind kind) {
  return kind == Kind::typedef_ || kind == Kind::volatile_ || kind == Kind::const_ ||
         kind == Kind::restrict_ || kind == Kind::type_tag;
}

// "type 7 (struct flow_key)", for messages.
std::string label(const Types& types, TypeId id);

// What no single type can show: that references are to the right kinds, end, and that members are
// inside.
Result<void> check(const Types& types);

}  // namespace skep::btf
