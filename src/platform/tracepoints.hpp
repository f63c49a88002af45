// Arguments of tracepoints that may be null.
//
// Programs that are typed by a tracepoint get its arguments as they are (tp_btf). The prototype
// does not say which pointers may be null, so the kernel has a list (raw_tp_null_args in
// kernel/bpf/btf.c); the rows here are what Linux 6.18 answers to programs that read through each
// argument (tests/engines/tables_functions_test.cpp), for the tracepoints of the kernels that were
// asked. Names of parameters that end in __nullable say it themselves and need no row.
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace skep::platform {

// Bit n is argument n, counted from 0.
u64 nullable_arguments(std::string_view tracepoint);

}  // namespace skep::platform
