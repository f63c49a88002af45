// What the user engine makes of helpers that call back: functions of BPF.
//
// A proved call of bpf_loop() or bpf_for_each_map_elem() becomes a call of a function that stands
// behind the program and calls the program's own. So each engine runs callbacks as it runs
// functions, and a compiler sees through them.
#pragma once

#include "verify/analysis.hpp"

namespace skep::verify {

// `program` with these functions, or itself where nothing calls back. Changes the code, facts and
// frames of `analysis` with it. Constants that stand for functions become their numbers.
std::shared_ptr<const platform::Program> with_called_back(
    std::shared_ptr<const platform::Program> program, Analysis& analysis);

}  // namespace skep::verify
