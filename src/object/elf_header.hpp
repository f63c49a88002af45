// The first bytes of an object file, which say whether it is one for BPF.
#pragma once

#include "base/elf_reader.hpp"

namespace skep::object {

// Of a little-endian ELF64 relocatable for BPF; anything else is refused with advice.
Result<elf::FileHeader> bpf_file_header(Bytes file);

}  // namespace skep::object
