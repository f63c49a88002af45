# The kernel's own tests as a peer suite. CO-RE: its programs and types, relocated by us and by libbpf, and run.
include(bpf)
include(kernel_source)
include(libbpf)
set(folder ${CMAKE_BINARY_DIR}/tests/selftests/core)
set(here ${CMAKE_CURRENT_SOURCE_DIR}/selftests)
add_custom_command(
  OUTPUT ${folder}/core_cases.o
  COMMAND ${here}/make_core_objects ${SKEP_KERNEL_SOURCE} ${folder} ${SKEP_BPF_CLANG}
          /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
  DEPENDS ${SKEP_KERNEL_SOURCE_READY} ${here}/make_core_objects ${here}/core_cases.c ${here}/core_cases.h
          ${here}/stubs/test_progs.h
  COMMENT "Compiling the kernel's CO-RE tests"
  VERBATIM)
skep_test(core_selftests SOURCES selftests/core_selftests_test.cpp support/libbpf_peer.cpp ${folder}/core_cases.o
          LINKS object kernel)
target_link_libraries(test_core_selftests PRIVATE oracle::libbpf)
target_compile_definitions(test_core_selftests PRIVATE SKEP_CORE_SELFTESTS="${folder}")

# The verifier's: the array-style cases as text, our verdicts beside the running kernel's.
find_program(SKEP_TARGET_CC NAMES clang-19 cc)
set(cases ${CMAKE_BINARY_DIR}/tests/selftests/verifier_cases.txt)
add_custom_command(
  OUTPUT ${cases}
  COMMAND ${here}/make_verifier_cases ${SKEP_KERNEL_SOURCE} ${cases} ${SKEP_TARGET_CC}
  DEPENDS ${SKEP_KERNEL_SOURCE_READY} ${here}/make_verifier_cases ${here}/verifier_cases.c
  COMMENT "Writing the kernel's tests of its verifier"
  VERBATIM)
add_custom_target(verifier_cases DEPENDS ${cases})
skep_test(verifier_selftests SOURCES selftests/verifier_selftests_test.cpp selftests/verdict_table_test.cpp
          selftests/verifier_case.cpp selftests/new_tags.cpp selftests/case_kernel.cpp selftests/case_user.cpp selftests/verdict_table.cpp LINKS runtime btf)
target_compile_definitions(test_verifier_selftests PRIVATE SKEP_VERIFIER_CASES="${cases}")
add_dependencies(test_verifier_selftests verifier_cases)
# The same cases for users without all capabilities.
skep_test(capabilities_selftests SOURCES selftests/capabilities_selftests_test.cpp selftests/verifier_case.cpp
          selftests/new_tags.cpp selftests/case_kernel.cpp selftests/verdict_table.cpp LINKS verify btf)
target_compile_definitions(test_capabilities_selftests PRIVATE SKEP_VERIFIER_CASES="${cases}")
add_dependencies(test_capabilities_selftests verifier_cases)
set_tests_properties(verifier_selftests capabilities_selftests core_selftests PROPERTIES LABELS selftests)

# The programs of others as objects: of Debian's tools always, and, where it is asked for, the kernel's test programs, whose
# compilation takes minutes: cmake --preset dev -DSKEP_SELFTEST_VERSIONS="v2;v3;v4"
skep_test_program(object_selftests OWN_MAIN SOURCES selftests/object_selftests_test.cpp selftests/object_verdicts.cpp
                  selftests/verdict_table.cpp unit/corpus.cpp LINKS cli)
target_compile_definitions(test_object_selftests PRIVATE
                           SKEP_PROGRAM_SELFTESTS="${CMAKE_BINARY_DIR}/tests/selftests/programs"
                           SKEP_OWN_SELFTESTS="${CMAKE_BINARY_DIR}/tests/bpf/verdicts")
set(SKEP_SELFTEST_VERSIONS "" CACHE STRING "instruction sets that the kernel's test programs are compiled for: v2;v3;v4")
foreach(version ${SKEP_SELFTEST_VERSIONS})
  set(objects ${CMAKE_BINARY_DIR}/tests/selftests/programs)
  add_custom_command(
    OUTPUT ${objects}/${version}/compiled
    COMMAND ${here}/make_program_objects ${SKEP_KERNEL_SOURCE} ${objects} ${version} ${SKEP_BPF_CLANG} $<TARGET_FILE:skep>
    DEPENDS ${SKEP_KERNEL_SOURCE_READY} ${here}/make_program_objects
    COMMENT "Compiling the kernel's test programs for ${version}"
    VERBATIM)
  add_custom_target(program_selftests_${version} DEPENDS ${objects}/${version}/compiled)
  add_dependencies(program_selftests_${version} skep)
  add_dependencies(test_object_selftests program_selftests_${version})
endforeach()
# Programs of our own that say by their names what Linux thinks of them.
file(GLOB own_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bpf/verdicts/*.bpf.c)
set(own_objects)
foreach(source ${own_sources})
  cmake_path(GET source STEM LAST_ONLY stem)
  skep_bpf_object(${source} ${CMAKE_BINARY_DIR}/tests/bpf/verdicts/${stem}.o)
  list(APPEND own_objects ${CMAKE_BINARY_DIR}/tests/bpf/verdicts/${stem}.o)
endforeach()
add_custom_target(verdict_programs DEPENDS ${own_objects})
add_dependencies(test_object_selftests verdict_programs)
foreach(corpus ${SKEP_SELFTEST_VERSIONS} tools own)
  add_test(NAME object_selftests_${corpus} COMMAND test_object_selftests ${corpus} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(object_selftests_${corpus} PROPERTIES LABELS selftests)
endforeach()
