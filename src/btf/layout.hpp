// How a .BTF section is laid out: its header, and as a table how each kind of type is.
//
// A type is 12 bytes (name, kind and count, size or type), then `fixed` bytes, then `each` bytes
// for every element of its list. Documentation/bpf/btf.rst of Linux, "Type Encoding".
#pragma once

#include "base/enum_array.hpp"
#include "btf/types.hpp"

namespace skep::btf {

inline constexpr u16 kMagic = 0xeb9f, kMagicSwapped = 0x9feb;
inline constexpr u32 kTypesMax = 0xfffff;  // BTF_MAX_TYPE

struct Header {
  le16 magic;
  u8 version;
  u8 flags;
  le32 header_size;
  le32 type_offset, type_size;  // offsets count from behind the header
  le32 string_offset, string_size;
};
static_assert(sizeof(Header) == 24);

// What every type begins with.
struct Common {
  le32 name;
  le32 info;  // 24 bits of count (of a function: its scope), 5 of kind, 2 reserved, flag
  le32 size_or_type;

  static constexpr u32 kCountMask = 0xffffff, kKindShift = 24, kKindMask = 0x1f, kFlag = 1u << 31;
  static constexpr u32 kReserved = ~(kCountMask | kKindMask << kKindShift | kFlag);

  u32 count() const { return info & kCountMask; }
  u32 kind_number() const { return info >> kKindShift & kKindMask; }
  bool has_known_kind() const { return kind_number() != 0 && kind_number() < kCount<Kind>; }
  // Void when it is not known.
  Kind kind() const { return has_known_kind() ? static_cast<Kind>(kind_number()) : Kind::void_; }
  bool flag() const { return (info & kFlag) != 0; }
};
static_assert(sizeof(Common) == 12);

// What follows the common part of an array, and the elements of lists.
struct ArrayRecord {
  le32 type, index_type, count;
};
struct MemberRecord {
  le32 name, type, offset;  // with the type's flag: 8 bits of width and 24 of offset
};
struct EnumeratorRecord {
  le32 name, value;
};
struct Enumerator64Record {
  le32 name, low, high;
};
struct ParameterRecord {
  le32 name, type;
};
struct VariableRecord {
  le32 type, offset, size;
};

enum class Refers : u8 { never, to_value, to_value_or_void, to_prototype, to_tagged };

// Words of 32 bits, by a bit each.
using Words = u8;
inline constexpr Words kFirst = 1, kSecond = 2;

struct Layout {
  std::string_view name;  // as C or the format's text says it
  u8 fixed = 0;
  u8 each = 0;
  Refers refers = Refers::never;  // what its third word is: a type or, when never, a size
  Words fixed_types = 0;          // which of the fixed words are types
  Words each_names = 0;           // which words of an element are names,
  Words each_types = 0;           // and which are types
};

inline constexpr Layout list_of(std::string_view name, u8 each, Words names, Words types) {
  return {.name = name, .each = each, .each_names = names, .each_types = types};
}
inline constexpr Layout to_another(std::string_view name) {
  return {.name = name, .refers = Refers::to_value_or_void};
}

inline constexpr EnumArray<Kind, Layout> kLayouts({
    {Kind::void_, {"void"}},
    {Kind::integer, {"integer", 4}},
    {Kind::pointer, to_another("pointer")},
    {Kind::array, {.name = "array", .fixed = sizeof(ArrayRecord), .fixed_types = kFirst | kSecond}},
    {Kind::structure, list_of("struct", sizeof(MemberRecord), kFirst, kSecond)},
    {Kind::union_, list_of("union", sizeof(MemberRecord), kFirst, kSecond)},
    {Kind::enumeration, list_of("enum", sizeof(EnumeratorRecord), kFirst, 0)},
    {Kind::forward, {"forward declaration"}},
    {Kind::typedef_, to_another("typedef")},
    {Kind::volatile_, to_another("volatile")},
    {Kind::const_, to_another("const")},
    {Kind::restrict_, to_another("restrict")},
    {Kind::function, {.name = "function", .refers = Refers::to_prototype}},
    {Kind::prototype,
     {.name = "prototype",
      .each = sizeof(ParameterRecord),
      .refers = Refers::to_value_or_void,
      .each_names = kFirst,
      .each_types = kSecond}},
    {Kind::variable, {.name = "variable", .fixed = 4, .refers = Refers::to_value_or_void}},
    {Kind::section, list_of("section", sizeof(VariableRecord), 0, kFirst)},
    {Kind::floating, {"floating"}},
    {Kind::declaration_tag, {.name = "declaration tag", .fixed = 4, .refers = Refers::to_tagged}},
    {Kind::type_tag, to_another("type tag")},
    {Kind::enumeration64, list_of("enum64", sizeof(Enumerator64Record), kFirst, 0)},
});
static_assert(kCount<Kind> == 20, "19 kinds and void");

// Whether the type is another name or qualification of the one it refers to.
constexpr bool is_alias(Kind kind) {
  return kind == Kind::typedef_ || kind == Kind::volatile_ || kind == Kind::const_ ||
         kind == Kind::restrict_ || kind == Kind::type_tag;
}

// References that are followed from one type, at most; check() refuses what is deeper, and walks
// over types that were not checked end here. Linux allows 32 (MAX_RESOLVE_DEPTH in
// kernel/bpf/btf.c); objects may nest structures further than it would load, for CO-RE to refuse.
inline constexpr u32 kDepthMax = 128;

// "type 7 (struct flow_key)", for messages.
std::string label(const Types& types, TypeId id);

// What each type says about itself: names, widths, encodings, scopes, references that are inside.
Result<void> check_records(const Types& types);
// What no single type can show: that references are to the right kinds, end, and that members are
// inside.
Result<void> check_graph(const Types& types);

}  // namespace skep::btf
