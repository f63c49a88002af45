# What a reader would see first: formatting and lint, as tests, so that one run of ctest says everything.
add_test(NAME format COMMAND ${CMAKE_SOURCE_DIR}/tools/format)
add_test(NAME tidy COMMAND ${CMAKE_SOURCE_DIR}/tools/tidy ${CMAKE_BINARY_DIR})
set_tests_properties(tidy PROPERTIES PROCESSORS 2 COST 1000 TIMEOUT 1800)
