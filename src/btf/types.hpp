// The types of an object: BTF, read once and checked so that nobody after has to.
//
// Types numbers what the compiler said about structures, variables and functions; an id is a
// position in that list and 0 is void. read() accepts only what a walker can trust: every id and
// every name is inside, every member lies inside its structure, and following references always
// ends, with and without pointers. What is left to callers: bytes are not described by a type
// alone, so a printer compares size_of() with what it holds. Layout: Documentation/bpf/btf.rst and
// include/uapi/linux/btf.h of Linux.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::btf {

using TypeId = u32;
inline constexpr TypeId kVoid = 0;

// Numbered as in the format (BTF_KIND_*); 0 is used for void itself.
enum class Kind : u8 {
  void_,
  integer,
  pointer,
  array,
  structure,
  union_,
  enumeration,
  forward,
  typedef_,
  volatile_,
  const_,
  restrict_,
  function,
  prototype,
  variable,
  section,  // DATASEC
  floating,
  declaration_tag,
  type_tag,
  enumeration64,
  count_
};
std::string_view name_of(Kind kind);  // "struct", "typedef"

enum class Encoding : u8 { unsigned_, signed_, character, boolean };  // of integers and enums
enum class Scope : u8 { static_, global, external };                  // of variables and functions

// What every type has; fields that a kind does not use are 0. Lists are asked of Types.
struct Type {
  std::string_view name;  // empty when anonymous
  Kind kind = Kind::void_;
  Encoding encoding = Encoding::unsigned_;
  Scope scope = Scope::static_;
  bool is_union = false;  // of a forward declaration
  u32 size = 0;           // bytes: of integer, floating, structure, union, enums, section
  u32 bits = 0;           // of an integer: its width, which may be less than its size
  TypeId type = kVoid;    // what it refers to: target, element, aliased, returned, tagged type
  u32 count = 0;          // array elements, members, enumerators, parameters, section variables
  s32 component = -1;     // of a declaration tag: the member it belongs to
  u32 first = 0;          // where its list begins; for Types only
};

struct Member {
  std::string_view name;  // empty: an anonymous structure or union whose members count as ours
  TypeId type = kVoid;
  u32 bit_offset = 0;
  u32 bit_size = 0;  // 0: not a bit-field
};

struct Enumerator {
  std::string_view name;
  s64 value = 0;  // of an unsigned 64-bit enum: the same bits
};

struct Parameter {
  std::string_view name;
  TypeId type = kVoid;  // void and without a name in the last place: variadic
};

struct SectionVariable {
  TypeId type = kVoid;  // a variable, or an external function
  u32 offset = 0;       // bytes into the section
  u32 size = 0;
};

class Types {
 public:
  // Only void: of an object that has no BTF.
  Types() : types_(1) {}
  Types(Types&&) = default;
  Types& operator=(Types&&) = default;

  // The contents of a .BTF section (or /sys/kernel/btf/vmlinux); the bytes are copied. Errors name
  // the type.
  static Result<Types> read(Bytes btf_section);

  u32 count() const { return static_cast<u32>(types_.size()); }  // ids are 0 to count() - 1
  bool empty() const { return types_.size() == 1; }

  // The type of an id; void for an id that is outside.
  const Type& at(TypeId id) const { return types_[id < types_.size() ? id : kVoid]; }

  // The lists of a type, empty when it is of another kind.
  std::span<const Member> members(TypeId id) const;             // structure, union
  std::span<const Enumerator> enumerators(TypeId id) const;     // enumeration, enumeration64
  std::span<const Parameter> parameters(TypeId id) const;       // prototype
  std::span<const SectionVariable> variables(TypeId id) const;  // section

  // The type behind typedefs, const, volatile, restrict and type tags.
  TypeId resolve(TypeId id) const;
  const Type& resolved(TypeId id) const { return at(resolve(id)); }

  // Bytes that a value takes; a variable has the size of its type. Void, functions and forward
  // declarations have none, and more than 4 GiB is an error.
  Result<u32> size_of(TypeId id) const;

  // The first type of that kind and name.
  std::optional<TypeId> find(std::string_view name, Kind kind) const;

  // The type as C spells it: "struct flow_key", "__u32", "const char *", "__u8[16]"; cut when very
  // long.
  std::string c_name(TypeId id) const;
  // With something declared by it: "__u8 address[16]", "void (*callback)(int)".
  std::string c_declaration(TypeId id, std::string_view name) const;

  // Text by its offset, as .BTF.ext names files and lines; it lives as long as the Types do.
  Result<std::string_view> string(u32 offset) const;

  // Compilers leave section sizes and offsets of variables to the linker; the object reader fills
  // them in. `offsets` are those of variables(section), in their order.
  Result<void> place_section(TypeId section, u32 size, std::span<const u32> offsets);

 private:
  friend class Parser;
  std::vector<std::byte> strings_;
  std::vector<Type> types_;
  std::vector<Member> members_;
  std::vector<Enumerator> enumerators_;
  std::vector<Parameter> parameters_;
  std::vector<SectionVariable> variables_;
};

}  // namespace skep::btf
