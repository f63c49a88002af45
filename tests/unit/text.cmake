skep_test(text SOURCES ${CMAKE_CURRENT_LIST_DIR}/text_test.cpp LINKS text)
skep_test(text_llvm SOURCES ${CMAKE_CURRENT_LIST_DIR}/text_llvm_test.cpp LINKS text)
skep_test(text_object SOURCES ${CMAKE_CURRENT_LIST_DIR}/text_object_test.cpp LINKS text)
