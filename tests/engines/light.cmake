# Light skeletons in the kernel, beside libbpf.
include(libbpf)
include(skeleton)
skep_test(light_corpus SOURCES engines/light_corpus_test.cpp engines/kernel_inventory.cpp unit/corpus.cpp LINKS object)
target_link_libraries(test_light_corpus PRIVATE oracle::libbpf)
skep_skeleton(test_light_corpus ${CMAKE_SOURCE_DIR}/build/bpf/flows.bpf.o LIGHT)
add_dependencies(test_light_corpus bpf_objects test_objects test_kernel_programs)
