// From the bytes of a .BTF section to Types: the header, and one pass over the types that notes
// where each begins.
//
// The pass believes nothing but kinds and counts, and these only as far as there are bytes. It is
// what opening the kernel's types costs, so it looks at the first eight bytes of each and at no
// name.
#pragma once

#include "btf/types.hpp"

namespace skep::btf {

// Whether all types are walked over at once, or as far as somebody asks for them.
enum class Walk : u8 { now, later };

class SectionReader {
 public:
  SectionReader(std::shared_ptr<const Types> base, Walk walk);

  Result<Types> copied(Bytes section);
  // `section` is inside of the mapping.
  Result<Types> mapped(Mapping mapping, Bytes section);

 private:
  Result<Types> run(Bytes section);
  Result<void> header();
  Result<void> strings() const;
  Result<void> shape() const;
  u32 room() const;
  Error bad_record(u64 id, u64 at) const;

  Walk walk_;
  u64 types_offset_ = 0;
  Types out_;
};

}  // namespace skep::btf
