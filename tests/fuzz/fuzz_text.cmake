skep_fuzz_target(text LINKS text)
