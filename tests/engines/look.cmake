skep_test(kernel_map SOURCES ${CMAKE_CURRENT_LIST_DIR}/kernel_map_test.cpp LINKS kernel events)
skep_test(look SOURCES ${CMAKE_CURRENT_LIST_DIR}/look_test.cpp ${CMAKE_CURRENT_LIST_DIR}/look_contents_test.cpp
                       ${CMAKE_CURRENT_LIST_DIR}/look_features_test.cpp ${CMAKE_CURRENT_LIST_DIR}/look_names_test.cpp LINKS kernel)
add_dependencies(test_look skep bpf_objects)
skep_test(kernel_map_faults SOURCES ${CMAKE_CURRENT_LIST_DIR}/map_faults_kernel_test.cpp LINKS kernel)
