// From the bytes of a .BTF section to Types: the header, and one pass over the types that notes
// where each begins.
//
// The pass believes nothing but kinds and counts, and these only as far as there are bytes. It is
// what opening the kernel's types costs, so it looks at the first eight bytes of each and at no
// name.
#pragma once

#include "btf/types.hpp"

namespace skep::btf {

class SectionReader {
 public:
  explicit SectionReader(std::shared_ptr<const Types> base);

  Result<Types> copied(Bytes section);
  // `section` is inside of the mapping.
  Result<Types> mapped(Mapping mapping, Bytes section);

 private:
  Result<Types> run(Bytes section);
  Result<void> header();
  Result<void> strings() const;
  Result<void> index();
  Error bad_record(u64 id, u64 at) const;

  u64 types_offset_ = 0;
  Types out_;
};

}  // namespace skep::btf
