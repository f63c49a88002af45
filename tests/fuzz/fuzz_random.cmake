find_package(GTest REQUIRED)
skep_fuzz_target(random LINKS threaded text)
target_include_directories(fuzz_random PRIVATE ${CMAKE_SOURCE_DIR}/tests/engines ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(fuzz_random PRIVATE GTest::gtest)
