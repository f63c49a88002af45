# Every kind of hook that traces, in this kernel and in guests.
include(qemu)
set(attach_object ${CMAKE_BINARY_DIR}/tests/bpf/attach/tracing.bpf.o)
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/attach/tracing.bpf.c ${attach_object} FLAGS -D__TARGET_ARCH_x86)
add_custom_target(attach_object DEPENDS ${attach_object})
skep_test(kernel_attach SOURCES engines/kernel_attach_test.cpp LINKS kernel)
target_compile_definitions(test_kernel_attach PRIVATE SKEP_ATTACH_OBJECT="${attach_object}")
add_dependencies(test_kernel_attach attach_object)
# What bad names are told is the same in every kernel, and slow in a guest.
skep_qemu_test(kernel_attach KERNELS 6.1 6.12 PROGRAM test_kernel_attach FILES ${attach_object} ARGUMENTS --gtest_filter=-*Refusals*)

set(token_object ${CMAKE_BINARY_DIR}/tests/bpf/token/filter.bpf.o)
skep_test(kernel_cli SOURCES engines/kernel_cli_test.cpp engines/user_namespace.cpp LINKS kernel)
target_compile_definitions(test_kernel_cli PRIVATE SKEP_ATTACH_OBJECT="${attach_object}" SKEP_TOKEN_OBJECT="${token_object}")
add_dependencies(test_kernel_cli attach_object token_object skep bpf_objects)
