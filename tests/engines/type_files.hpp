// Files of types as a machine has them, and such that are wrong in one way each.
#pragma once

#include <string>

namespace skep {

// Into `folder`, from the types of `object`: vmlinux; net, a module that continues them; stranger,
// a module of another kernel; foreign, of the other byte order; cut.
void make_type_files(const std::string& object, const std::string& folder);

}  // namespace skep
