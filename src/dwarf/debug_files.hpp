// The files that a program's debug information is in, and how the others are found from the first.
//
// It may have been moved out of the program (Debian's -dbgsym packages, objcopy --only-keep-debug),
// or never have been linked into it (-gsplit-dwarf). A file that is needed and not there is an
// Error that says everywhere it was looked for.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/mapping.hpp"
#include "dwarf/unit_header.hpp"

namespace skep::dwarf {

struct DebugFile {
  std::optional<Mapping> mapping;  // none of the program itself, whose bytes are the caller's
  ElfFile elf;
  Sections sections;
};

using DebugFilePointer = std::unique_ptr<DebugFile>;

Result<DebugFilePointer> read_debug_file(Bytes bytes, Part part, const Inflate& inflate);
Result<DebugFilePointer> open_debug_file(const std::string& path, Part part,
                                         const Inflate& inflate);

// Where a program's other files are looked for.
struct Surroundings {
  std::string path;  // of the program
  std::string debug_folder = "/usr/lib/debug";
};

// The file that debug information was moved to: by the build id, then by the name that the program
// gives (.gnu_debuglink). A file that was made from another build is passed over.
Result<DebugFilePointer> open_separate(const ElfFile& program, const Surroundings& around,
                                       const Inflate& inflate);

// The package of a program's split units, PROGRAM.dwp; null when there is none.
Result<DebugFilePointer> open_package(const Surroundings& around, const Inflate& inflate);

// The file of one split unit, by the names that the linked part of it gives.
Result<DebugFilePointer> open_split(std::string_view name, std::string_view folder,
                                    const Surroundings& around, const Inflate& inflate);

}  // namespace skep::dwarf
