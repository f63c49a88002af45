skep_test(verify_word OPTIMISED SOURCES unit/verify_word_test.cpp LINKS verify)
skep_test(verify_cases SOURCES unit/verify_cases_test.cpp LINKS verify btf)
