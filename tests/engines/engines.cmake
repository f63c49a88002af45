skep_test(engines_tables SOURCES engines/table_test.cpp LINKS jit)
skep_test(engines_random SOURCES engines/random_test.cpp LINKS jit)
