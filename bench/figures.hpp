// The figures of skep_bench, one file each. Names are what --filter is matched with.
#pragma once

#include "report.hpp"

namespace skep::bench {

inline constexpr u32 kRounds = 15;

Result<void> start(Report& report);         // `skep run` from spawn to exit
Result<void> loading(Report& report);       // an object of 2 MB
Result<void> core(Report& report);          // CO-RE relocations
Result<void> kernel_types(Report& report);  // opening them, and a lookup
Result<void> flows(Report& report);         // the run loop on a million packets
Result<void> kernel_load(Report& report);   // a small object, to attached
Result<void> kernel_ring(Report& report);   // reading a ring
Result<void> verification(Report& report);  // the shipped programs
Result<void> growth(Report& report);        // proofs of programs of growing sizes
Result<void> compilation(Report& report);
Result<void> programs(Report& report);  // the benchmark set, beside clang's and the kernel's code
Result<void> rte_programs(Report& report);  // those that DPDK takes
Result<void> optimized(Report& report);     // what `skep optimize` gains in the kernel
Result<void> loops(Report& report);         // instructions
Result<void> maps(Report& report);          // map operations

}  // namespace skep::bench
