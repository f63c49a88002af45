foreach(test calls faults random tables)
  string(REGEX REPLACE "tables" "table" source ${test})
  skep_test(engines_${test} SOURCES engines/${source}_test.cpp LINKS jit)
endforeach()
# The assembler, once it is there, reads the cases of tests/cases/isa.
skep_test(engines_cases SOURCES engines/cases_test.cpp LINKS jit $<$<TARGET_EXISTS:skep_text>:text>)
