skep_test(maps_kernel SOURCES ${CMAKE_CURRENT_LIST_DIR}/maps_kernel_test.cpp LINKS maps)
