skep_test(cli SOURCES engines/cli_test.cpp engines/damaged_files.cpp engines/type_files.cpp LINKS btf)
add_dependencies(test_cli skep bpf_objects)
skep_test(large_files SOURCES engines/large_files_test.cpp LINKS base)
add_dependencies(test_large_files skep bpf_objects)
