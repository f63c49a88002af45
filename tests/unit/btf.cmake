# Types: made by hand and at random, of the kernel, and next to libbpf and bpftool.
include(libbpf)
skep_tests(btf SOURCES unit/btf_builder_test.cpp unit/btf_c_test.cpp unit/btf_core_test.cpp unit/btf_deduplicate_test.cpp
                       unit/btf_raw_test.cpp unit/btf_types_test.cpp support/random_types.cpp LINKS btf)
target_link_libraries(test_btf PRIVATE oracle::libbpf)
add_dependencies(test_btf bpf_objects test_objects)
