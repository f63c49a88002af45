skep_test(events SOURCES unit/events_test.cpp LINKS events object)
add_dependencies(test_events bpf_objects)
