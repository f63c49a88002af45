skep_tests(text SOURCES unit/text_test.cpp unit/text_llvm_test.cpp unit/text_object_test.cpp LINKS text)
