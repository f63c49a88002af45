// The table of prog_tests/core_reloc.c: that file is included, with a test_progs.h of our own that
// makes its checks plain questions. Its functions that run tests are compiled and never called.
#define _GNU_SOURCE
#include "core_cases.h"

#include "prog_tests/core_reloc.c"

bool core_case_at(size_t number, struct core_case* what) {
  if (number >= sizeof(test_cases) / sizeof(test_cases[0])) return false;
  static struct core_reloc_test_case one;  // outlives the call: `output` may be inside
  one = test_cases[number];
  const int error = one.setup != NULL ? one.setup(&one) : 0;
  *what = (struct core_case){
      .name = error == 0 ? one.case_name : NULL,
      .object = one.bpf_obj_file,
      .types = one.btf_src_file,
      .program = one.prog_name,
      .input = one.input,
      .input_size = (size_t)one.input_len,
      .output = one.output,
      .output_size = (size_t)one.output_len,
      .fails = one.fails,
      .needs_module = one.needs_testmod,
  };
  return true;
}
