# What every folder of src/ is built with.
#
# skep_library(NAME SOURCES... LINKS FOLDERS...) makes the library skep_NAME of src/NAME. A folder is visible to
# another one only through LINKS: each has an include root of its own that holds nothing but itself, so that an
# include against the direction of ARCHITECTURE.md does not build.

option(SKEP_TESTS "build the tests" ON)
option(SKEP_BENCH "build the benchmarks, which are for optimised builds" OFF)
set(SKEP_BUSY_FLAGS "" CACHE STRING "flags of the libraries that tests spend their time in, where the others are not optimised")
option(SKEP_FUZZ "build the libFuzzer targets instead of the tests" OFF)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_library(skep_flags INTERFACE)
target_compile_options(skep_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)
# clang 19 finds fault with the stable_sort of libstdc++ 12.
target_compile_options(skep_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
# Compiled programs have no type signature in front of them, which this check of clang's would read.
target_compile_options(skep_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
target_include_directories(skep_flags INTERFACE ${CMAKE_SOURCE_DIR}/include)
# So that ccache takes files with precompiled headers.
target_compile_options(skep_flags INTERFACE "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")

# The standard headers that most files include, parsed once: half of the time that a file takes. Files still include what they
# use; tools/tidy and g++ read them without this: g++ 12 warns of what it finds in precompiled headers of the system.
# tests/CMakeLists.txt has one more, with GoogleTest.
set(SKEP_STANDARD_HEADERS <algorithm> <array> <charconv> <cstring> <deque> <functional> <map> <memory> <mutex> <optional>
                          <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
file(WRITE ${CMAKE_BINARY_DIR}/precompiled.cpp "")
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  foreach(kind "" _busy)
    add_library(skep_precompiled${kind} OBJECT ${CMAKE_BINARY_DIR}/precompiled.cpp)
    target_link_libraries(skep_precompiled${kind} PRIVATE skep_flags)
    target_precompile_headers(skep_precompiled${kind} PRIVATE ${SKEP_STANDARD_HEADERS})
  endforeach()
  target_compile_options(skep_precompiled_busy PRIVATE ${SKEP_BUSY_FLAGS})
endif()
function(skep_precompile target from)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_precompile_headers(${target} REUSE_FROM ${from})
  endif()
endfunction()

# BUSY: tests spend more time in it than its compilation takes; it has SKEP_BUSY_FLAGS (decision 0015).
function(skep_library name)
  cmake_parse_arguments(ARG "BUSY" "" "SOURCES;LINKS" ${ARGN})
  set(root ${CMAKE_BINARY_DIR}/roots/${name})
  file(MAKE_DIRECTORY ${root})
  file(CREATE_LINK ${CMAKE_SOURCE_DIR}/src/${name} ${root}/${name} SYMBOLIC)
  add_library(skep_${name} STATIC ${ARG_SOURCES})
  target_include_directories(skep_${name} PUBLIC ${root})
  target_link_libraries(skep_${name} PUBLIC skep_flags)
  if(ARG_BUSY AND SKEP_BUSY_FLAGS)
    target_compile_options(skep_${name} PRIVATE ${SKEP_BUSY_FLAGS})
    skep_precompile(skep_${name} skep_precompiled_busy)
  else()
    skep_precompile(skep_${name} skep_precompiled)
  endif()
  foreach(link ${ARG_LINKS})
    target_link_libraries(skep_${name} PUBLIC skep_${link})
  endforeach()
endfunction()

# A GoogleTest program of one or more sources under tests/. Where what it tests is a header with much to compute, say OPTIMISED.
function(skep_test_program name)
  cmake_parse_arguments(ARG "OPTIMISED;OWN_MAIN" "" "SOURCES;LINKS" ${ARGN})
  add_executable(test_${name} ${ARG_SOURCES})
  if(ARG_OPTIMISED)
    target_compile_options(test_${name} PRIVATE -O1)
  else()
    skep_precompile(test_${name} skep_precompiled_tests)
  endif()
  target_link_libraries(test_${name} PRIVATE skep_flags skep_test_support GTest::gtest$<$<NOT:$<BOOL:${ARG_OWN_MAIN}>>:_main>)
  foreach(link ${ARG_LINKS})
    target_link_libraries(test_${name} PRIVATE skep_${link})
  endforeach()
endfunction()

# The same, run by ctest under its own name. For one that is run in other kernels there is cmake/qemu.cmake.
function(skep_test name)
  skep_test_program(${name} ${ARGN})
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
endfunction()

# Several files with tests of one part in one program, compiled as one (decision 0018); each is a test of ctest: NAME_FILE of
# NAME_FILE_test.cpp or FILE_test.cpp, and NAME of NAME_test.cpp.
function(skep_tests name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  skep_test_program(${name} OWN_MAIN SOURCES support/main.cpp ${ARG_SOURCES} LINKS ${ARG_LINKS})
  set_target_properties(test_${name} PROPERTIES UNITY_BUILD_BATCH_SIZE 0)
  foreach(source ${ARG_SOURCES})
    if(source MATCHES "/(${name}_test\\.cpp)$")
      add_test(NAME ${name} COMMAND test_${name} --file ${CMAKE_MATCH_1} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    elseif(source MATCHES "/((${name}_)?([a-z0-9_]+)_test\\.cpp)$")
      add_test(NAME ${name}_${CMAKE_MATCH_3} COMMAND test_${name} --file ${CMAKE_MATCH_1} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    endif()
  endforeach()
endfunction()
