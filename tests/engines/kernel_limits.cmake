# Limits of memory and of CPUs. A CPU can be switched off in a guest only.
include(qemu)
set(attach_object ${CMAKE_BINARY_DIR}/tests/bpf/attach/tracing.bpf.o)
skep_test(kernel_limits SOURCES engines/kernel_limits_test.cpp LINKS kernel)
target_compile_definitions(test_kernel_limits PRIVATE SKEP_ATTACH_OBJECT="${attach_object}")
add_dependencies(test_kernel_limits attach_object)
skep_qemu_test(kernel_limits KERNELS 6.12 PROGRAM test_kernel_limits FILES ${attach_object})
