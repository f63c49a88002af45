# Compiling BPF programs.
#
# skep_bpf_object(SOURCE.bpf.c OUTPUT.o [COMPILER clang-NN] [MCPU v3] [FLAGS ...]) adds a rule that makes OUTPUT, an
# absolute path in the build tree, from SOURCE; somebody must depend on it. Types (-g) are part of the object. The
# headers are those of linux-libc-dev and libbpf-dev; included files are tracked.

find_program(SKEP_BPF_CLANG NAMES clang-19 clang REQUIRED)

function(skep_bpf_object source output)
  cmake_parse_arguments(ARG "" "COMPILER;MCPU" "FLAGS" ${ARGN})
  if(NOT ARG_COMPILER)
    set(ARG_COMPILER ${SKEP_BPF_CLANG})
  endif()
  if(NOT ARG_MCPU)
    set(ARG_MCPU v3)
  endif()
  cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  cmake_path(GET output PARENT_PATH folder)
  cmake_path(GET output FILENAME name)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${ARG_COMPILER} -g -O2 --target=bpf -mcpu=${ARG_MCPU} -Wall -Werror
            -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -I${CMAKE_SOURCE_DIR}/bpf ${ARG_FLAGS}
            -MD -MF ${output}.d -MT ${output} -c ${source} -o ${output}
    DEPENDS ${source}
    DEPFILE ${output}.d
    COMMENT "Compiling ${name} for BPF"
    VERBATIM)
endfunction()
