# Both engines on every object that they can run, the benchmarks' among them.
include(bpf)
set(bench_objects ${CMAKE_BINARY_DIR}/tests/bench_programs)
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*.bpf.c ${CMAKE_SOURCE_DIR}/bench/programs/*.bpf.c)
list(FILTER sources EXCLUDE REGEX "/growth\\.bpf\\.c$")  # its programs ask for random numbers
set(made)
foreach(source ${sources})
  cmake_path(GET source STEM LAST_ONLY stem)
  skep_bpf_object(${source} ${bench_objects}/${stem}.o)
  list(APPEND made ${bench_objects}/${stem}.o)
endforeach()
add_custom_target(agreement_objects DEPENDS ${made})
skep_test(kernel_agreement SOURCES engines/kernel_agreement_test.cpp engines/agreement_inputs.cpp
          engines/agreement_objects.cpp engines/agreement_sides.cpp LINKS kernel hooks events)
target_compile_definitions(test_kernel_agreement PRIVATE SKEP_AGREEMENT_BENCH="${bench_objects}")
add_dependencies(test_kernel_agreement agreement_objects bpf_objects test_objects test_kernel_programs example_calls)

# The same objects, optimised.
skep_test(optimize_kernel SOURCES engines/optimize_kernel_test.cpp engines/agreement_inputs.cpp
          engines/agreement_objects.cpp engines/agreement_sides.cpp LINKS kernel hooks events optimize)
target_link_libraries(test_optimize_kernel PRIVATE oracle::libbpf)
target_compile_definitions(test_optimize_kernel PRIVATE SKEP_AGREEMENT_BENCH="${bench_objects}")
add_dependencies(test_optimize_kernel agreement_objects bpf_objects test_objects test_kernel_programs example_calls)
