# The object reader: tests/bpf/object/*.bpf.c as real compilers make them, by every clang that is installed.
include(bpf)
set(sources ${CMAKE_SOURCE_DIR}/tests/bpf/object)
set(objects ${CMAKE_BINARY_DIR}/tests/bpf/object)
file(GLOB programs CONFIGURE_DEPENDS ${sources}/*.bpf.c)
list(REMOVE_ITEM programs ${sources}/wrong_map.bpf.c)
set(made)
foreach(program ${programs})
  string(REGEX REPLACE ".*/(.*)\\.bpf\\.c" "\\1" name ${program})
  skep_bpf_object(${program} ${objects}/${name}.o)
  list(APPEND made ${objects}/${name}.o)
endforeach()
skep_bpf_object(${sources}/plain.bpf.c ${objects}/plain_untyped.o FLAGS -g0)
skep_bpf_object(${sources}/features.bpf.c ${objects}/features_untyped.o FLAGS -g0)
skep_bpf_object(${sources}/plain.bpf.c ${objects}/plain_big_endian.o FLAGS --target=bpfeb)
list(APPEND made ${objects}/plain_untyped.o ${objects}/features_untyped.o
     ${objects}/plain_big_endian.o)
set(wrong_attribute "__uint(colour, 3)")
set(wrong_size "__uint(key_size, 8)")
set(wrong_kind "__uint(type, 99)")
set(wrong_flags "__uint(map_flags, 1 << 30)")
set(wrong_number "int max_entries")
foreach(what attribute size kind flags number)
  string(TOUPPER ${what} which)
  skep_bpf_object(${sources}/wrong_map.bpf.c ${objects}/wrong_${what}.o
                  FLAGS "-DWRONG=${wrong_${what}}" -DWRONG_IS_${which})
  list(APPEND made ${objects}/wrong_${what}.o)
endforeach()

# Parts that do not fit together; those that do are among the objects of build/bpf.
foreach(part FIRST WRONG_TWICE WRONG_FUNCTION_TWICE WRONG_TYPE WRONG_PARAMETER WRONG_MEMBER WRONG_MAP
        WRONG_MAP_TWICE WRONG_SECTION WRONG_UNDEFINED WRONG_LICENSE OTHER_LICENSE)
  string(TOLOWER ${part} name)
  skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/link/wrong_part.c ${objects}/part_${name}.o FLAGS -D${part})
  list(APPEND made ${objects}/part_${name}.o)
endforeach()

set(compilers)
foreach(version RANGE 12 25)
  find_program(SKEP_CLANG_${version} clang-${version})
  if(SKEP_CLANG_${version})
    skep_bpf_object(${sources}/features.bpf.c ${objects}/clang-${version}/features.o
                    COMPILER ${SKEP_CLANG_${version}})
    list(APPEND made ${objects}/clang-${version}/features.o)
    list(APPEND compilers ${version})
  endif()
endforeach()
add_custom_target(test_objects DEPENDS ${made})
list(JOIN compilers "," compilers)

# The kernel's own programs, compiled once a build folder (about a minute and a half of one core).
set(kernel_programs ${CMAKE_BINARY_DIR}/tests/kernel_programs)
add_custom_command(
  OUTPUT ${kernel_programs}/done
  COMMAND ${CMAKE_SOURCE_DIR}/tests/support/kernel_programs.sh ${SKEP_BPF_CLANG} ${kernel_programs}
  DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/kernel_programs.sh
  COMMENT "Compiling the kernel's BPF test programs")
add_custom_target(test_kernel_programs DEPENDS ${kernel_programs}/done)

include(libbpf)
skep_tests(object SOURCES unit/object_core_test.cpp unit/object_corpus_test.cpp unit/object_hostile_test.cpp
                          unit/object_kernel_test.cpp unit/object_libbpf_test.cpp unit/object_read_test.cpp
                          unit/object_static_link_test.cpp unit/corpus.cpp support/libbpf_peer.cpp LINKS object)
target_compile_definitions(test_object PRIVATE SKEP_CLANG_VERSIONS="${compilers}")
target_link_libraries(test_object PRIVATE oracle::libbpf)
add_dependencies(test_object bpf_objects test_objects test_kernel_programs)

skep_test(platform SOURCES unit/platform_test.cpp LINKS object)
target_link_libraries(test_platform PRIVATE oracle::libbpf)
skep_test(platform_fields SOURCES unit/platform_fields_test.cpp engines/fields_kernel_test.cpp LINKS platform)
