# The public interface, and the examples that use it.
include(skeleton)
skep_test(api SOURCES unit/api_test.cpp LINKS api)
skep_skeleton(test_api ${CMAKE_SOURCE_DIR}/build/bpf/cli/shapes.bpf.o)
skep_skeleton(test_api ${CMAKE_SOURCE_DIR}/build/bpf/filter.bpf.o)
add_dependencies(test_api bpf_objects)
add_test(NAME example_count COMMAND example_count build/bpf/flows.bpf.o tests/data/web.pcap
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME example_skeleton COMMAND example_skeleton tests/data/web.pcap
         WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
add_test(NAME example_calls COMMAND example_calls)
set_tests_properties(example_calls PROPERTIES SKIP_RETURN_CODE 3)
# Its own exit code for a bpf(2) that is refused is a skip; it says so.
add_test(NAME example_light COMMAND example_light)
set_tests_properties(example_light PROPERTIES SKIP_RETURN_CODE 3)
