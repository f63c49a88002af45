skep_test(runtime_helpers SOURCES ${CMAKE_CURRENT_LIST_DIR}/runtime_helpers_test.cpp LINKS runtime)
skep_test(runtime_engine SOURCES ${CMAKE_CURRENT_LIST_DIR}/runtime_engine_test.cpp LINKS runtime text)
skep_test(runtime_context SOURCES ${CMAKE_CURRENT_LIST_DIR}/runtime_context_test.cpp LINKS runtime text)
