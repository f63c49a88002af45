skep_fuzz_target(object LINKS object)
