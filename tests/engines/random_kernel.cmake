# Instructions and random programs in the kernel and in the user engine; in guests the kernel interprets.
include(qemu)
skep_test(random_kernel SOURCES engines/random_kernel_test.cpp engines/random_kernel_side.cpp engines/random_user_side.cpp
          engines/table_kernel_test.cpp LINKS runtime kernel)
skep_qemu_test(random_kernel KERNELS 6.1 6.12 PROGRAM test_random_kernel)
skep_test(random_packets SOURCES engines/random_packets_test.cpp engines/random_user_side.cpp LINKS runtime)
skep_test(foreign_code SOURCES engines/foreign_code_test.cpp engines/random_user_side.cpp LINKS runtime text)
target_include_directories(test_foreign_code PRIVATE unit)
