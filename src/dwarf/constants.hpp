// The numbers of DWARF that types are made of, by their names without DW_.
//
// Names and numbers: DWARF 5, chapter 7; those of GNU are in binutils' include/dwarf2.def, those of
// LLVM in its documentation. Only what is looked at is listed: everything else is stepped over.
#pragma once

#include "base/types.hpp"

namespace skep::dwarf {

enum class Tag : u16 {  // DW_TAG_*
  array_type = 0x01,
  class_type = 0x02,
  enumeration_type = 0x04,
  formal_parameter = 0x05,
  member = 0x0d,
  pointer_type = 0x0f,
  reference_type = 0x10,
  compile_unit = 0x11,
  string_type = 0x12,
  structure_type = 0x13,
  subroutine_type = 0x15,
  typedef_ = 0x16,
  union_type = 0x17,
  unspecified_parameters = 0x18,
  inheritance = 0x1c,
  module = 0x1e,
  ptr_to_member_type = 0x1f,
  set_type = 0x20,
  subrange_type = 0x21,
  base_type = 0x24,
  const_type = 0x26,
  enumerator = 0x28,
  file_type = 0x29,
  packed_type = 0x2d,
  subprogram = 0x2e,
  variant_part = 0x33,
  variable = 0x34,
  volatile_type = 0x35,
  restrict_type = 0x37,
  interface_type = 0x38,
  namespace_ = 0x39,
  unspecified_type = 0x3b,
  partial_unit = 0x3c,
  shared_type = 0x40,
  type_unit = 0x41,
  rvalue_reference_type = 0x42,
  template_alias = 0x43,
  generic_subrange = 0x45,
  dynamic_type = 0x46,
  atomic_type = 0x47,
  skeleton_unit = 0x4a,
  immutable_type = 0x4b,
  llvm_ptrauth_type = 0x4300,
};

enum class Encoding : u8 {  // DW_ATE_*
  boolean = 0x02,
  complex_float = 0x03,
  floating = 0x04,
  signed_ = 0x05,
  signed_char = 0x06,
  imaginary_float = 0x09,
  signed_fixed = 0x0d,
  decimal_float = 0x0f,
};

enum class UnitKind : u8 {  // DW_UT_*
  compile = 1,
  type,
  partial,
  skeleton,
  split_compile,
  split_type,
};

// DW_OP_*: the only operations that are plain offsets.
inline constexpr u8 kPlusConstant = 0x23, kConstant = 0x10;  // plus_uconst, constu

// DW_LANG_*: names of these languages have no scopes.
constexpr bool is_c(u64 language) {
  constexpr u64 kC89 = 0x01, kC = 0x02, kC99 = 0x0c, kC11 = 0x1d, kC17 = 0x2c, kC23 = 0x3e,
                kAssembler = 0x8001;
  return language == kC89 || language == kC || language == kC99 || language == kC11 ||
         language == kC17 || language == kC23 || language == kAssembler;
}

constexpr bool is_structure(Tag tag) {
  return tag == Tag::structure_type || tag == Tag::class_type || tag == Tag::union_type ||
         tag == Tag::interface_type;
}

constexpr bool is_unit(Tag tag) {
  return tag == Tag::compile_unit || tag == Tag::partial_unit || tag == Tag::type_unit ||
         tag == Tag::skeleton_unit;
}

// Types that are another one for whoever reads memory.
constexpr bool is_transparent(Tag tag) {
  return tag == Tag::packed_type || tag == Tag::shared_type || tag == Tag::atomic_type ||
         tag == Tag::immutable_type || tag == Tag::llvm_ptrauth_type || tag == Tag::subrange_type;
}

}  // namespace skep::dwarf
