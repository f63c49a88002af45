skep_test(helpers_kernel SOURCES ${CMAKE_CURRENT_LIST_DIR}/helpers_kernel_test.cpp LINKS runtime)
skep_test(arena SOURCES ${CMAKE_CURRENT_LIST_DIR}/arena_test.cpp LINKS runtime text)
skep_test(callbacks SOURCES ${CMAKE_CURRENT_LIST_DIR}/callbacks_test.cpp ${CMAKE_CURRENT_LIST_DIR}/lookups_test.cpp LINKS runtime text)
