skep_test(explain SOURCES unit/explain_log_test.cpp unit/explain_lessons_test.cpp unit/explain_parts_test.cpp LINKS explain object kernel)
target_compile_definitions(test_explain PRIVATE
  SKEP_COMPILE_BPF="${SKEP_BPF_CLANG} -g -O2 --target=bpf -mcpu=v3 -I/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")
