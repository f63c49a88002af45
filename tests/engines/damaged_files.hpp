// Files that are wrong in one way each, made of a good object: what a careless copy or a hostile
// sender may hand in.
#pragma once

#include <string>

namespace skep {

// Into `folder`: cut.o, wrong-machine.o, big-endian.o, overlap.o, text.o, empty.o.
void make_damaged_files(const std::string& object, const std::string& folder);

}  // namespace skep
