// What .BTF.ext says about instructions: the source line of each, and which the compiler left to
// CO-RE.
//
// Function types (func_info) are not read: names and sizes of functions come from the symbols.
// Layout: Documentation/bpf/btf.rst of Linux, "BTF.ext Section".
#pragma once

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "btf/types.hpp"

namespace skep::object {

// As it is in the file: large objects have tens of thousands.
struct LineRecord {
  le32 offset;  // bytes into the section
  le32 file;    // strings of the Types
  le32 text;
  le32 position;

  u32 line() const { return position >> 10; }
  u32 column() const { return position & 0x3ff; }
};
static_assert(sizeof(LineRecord) == 16);

// An instruction that depends on the types of the machine it will run on (btf/core.hpp).
struct CoreRecord {
  std::string_view section;
  u64 offset = 0;  // bytes into the section
  btf::TypeId type = btf::kVoid;
  std::string_view access;
  u32 kind = 0;    // a btf::CoreKind, if this version knows it
  u32 number = 0;  // its position in the file
};

class BtfExt {
 public:
  static Result<BtfExt> read(Bytes section, const btf::Types& types);

  // Of one section's bytes [begin, end), by rising offset.
  std::span<const LineRecord> lines(std::string_view section, u64 begin, u64 end) const;
  std::span<const CoreRecord> core(std::string_view section, u64 begin, u64 end) const;
  // Of all sections, in the order of the file.
  std::span<const CoreRecord> all_core() const { return all_core_; }

 private:
  friend class BtfExtReader;
  std::map<std::string_view, std::vector<LineRecord>, std::less<>> lines_;
  std::map<std::string_view, std::vector<CoreRecord>, std::less<>> core_;
  std::vector<CoreRecord> all_core_;
};

}  // namespace skep::object
