skep_fuzz_target(verify LINKS runtime text)
target_sources(fuzz_verify PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/random_program.cpp)
target_include_directories(fuzz_verify PRIVATE ${CMAKE_SOURCE_DIR}/tests)
