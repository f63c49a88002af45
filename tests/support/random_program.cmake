# The writer of random programs, for tests of the verifier and for its fuzzer.
set(RANDOM_PROGRAM_SOURCES random_program random_memory random_stack random_numbers random_flow random_helpers)
list(TRANSFORM RANDOM_PROGRAM_SOURCES PREPEND ${CMAKE_SOURCE_DIR}/tests/support/)
list(TRANSFORM RANDOM_PROGRAM_SOURCES APPEND .cpp)
