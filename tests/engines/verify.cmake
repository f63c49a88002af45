# The verifier beside its oracles: the kernel, and programs that run.
include(libbpf)
skep_test(verdicts_kernel SOURCES engines/verdicts_kernel_test.cpp engines/objects_kernel_test.cpp
          engines/arena_kernel_test.cpp engines/trust_kernel_test.cpp LINKS verify object kernel)
target_link_libraries(test_verdicts_kernel PRIVATE oracle::libbpf)
add_dependencies(test_verdicts_kernel bpf_objects)
include(support/random_program.cmake)
skep_test(soundness SOURCES engines/soundness_test.cpp engines/soundness_mutants_test.cpp engines/soundness_runner.cpp
          ${RANDOM_PROGRAM_SOURCES} LINKS hooks object)
add_dependencies(test_soundness bpf_objects)
skep_test(soundness_kernel SOURCES engines/soundness_kernel_test.cpp engines/soundness_runner.cpp ${RANDOM_PROGRAM_SOURCES}
          LINKS runtime kernel)
