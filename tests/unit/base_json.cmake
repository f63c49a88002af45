skep_test(base_json SOURCES unit/base_json_test.cpp LINKS base)
