// Makes the programs of an object quicker under the kernel's JIT compiler, and keeps what they
// mean.
//
// In: an object as clang or `skep link` makes it. Out: an object that libbpf, bpftool and skep load
// in its place: maps, globals, types, source lines and relocations are right where they are now,
// and needs no newer kernel. The kernel compiles instruction by instruction, so what helps it is
// fewer and wider ones (docs/manual/optimize.md). An instruction that a relocation or CO-RE fills
// in stays as it is. What cannot be improved is left, byte for byte.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_array.hpp"
#include "object/object.hpp"

namespace skep::optimize {

// What was done, each as a count.
enum class Change : u8 {
  inlined,       // calls of small functions replaced by their bodies
  joined,        // loads of bytes that became one wide load
  widened,       // rows of copies and fills, byte by byte, that became wide ones
  anchored,      // accesses of the frame through a copy of its pointer
  straightened,  // jumps over jumps, and jumps to jumps
  removed,       // instructions whose result nobody reads
  count_
};
std::string_view name_of(Change change);  // "calls inlined"
std::string_view key_of(Change change);   // "inlined", of JSON
using Changes = std::array<u32, kCount<Change>>;

struct FunctionReport {
  std::string name;
  std::string section;
  bool is_program = false;
  u32 before = 0;  // slots
  u32 after = 0;
  Changes changes{};
  std::string refusal{};  // why it is left as it was although something could be done; or empty
};

struct Optimized {
  std::vector<std::byte> file;
  std::vector<FunctionReport> functions;  // in the order of the object
  std::string refusal;                    // why nothing can be rewritten, or empty
};

Result<Optimized> optimize(const object::Object& object);

}  // namespace skep::optimize
