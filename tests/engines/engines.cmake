skep_test(engines_calls SOURCES engines/calls_test.cpp LINKS jit)
skep_test(engines_combine SOURCES engines/combine_test.cpp LINKS jit)
skep_test(engines_faults SOURCES engines/faults_test.cpp LINKS jit)
skep_test(engines_random SOURCES engines/random_test.cpp LINKS jit)
skep_test(engines_tables SOURCES engines/table_test.cpp LINKS jit)
skep_test(engines_cases SOURCES engines/cases_test.cpp LINKS jit)
if(TARGET skep_text)  # reads the cases of tests/cases/isa
  target_link_libraries(test_engines_cases PRIVATE skep_text)
endif()
