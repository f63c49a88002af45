# The C++ interface over both engines.
include(bpf)
set(api_objects ${CMAKE_BINARY_DIR}/tests/bpf/api)
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/api/events.bpf.c ${api_objects}/events.bpf.o FLAGS -D__TARGET_ARCH_x86)
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/network/operations.bpf.c ${api_objects}/operations.bpf.o
                FLAGS "-DSECTION=\".struct_ops.link\"" "-DNAME=\"skep_api\"")
skep_bpf_object(${CMAKE_SOURCE_DIR}/tests/bpf/token/filter.bpf.c ${api_objects}/filter.bpf.o)
add_custom_target(api_objects DEPENDS ${api_objects}/filter.bpf.o ${api_objects}/events.bpf.o ${api_objects}/operations.bpf.o)
skep_test(api_kernel SOURCES engines/api_engines_test.cpp engines/api_attach_test.cpp engines/api_rings_test.cpp engines/api_context_test.cpp engines/api_token_test.cpp
                              engines/user_namespace.cpp
                              engines/api_refusals_test.cpp LINKS api)
target_compile_definitions(test_api_kernel PRIVATE SKEP_API_EVENTS="${api_objects}/events.bpf.o"
                                                   SKEP_API_OPERATIONS="${api_objects}/operations.bpf.o"
                                                   SKEP_TOKEN_OBJECT="${api_objects}/filter.bpf.o")
add_dependencies(test_api_kernel api_objects bpf_objects)
