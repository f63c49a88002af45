# Programs of the network in the kernel. The test finds its objects in SKEP_NETWORK_OBJECTS or beside itself, so that it
# can be taken to another machine.
include(bpf)
set(network_objects ${CMAKE_BINARY_DIR}/tests)
skep_test(kernel_network SOURCES engines/kernel_network_test.cpp engines/kernel_network_errors_test.cpp
                                 engines/kernel_socket_errors_test.cpp
                                 engines/kernel_operations_test.cpp engines/network_hooks.cpp engines/network_bench.cpp
                                 engines/socket_bench.cpp
                         LINKS kernel)
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/network/hooks.bpf.c ${network_objects}/network_hooks.bpf.o)
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/network/operations.bpf.c ${network_objects}/operations.bpf.o
                FLAGS "-DSECTION=\".struct_ops\"" "-DNAME=\"skep_written\"")
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/network/operations.bpf.c ${network_objects}/linked_operations.bpf.o
                FLAGS "-DSECTION=\".struct_ops.link\"" "-DNAME=\"skep_linked\"")
add_custom_target(network_objects DEPENDS ${network_objects}/network_hooks.bpf.o ${network_objects}/operations.bpf.o
                                          ${network_objects}/linked_operations.bpf.o)
add_dependencies(test_kernel_network network_objects)
