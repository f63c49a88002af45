# libbpf, the oracle of the loader and the way to the kernel in tests and benchmarks: link to oracle::libbpf.
#
# A target rather than a variable: a name with :: that nobody defined stops the configuration.
if(NOT TARGET oracle::libbpf)
  find_library(SKEP_LIBBPF bpf REQUIRED)
  add_library(oracle::libbpf UNKNOWN IMPORTED GLOBAL)
  set_target_properties(oracle::libbpf PROPERTIES IMPORTED_LOCATION ${SKEP_LIBBPF})
endif()
