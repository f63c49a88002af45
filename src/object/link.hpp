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

// Fills in code, functions, lines and what is unresolved. `function` is a number of
// image.functions. The CO-RE relocations come by rising slot.
Result<std::vector<CoreUse>> link(const Image& image, u32 function, const LinkOptions& options,
                                  platform::Program& program);

}  // namespace skep::object
