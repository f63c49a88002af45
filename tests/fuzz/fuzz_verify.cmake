skep_fuzz_target(verify LINKS runtime text)
include(${CMAKE_SOURCE_DIR}/tests/support/random_program.cmake)
target_sources(fuzz_verify PRIVATE ${RANDOM_PROGRAM_SOURCES} ${CMAKE_SOURCE_DIR}/tests/engines/soundness_runner.cpp)
target_include_directories(fuzz_verify PRIVATE ${CMAKE_SOURCE_DIR}/tests)
