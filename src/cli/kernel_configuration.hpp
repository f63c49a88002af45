// The configuration that a kernel was built with, as text.
//
// It stands in /boot/config-RELEASE or, packed, in /proc/config.gz; libbpf looks in the same
// places.
#pragma once

#include <string>

#include "skep/result.hpp"

namespace skep::cli {

// As uname -r prints it.
std::string kernel_release();

// Of this machine's kernel; empty when it is found in neither place.
Result<std::string> this_configuration();

// Of a file, plain or packed with gzip.
Result<std::string> read_configuration(const std::string& path);

}  // namespace skep::cli
