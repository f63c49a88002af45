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
