skep_test(packets SOURCES unit/packets_test.cpp LINKS hooks)
