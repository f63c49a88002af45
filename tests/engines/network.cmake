# Programs of the network in the kernel. The test finds its objects in SKEP_NETWORK_OBJECTS or
# beside itself, so that it can be taken to another machine.
include(bpf)
set(network_objects ${CMAKE_BINARY_DIR}/tests)
skep_test(kernel_network
  SOURCES engines/kernel_network_test.cpp engines/kernel_network_errors_test.cpp engines/kernel_clsact_test.cpp
          engines/kernel_socket_errors_test.cpp engines/kernel_operations_test.cpp engines/network_hooks.cpp
          engines/network_cases.cpp engines/network_bench.cpp engines/socket_bench.cpp
  LINKS kernel)
function(network_object source name)
  skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/network/${source}.bpf.c ${network_objects}/${name}.bpf.o FLAGS ${ARGN})
  add_custom_target(network_object_${name} DEPENDS ${network_objects}/${name}.bpf.o)
  add_dependencies(test_kernel_network network_object_${name})
endfunction()
network_object(hooks network_hooks)
network_object(operations operations "-DSECTION=\".struct_ops\"" "-DNAME=\"skep_written\"")
network_object(operations linked_operations "-DSECTION=\".struct_ops.link\"" "-DNAME=\"skep_linked\"")
# In guests, what this kernel does not have or does in another way; all of it takes longer than a test may.
include(qemu)
set(network_files ${network_objects}/network_hooks.bpf.o ${network_objects}/operations.bpf.o ${network_objects}/linked_operations.bpf.o)
skep_qemu_test(kernel_network KERNELS 6.1 PROGRAM test_kernel_network FILES ${network_files}
               MODULES veth sch_ingress cls_bpf nf_defrag_ipv4 ARGUMENTS --gtest_filter=*Clsact*:*tc_*:*sk_*)
skep_qemu_test(kernel_network KERNELS 6.12 PROGRAM test_kernel_network FILES ${network_files}
               MODULES veth netkit sch_ingress cls_bpf nf_defrag_ipv4 ARGUMENTS --gtest_filter=*netkit*:*Netkit*:*Operations*)
