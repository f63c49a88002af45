// A Program from a test case: `type:` (bpftool's name, xdp when left out), `license:`, `map:` lines
// such as "flows hash key=4 value=8 entries=16", where value= may name a `struct:`
// (case_types.hpp) and inner= an earlier map, and `asm:`, in which functions of the kernel are
// called by their names: "call kfunc[bpf_task_acquire]".
#pragma once

#include <memory>

#include "platform/capabilities.hpp"
#include "platform/program.hpp"
#include "support/case_file.hpp"

namespace skep::test {

// `capabilities:` of who loads it ("none", "bpf,net_admin"); all without that field.
platform::Capabilities capabilities_of(const CaseFile& file);

Result<std::shared_ptr<const platform::Program>> program_of(const CaseFile& file);

}  // namespace skep::test
