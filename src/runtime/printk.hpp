// The text of bpf_trace_printk: the kernel's formats, with its refusals.
#pragma once

#include <span>
#include <string>

#include "base/types.hpp"

namespace skep::runtime {

// Makes the text of `format` (with its terminating zero inside) and up to three arguments. Returns
// its whole length, of which `text` has the first 1023 characters, or -EINVAL: no terminator, a
// format that is not known, more formats than arguments, unprintable text (bpf_bprintf_prepare in
// kernel/bpf/helpers.c).
//
// Known: %% %c %s %d %i %u %x %X with l and ll, flags [0 +-] and a width; %p %px %pK %pS %ps %pB
// (the number, in 16 digits: there are no kernel symbols), %pks %pus (as %s), %pI4 %pi4 %pI6 %pi6
// (an address in memory).
s64 print(std::string& text, std::span<const char> format, std::span<const u64> arguments);

}  // namespace skep::runtime
