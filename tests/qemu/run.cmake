include(qemu)
add_test(NAME qemu_run COMMAND tests/qemu/run_test.sh WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
skep_boots_guests(qemu_run)
