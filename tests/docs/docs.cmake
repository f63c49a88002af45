# The documentation, run: commands give what is shown, names are those that are there.
skep_test(docs SOURCES docs/docs_test.cpp docs/console.cpp docs/names_test.cpp LINKS cli platform verify)
target_compile_definitions(test_docs PRIVATE SKEP_BINARY="$<TARGET_FILE:skep>")
add_dependencies(test_docs skep bpf_objects example_count example_skeleton)
set_target_properties(test_docs PROPERTIES UNITY_BUILD OFF)  # its files have names in common
