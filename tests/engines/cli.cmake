skep_test(cli SOURCES engines/cli_test.cpp engines/damaged_files.cpp LINKS base)
add_dependencies(test_cli skep bpf_objects)
