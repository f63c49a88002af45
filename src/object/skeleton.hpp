// Writes a typed C++ header for an object: its programs, maps and global variables as members, its
// types as C++, and the object itself.
//
// What is written uses include/skep only, and compiles as C++20 or later. Types come from BTF, with
// their sizes asserted; what BTF does not name becomes an array of bytes. Identifiers that C++
// keeps for itself get an underscore behind them.
#pragma once

#include "object/object.hpp"

namespace skep::object {

// `file` are the bytes of the object; `name` becomes the namespace. Fault::usage when it is no
// identifier.
Result<std::string> skeleton(const Object& object, Bytes file, std::string_view name);

// "flows" of "build/bpf/flows.bpf.o": a name for its skeleton.
std::string skeleton_name(std::string_view path);

}  // namespace skep::object
