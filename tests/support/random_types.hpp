// Random types as compilers write them: structures with holes, packed, with bit-fields and unnamed
// parts, circles through pointers, functions, forward declarations, names that clash.
//
// All of them can be written in C. A name is one of few, so that different types have the same.
#pragma once

#include "btf/builder.hpp"
#include "support/choices.hpp"

namespace skep::test {

// About `count` types; sections and variables among them.
btf::Builder random_types(Choices& choices, u32 count);

// The types of several source files one after the other. They include the same structures, but know
// some of them only by a forward declaration; with conflicts, now and then one has another member.
enum class Conflicts : u8 { none, some };
btf::Builder random_source_files(Choices& choices, u32 files, Conflicts conflicts);

}  // namespace skep::test
