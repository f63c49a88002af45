# The tests of the engines, built for aarch64 (preset aarch64, CMakeLists.txt of this folder) and run in qemu: on a processor
# that has all, and on one of the first of them, without atomic operations of one instruction.
#
# The build is a tree of its own below this one's. In an emulator the tests take a part of their cases, which they print.
find_program(SKEP_QEMU_AARCH64 qemu-aarch64)
set(missing)
if(NOT SKEP_QEMU_AARCH64)
  list(APPEND missing qemu-user)
endif()
if(NOT EXISTS /usr/aarch64-linux-gnu/include/c++/12/vector)
  list(APPEND missing libstdc++-12-dev-arm64-cross)
endif()
if(NOT EXISTS /usr/src/googletest/googletest/src/gtest-all.cc)
  list(APPEND missing googletest)
endif()
if(missing)
  set(sentence "the code for aarch64 was NOT BUILT AND NOT RUN: install ${missing}")
  add_test(NAME aarch64 COMMAND ${CMAKE_COMMAND} -E echo ${sentence})
  set_tests_properties(aarch64 PROPERTIES SKIP_REGULAR_EXPRESSION "NOT RUN")
  return()
endif()

set(build ${CMAKE_BINARY_DIR}/aarch64)
add_custom_command(
  OUTPUT ${build}/build.ninja
  COMMAND ${CMAKE_COMMAND} --preset aarch64 -B ${build} > ${CMAKE_BINARY_DIR}/aarch64.log
  DEPENDS ${CMAKE_SOURCE_DIR}/CMakePresets.json ${CMAKE_SOURCE_DIR}/cmake/aarch64.toolchain.cmake
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "Configuring for aarch64"
  VERBATIM)
add_custom_target(aarch64 ALL
  COMMAND ${CMAKE_COMMAND} --build ${build} --parallel 1 --target test_aarch64
  DEPENDS ${build}/build.ninja
  COMMENT "Building for aarch64"
  VERBATIM)

function(skep_aarch64_test name processor has_lse)
  add_test(NAME ${name} COMMAND ${SKEP_QEMU_AARCH64} -cpu ${processor} ${build}/tests/aarch64/test_aarch64 ${ARGN}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "SKEP_PART=7;SKEP_COUNT=120;SKEP_HAS_LSE=${has_lse}" TIMEOUT 600)
endfunction()
skep_aarch64_test(aarch64 max 1)
skep_aarch64_test(aarch64_first cortex-a53 0 --gtest_filter=Processor.*:RandomPrograms.*:Tables.atomic*:*Cases*)
