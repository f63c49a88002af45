skep_test(kernel_agreement SOURCES engines/kernel_agreement_test.cpp LINKS kernel hooks events)
add_dependencies(test_kernel_agreement bpf_objects)
