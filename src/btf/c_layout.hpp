// Where a C compiler for BPF would put the members of a structure, as against where they are.
//
// BTF has no word for packing, alignment and unnamed bit-fields. They are told from the offsets: a
// structure is packed when a member stands, or the whole ends, where natural alignment would not
// allow it; a gap that natural alignment does not explain is filled with unnamed bit-fields. The
// conclusions are those of libbpf (btf__align_of and the C dump), so that both print the same.
#pragma once

#include <vector>

#include "btf/types.hpp"

namespace skep::btf {

class CLayout {
 public:
  explicit CLayout(const Types& types) : types_(types), alignments_(types.count()) {}

  // In bytes; 1 for what has none.
  u32 alignment(TypeId id) { return alignment(id, 0); }
  bool is_packed(TypeId structure);

 private:
  u32 alignment(TypeId id, u32 depth);
  u32 alignment_of_members(TypeId id, u32 depth);
  bool is_misplaced(const Member& member, u32 alignment) const;

  const Types& types_;
  std::vector<u8> alignments_;  // 0: not known yet
};

// An unnamed bit-field: "int: 5". Of 0 bits, it moves what follows to the next boundary of its
// type.
struct Filler {
  std::string_view type;
  u32 bits = 0;
};

// A gap between members, all in bits from the start of the structure.
struct Gap {
  u64 begin = 0, end = 0;
  u32 next_alignment = 1;  // in bytes, of what stands behind the gap
  bool in_bit_fields = false, in_packed = false;
};

// What closes the gap. Gaps are refused where they are longer than `fillers_max` say.
Result<std::vector<Filler>> fill(const Gap& gap, u32 fillers_max = 1u << 16);

}  // namespace skep::btf
