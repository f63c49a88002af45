skep_test(maps SOURCES ${CMAKE_CURRENT_LIST_DIR}/maps_test.cpp LINKS maps)
skep_test(maps_threads SOURCES ${CMAKE_CURRENT_LIST_DIR}/maps_threads_test.cpp LINKS maps)
skep_test(maps_arena SOURCES ${CMAKE_CURRENT_LIST_DIR}/maps_arena_test.cpp LINKS maps)
