skep_test(jit_assembler SOURCES unit/jit_assembler_test.cpp LINKS jit)
skep_test(jit_code SOURCES unit/jit_code_test.cpp LINKS jit)
skep_test(jit_aarch64 SOURCES unit/jit_aarch64_test.cpp LINKS jit)
