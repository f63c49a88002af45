# The guests of tests/qemu/run are what tests in them expect; later tests run in them too.
include(qemu)
skep_test_program(guest SOURCES engines/guest_test.cpp LINKS btf)
skep_qemu_test(guest KERNELS 6.1 6.12 PROGRAM test_guest MODULES veth dummy)
