// Links one program: its function, behind it once every function that it calls, with all addresses
// filled in.
//
// Functions come in the order in which a walk through the calls meets them, as libbpf appends them.
// Addresses are what isa/instruction.hpp says of constants: numbers of maps, offsets into globals,
// functions. No instruction keeps an address that no relocation has put there, so that later stages
// can trust the numbers.
#pragma once

#include "object/image.hpp"
#include "platform/program.hpp"

namespace skep::object {

// Fills in code, functions and lines. `function` is a number of image.functions.
Result<void> link(const Image& image, u32 function, platform::Program& program);

}  // namespace skep::object
