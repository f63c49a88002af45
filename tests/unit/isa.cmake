skep_test(isa SOURCES ${CMAKE_CURRENT_LIST_DIR}/isa_test.cpp LINKS isa)
