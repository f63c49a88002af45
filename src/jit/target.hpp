// The machine that code is made for: the one that skep itself was built for.
//
// The only place that asks. `target` is a namespace with an Emitter, a Target (what the processor
// has, and where the code will be), resolve_calls() and kMachine.
#pragma once

#if defined(__aarch64__)
#include "jit/aarch64/emitter.hpp"
namespace skep::jit {
namespace target = aarch64;
}
#elif defined(__x86_64__)
#include "jit/x86_64/emitter.hpp"
namespace skep::jit {
namespace target = x86_64;
}
#else
#error "skep makes machine code for x86-64 and aarch64"
#endif

namespace skep::jit {

// What this process's processor has beyond the base instruction set; no addresses yet.
target::Target this_processor();

}  // namespace skep::jit
