// The types that a compiler wrote down about structures, variables and functions: BTF, of an
// object, of the kernel or of a kernel module.
//
// A type is a number, its place in the list; 0 is void. Types keeps the bytes of the .BTF section
// and four bytes for each type, the place where it stands; all else is decoded when it is asked
// for. read() copies the bytes
// and check()s them: every id and every name is inside, every member lies inside its structure, and
// following references always ends, with and without pointers. open() maps a file and looks only at
// the shape of its list: all questions here are safe to ask then too, but the answers are as good
// as the file, so loops over references that are not ours must be bounded, or check() come first.
// What is left to callers: bytes are not described by a type alone, so a printer compares size_of()
// with what it holds. Layout: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of Linux.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/mapping.hpp"
#include "base/types.hpp"
#include "btf/list.hpp"
#include "btf/name_index.hpp"
#include "btf/record_index.hpp"
#include "skep/result.hpp"

namespace skep::btf {

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
constexpr bool is_structure(Kind kind) { return kind == Kind::structure || kind == Kind::union_; }
constexpr bool is_enum(Kind kind) {
  return kind == Kind::enumeration || kind == Kind::enumeration64;
}

enum class Encoding : u8 { unsigned_, signed_, character, boolean };  // of integers and enums
enum class Scope : u8 { static_, global, external };                  // of variables and functions

// What every type has; fields that a kind does not use are 0. Lists are asked of Types.
struct Type {
  std::string_view name = {};  // empty when anonymous
  Kind kind = Kind::void_;
  Encoding encoding = Encoding::unsigned_;
  Scope scope = Scope::static_;
  bool is_union = false;      // of a forward declaration
  bool is_attribute = false;  // of a tag: any attribute of C, not btf_type_tag or btf_decl_tag
  u32 size = 0;               // bytes: of integer, floating, structure, union, enums, section
  u32 bits = 0;               // of an integer: its width, which may be less than its size
  TypeId type = kVoid;        // what it refers to: target, element, aliased, returned, tagged type
  TypeId index_type = kVoid;  // of an array
  u32 count = 0;              // array elements, members, enumerators, parameters, variables
  s32 component = -1;         // of a declaration tag: the member or parameter it belongs to
};

class Types {
 public:
  // Only void: of an object that has no BTF.
  Types() = default;
  Types(Types&&) = default;
  Types& operator=(Types&&) = default;

  // The contents of a .BTF section, copied and checked. Errors name the type. With a base, the
  // types continue those of the base (a kernel module's those of the kernel): ids and offsets of
  // strings count on where the base ends.
  static Result<Types> read(Bytes btf_section, std::shared_ptr<const Types> base = nullptr);

  // A file that is the contents of a .BTF section (/sys/kernel/btf/vmlinux), or the .BTF section of
  // an ELF file, mapped and not copied. Only the shape is looked at, in one quick pass.
  static Result<Types> open(const std::string& path, std::shared_ptr<const Types> base = nullptr);

  // For a few lookups: not even the shape is looked at before somebody asks, and only as far as he
  // asks, so that finding a structure of the kernel touches a small part of its types. Where the
  // shape is wrong, the list ends.
  static Result<Types> open_for_lookups(const std::string& path,
                                        std::shared_ptr<const Types> base = nullptr);

  // What read() makes sure of. A base is taken to be checked.
  Result<void> check() const;

  u32 count() const { return first() + own_count(); }  // ids are 0 to count() - 1
  bool empty() const { return count() == 1; }
  // The first id that is not the base's (or void); count() when there is none.
  TypeId first() const { return base_ ? base_->count() : 1; }
  const std::shared_ptr<const Types>& base() const { return base_; }

  // The type of an id; void for an id that is outside.
  Type at(TypeId id) const;
  Kind kind(TypeId id) const;  // quicker than at(id).kind
  std::string_view name(TypeId id) const;

  // The lists of a type, empty when it is of another kind.
  List<Member> members(TypeId id) const;             // structure, union
  List<Enumerator> enumerators(TypeId id) const;     // enumeration, enumeration64
  List<Parameter> parameters(TypeId id) const;       // prototype
  List<SectionVariable> variables(TypeId id) const;  // section

  // The type behind typedefs, const, volatile, restrict and type tags; void when that has no end.
  TypeId resolve(TypeId id) const;
  Type resolved(TypeId id) const { return at(resolve(id)); }

  // Bytes that a value takes; a variable has the size of its type. Void, functions and forward
  // declarations have none, and more than 4 GiB is an error.
  Result<u32> size_of(TypeId id) const;

  // The first type of that kind and name.
  std::optional<TypeId> find(std::string_view name, Kind kind) const;
  // All types of that name, from `from` on (first() leaves the base out), by rising id.
  std::vector<TypeId> find_all(std::string_view name, TypeId from = 1) const;
  // All types whose essential_name() is `name`: candidates for a CO-RE relocation.
  std::vector<TypeId> find_flavors(std::string_view name, TypeId from = 1) const;

  // The type as C spells it: "struct flow_key", "__u32", "const char *", "__u8[16]"; cut when very
  // long.
  std::string c_name(TypeId id) const;
  // With something declared by it: "__u8 address[16]", "void (*callback)(int)".
  std::string c_declaration(TypeId id, std::string_view name) const;

  // Text by its offset, as .BTF.ext names files and lines; it lives as long as the Types do.
  Result<std::string_view> string(u32 offset) const;

  // Compilers leave section sizes and offsets of variables to the linker; the object reader fills
  // them in. `offsets` are those of variables(section), in their order. Only after read().
  Result<void> place_section(TypeId section, u32 size, std::span<const u32> offsets);

  // The whole section, as place_section() left it: what BPF_BTF_LOAD takes. Empty without types.
  Bytes bytes() const { return section_; }
  // A type as it is written, from its name to the end of its list.
  Bytes record(TypeId id) const;
  // Offsets of strings are smaller than this; those of the base come first.
  u32 string_bytes() const { return first_string_ + static_cast<u32>(strings_.size()); }

 private:
  friend class SectionReader;
  friend class NameSearch;
  friend class NameIndex;
  template <class Element>
  friend class List;

  u32 own_count() const { return index_.size(); }
  // The bytes from the type on, to the end of all types; empty for void and ids outside.
  Bytes from(TypeId id) const;
  template <class Element>
  List<Element> list(TypeId id) const;
  std::string_view text(u32 offset) const;  // empty when outside

  std::vector<std::byte> owned_;    // after read()
  std::optional<Mapping> mapping_;  // after open()
  Bytes section_;                   // in one of these
  Bytes records_, strings_;         // in the section
  RecordIndex index_;               // of each type, in records_
  std::shared_ptr<const Types> base_;
  u32 first_string_ = 0;  // where the base's strings end
  std::unique_ptr<Lookups> lookups_ = std::make_unique<Lookups>();
};

// A name without what CO-RE calls its flavor: "task_struct" of "task_struct___old". A flavor begins
// at the last three underscores that stand alone between other characters, as in libbpf.
std::string_view essential_name(std::string_view name);

}  // namespace skep::btf
