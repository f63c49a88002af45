skep_test(runtime_helpers SOURCES ${CMAKE_CURRENT_LIST_DIR}/runtime_helpers_test.cpp LINKS runtime)
