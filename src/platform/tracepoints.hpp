// Arguments of tracepoints that may be null, or error numbers in place of pointers.
//
// Programs that are typed by a tracepoint get its arguments as they are (tp_btf). The prototype
// does not say which pointers may be null, so the kernel has a list (raw_tp_null_args in
// kernel/bpf/btf.c of Linux 6.18); of the tracepoints that the running kernel has,
// tests/engines/tables_functions_test.cpp asks it. Names of parameters that end in __nullable say
// it themselves and need no row.
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace skep::platform {

struct PointerArguments {  // bit n is argument n, counted from 0
  u64 nullable = 0;
  u64 errors = 0;  // may be what IS_ERR() asks for: programs see a number
};
PointerArguments pointer_arguments(std::string_view tracepoint);

}  // namespace skep::platform
