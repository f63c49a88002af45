// Links one program: its function, behind it once every function that it calls, with all addresses
// filled in.
//
// Functions come in the order in which a walk through the calls meets them, as libbpf appends them.
// Addresses are what isa/instruction.hpp says of constants: numbers of maps, offsets into globals,
// functions. No instruction keeps an address that no relocation has put there, so that later stages
// can trust the numbers.
#pragma once

#include "object/image.hpp"
#include "object/object.hpp"

namespace skep::object {

// A function of image.functions, and the first slot it has in the linked program.
struct PlacedFunction {
  u32 number = 0;
  u32 slot = 0;
};

struct Linked {
  std::vector<CoreUse> core;              // by rising slot
  std::vector<PlacedFunction> functions;  // in the order of Program::functions
};

// Fills in code, functions, lines and what is unresolved. `function` is a number of
// image.functions.
Result<Linked> link(const Image& image, u32 function, const LinkOptions& options,
                    platform::Program& program);

}  // namespace skep::object
