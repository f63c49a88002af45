# BTF made from DWARF, of every version, compiler and way of packing it.
include(libbpf)
skep_test(dwarf SOURCES unit/dwarf_test.cpp unit/dwarf_hostile_test.cpp LINKS cli dwarf)
target_link_libraries(test_dwarf PRIVATE oracle::libbpf)
