skep_test(jit_assembler SOURCES unit/jit_assembler_test.cpp LINKS jit)
skep_test(jit_code SOURCES unit/jit_code_test.cpp LINKS jit)
skep_tests(jit_aarch64 SOURCES unit/jit_aarch64_arithmetic_test.cpp unit/jit_aarch64_constants_test.cpp
                               unit/jit_aarch64_jumps_test.cpp unit/jit_aarch64_memory_test.cpp LINKS jit)
