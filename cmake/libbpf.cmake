# libbpf, the oracle of the loader and the way to the kernel in tests and benchmarks: link to oracle::libbpf.
#
# A target rather than a variable: a name with :: that nobody defined stops the configuration.
if(NOT TARGET oracle::libbpf)
  find_library(SKEP_LIBBPF bpf REQUIRED)
  add_library(oracle::libbpf UNKNOWN IMPORTED GLOBAL)
  set_target_properties(oracle::libbpf PROPERTIES IMPORTED_LOCATION ${SKEP_LIBBPF})
  # Its LIBBPF_OPTS is C.
  target_compile_options(oracle::libbpf INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression-from-macro-expansion
    -Wno-c99-extensions -Wno-missing-designated-field-initializers>)
endif()
