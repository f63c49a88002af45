// The types of the linked object (.BTF): those of all inputs, each written once.
//
// Of a name that several files know, the variable or function stands there once, as the file says
// whose word counts; sections list what stands in them now, by offset.
#pragma once

#include "btf/builder.hpp"
#include "object/static_link/symbols.hpp"

namespace skep::object::static_link {

struct MergedTypes {
  btf::Builder builder;                       // texts may still be added
  std::vector<std::vector<btf::TypeId>> ids;  // by input, by its type: the new id
};

Result<MergedTypes> merge_types(std::span<const Input> inputs, const Sections& sections,
                                const Symbols& symbols);

}  // namespace skep::object::static_link
