// The kernel's table of CO-RE tests (prog_tests/core_reloc.c of its selftests), as plain values.
//
// A case relocates the program of an object against the types of another one (none: those of the
// running kernel), puts `input` into the program's data and expects `output` there, or expects that
// it cannot be loaded. The table is compiled from the kernel's source, of which nothing is here.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct core_case {
  const char* name;
  const char* object;  // file names
  const char* types;   // or null
  const char* program;
  const char* input;
  size_t input_size;
  const char* output;
  size_t output_size;
  bool fails;
  bool needs_module;  // bpf_testmod
};

// Must be called in the folder of the objects. False behind the last one; `what->name` is null when
// the case could not be set up.
bool core_case_at(size_t number, struct core_case* what);

#ifdef __cplusplus
}
#endif
