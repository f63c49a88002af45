skep_fuzz_target(engines LINKS jit)
