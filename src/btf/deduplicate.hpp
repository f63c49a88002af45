// Types of several source files, each written once.
//
// Compilers and linkers put the types of one source file after those of another, so that what both
// include stands there twice or a thousand times. Here equal types become one, and a forward
// declaration becomes the structure that it stands for: if a structure that refers to it is
// otherwise equal to one that refers to the structure, or if there is only one of its name.
//
// The method is that of libbpf's btf__dedup, so that the result is the same: strings; types that
// refer to none; structures, compared as graphs with everything they reach, circles included; what
// is left of forward declarations; then all that refers, from its end on.
// https://nakryiko.com/posts/btf-dedup/ explains it.
#pragma once

#include <vector>

#include "btf/builder.hpp"
#include "btf/types.hpp"

namespace skep::btf {

struct Deduplicated {
  Builder builder;          // its bytes() are the result; more may be added before
  std::vector<TypeId> ids;  // the new id of each old one
};

// Types that were checked and have no base.
Result<Deduplicated> deduplicate(const Types& types);

}  // namespace skep::btf
