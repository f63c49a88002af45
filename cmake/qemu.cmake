# Tests in Debian's kernels, booted by qemu.
#
# skep_qemu_test(NAME KERNELS 6.1 6.12 PROGRAM test_x [ARGUMENTS ...] [FILES ...] [MODULES ...]) runs the program of a target
# in a guest of each kernel, as the tests NAME_6.1 and NAME_6.12. FILES are what the program reads (PROGRAM depends on the
# targets that make them), MODULES the kernel's modules that it wants: tests/qemu/run has the rest. `./check --qemu` runs these
# and builds only what they need, the target qemu_tests.
#
# The programs are those of the preset, sanitizers and all: they work in a guest, and most of a test's seconds are the boot.

include_guard(GLOBAL)
add_custom_target(qemu_tests)

# What a test that starts guests has: a code that says that it could not, and a time limit behind those of tests/qemu/run for
# the guest and of tests/qemu/kernel for what it fetches.
function(skep_boots_guests test)
  set_tests_properties(${test} PROPERTIES LABELS qemu SKIP_RETURN_CODE 77 TIMEOUT 900)
endfunction()

function(skep_qemu_test name)
  cmake_parse_arguments(ARG "" "PROGRAM" "KERNELS;ARGUMENTS;FILES;MODULES" ${ARGN})
  set(options)
  foreach(file ${ARG_FILES})
    list(APPEND options --file ${file})
  endforeach()
  foreach(module ${ARG_MODULES})
    list(APPEND options --module ${module})
  endforeach()
  foreach(kernel ${ARG_KERNELS})
    add_test(NAME ${name}_${kernel} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
             COMMAND tests/qemu/run ${options} ${kernel} $<TARGET_FILE:${ARG_PROGRAM}> ${ARG_ARGUMENTS})
    skep_boots_guests(${name}_${kernel})
  endforeach()
  add_dependencies(qemu_tests ${ARG_PROGRAM})
endfunction()
