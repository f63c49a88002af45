skep_test(kernel_map SOURCES ${CMAKE_CURRENT_LIST_DIR}/kernel_map_test.cpp LINKS kernel events)
