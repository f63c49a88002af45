skep_fuzz_target(dwarf LINKS dwarf)
