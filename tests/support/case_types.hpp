// The types of a test case as BTF: `struct:` lines, as a program's compiler would have written
// them.
//
//   struct: node key=u64@0 link=bpf_list_node@8
//   struct: value lock=bpf_spin_lock@0 head=bpf_list_head:node.link@8 task=kptr:task_struct@24
//
// A member's type is u8, u16, u32 or u64, a structure of platform/map_fields.hpp or of an earlier
// line, an array of one of these ("u8[16]"), or a pointer: a tag, a colon and the structure that it
// points to. A root says which member of what it holds is its node. A structure is as long as its
// members, rounded up to 8 bytes, or `size=N`.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "btf/builder.hpp"
#include "support/case_file.hpp"

namespace skep::test {

class CaseTypes {
 public:
  static Result<CaseTypes> of(const CaseFile& file);

  // Types `int NAME()` for functions, static ones, which come behind the structures.
  Result<void> add_functions(const std::vector<std::string>& names);

  // Null when the case has no structures.
  std::shared_ptr<const btf::Types> types() const { return types_; }
  // 0 when there is no such structure.
  btf::TypeId structure(const std::string& name) const;
  // A type for a key of so many bytes.
  btf::TypeId key(u32 bytes) const;

 private:
  Result<void> finish();
  Result<void> add(std::string_view line);
  Result<btf::TypeId> type_of(std::string text, std::string& contents);
  btf::TypeId integer(u32 bytes);
  btf::TypeId known(const std::string& name);
  btf::TypeId pointer(const std::string& tag, const std::string& target);
  u32 size_of(btf::TypeId id) const;

  btf::Builder builder_;
  std::map<std::string, btf::TypeId> names_;
  std::map<btf::TypeId, u32> sizes_;
  std::shared_ptr<const btf::Types> types_;
};

}  // namespace skep::test
