// A library that is loaded when it is first needed, so that commands that never need it start
// without it.
#pragma once

#include <dlfcn.h>

namespace skep::text {

// The address of what the library calls `name`, or null.
template <class Function>
void find_in(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
}

// Null where it is not installed. It stays loaded.
inline void* load_library(const char* name) { return ::dlopen(name, RTLD_NOW | RTLD_LOCAL); }

}  // namespace skep::text
