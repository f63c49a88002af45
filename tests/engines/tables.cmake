# The tables of src/platform, and what the verifier makes of them, beside the kernel.
skep_tests(tables SOURCES engines/tables_helpers_test.cpp engines/tables_capabilities_test.cpp engines/tables_arguments_test.cpp engines/tables_contexts_test.cpp engines/tables_functions_test.cpp engines/tables_returns_test.cpp
           LINKS verify kernel)
target_sources(test_tables PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/engines/tables_calls.cpp
               ${CMAKE_CURRENT_SOURCE_DIR}/engines/tables_maps.cpp)
