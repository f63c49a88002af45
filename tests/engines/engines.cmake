# The engines against each other and against the tables.
skep_tests(engines SOURCES engines/calls_test.cpp engines/cases_test.cpp engines/combine_test.cpp engines/exceptions_test.cpp engines/faults_test.cpp
                           engines/layout_test.cpp engines/promote_test.cpp engines/random_test.cpp engines/table_test.cpp engines/threaded_test.cpp LINKS threaded text)
