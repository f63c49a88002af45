// What .BTF.ext says about instructions: where functions begin and of which type they are, the
// source line of each, and which the compiler left to CO-RE.
//
// Layout: Documentation/bpf/btf.rst of Linux, "BTF.ext Section".
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "btf/types.hpp"
#include "object/btf_ext_layout.hpp"

namespace skep::object {

struct FunctionRecord {
  u64 offset = 0;  // bytes into the section
  btf::TypeId type = btf::kVoid;
};

// An instruction that depends on the types of the machine it will run on (btf/core.hpp).
struct CoreRecord {
  std::string_view section;
  u64 offset = 0;  // bytes into the section
  btf::TypeId type = btf::kVoid;
  std::string_view access;
  u32 access_offset = 0;  // where that text stands in the strings of the types
  u32 kind = 0;           // a btf::CoreKind, if this version knows it
  u32 number = 0;         // its position in the file
};

class BtfExt {
 public:
  static Result<BtfExt> read(Bytes section, const btf::Types& types);

  // Of one section's bytes [begin, end), by rising offset. Names and sizes of functions come from
  // the symbols; these records are for linkers.
  std::span<const FunctionRecord> functions(std::string_view section, u64 begin, u64 end) const;
  std::span<const LineRecord> lines(std::string_view section, u64 begin, u64 end) const;
  std::span<const CoreRecord> core(std::string_view section, u64 begin, u64 end) const;
  // Of all sections, in the order of the file.
  std::span<const CoreRecord> all_core() const { return all_core_; }

 private:
  friend class BtfExtReader;
  std::map<std::string_view, std::vector<FunctionRecord>, std::less<>> functions_;
  std::map<std::string_view, std::vector<LineRecord>, std::less<>> lines_;
  std::map<std::string_view, std::vector<CoreRecord>, std::less<>> core_;
  std::vector<CoreRecord> all_core_;
};

}  // namespace skep::object
