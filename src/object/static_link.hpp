// Links BPF objects statically: the bytes of several files in, the bytes of one object out.
//
// The meaning is that of libbpf's bpf_linker (`bpftool gen object`). Sections of one name follow
// each other, in the order of the files. A name that is visible outside of its file means the same
// in all of them: its definition, a strong one before a weak one, or what the loader has to find.
// Types are merged and written once, line information and CO-RE relocations move with their
// instructions, and debug information (.debug_*) is left out. The same input always gives the same
// bytes.
//
// Refused, with the names of both files: a name that is defined twice, declarations that differ,
// maps of one name that differ, licenses that differ, sections of one name that are not of one
// kind. Refused too: files that are no BPF objects, and visible names without types (compile with
// -g). A name that no file defines stays undefined; loading refuses it where it is needed.
//
// `object/link.hpp` is something else: it puts the functions of one program together.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "skep/result.hpp"

namespace skep::object {

struct ObjectFile {
  std::string name;  // for messages
  Bytes bytes;       // must live as long as the call
};

struct LinkedObject {
  std::vector<std::byte> file;
  // Visible names that no file defines, beside those that a kernel has (__ksym, __kconfig), sorted.
  std::vector<std::string> undefined;
};

// At least one file.
Result<LinkedObject> link_statically(std::span<const ObjectFile> files);

}  // namespace skep::object
