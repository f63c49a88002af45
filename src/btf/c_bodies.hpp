// One definition of C at a time: "struct flow { ... } __attribute__((packed))", "typedef int s32".
//
// Holds what definitions of one file share: the names that are taken, and how much may still be
// written, since a hostile file can make little bytes say much. A failure is kept and asked for
// with status(); texts after it mean nothing.
#pragma once

#include <optional>
#include <string>

#include "btf/c_layout.hpp"
#include "btf/c_names.hpp"
#include "btf/types.hpp"

namespace skep::btf {

class CBodies {
 public:
  explicit CBodies(const Types& types);

  std::string definition(TypeId id);  // of a structure, union, enum, typedef or forward declaration
  std::string reference(TypeId id);   // "struct flow", to be declared or used
  Result<void> status() const;

 private:
  std::string base(TypeId id, u32 level);
  std::string typedef_definition(TypeId id);
  std::string body(TypeId id, u32 level);
  std::string structure_body(TypeId id, u32 level);
  std::string members(TypeId id, u32 level, bool packed);
  std::string enum_body(TypeId id, u32 level);
  std::string declare(TypeId id, std::string_view name, u32 level);
  std::string fillers(const Gap& gap, u32 level);
  void fail(Error error);
  std::string charged(std::string text);  // counts what was written

  const Types& types_;
  CNames names_;
  CLayout layout_;
  u64 bytes_left_;
  std::optional<Error> failure_;
};

}  // namespace skep::btf
