// The structures that r1 points to when programs start: fields, and how each type may access them.
//
// Names and offsets are those of include/uapi/linux/bpf.h. Which fields a type may read and write,
// and in which parts, differs by type and way of attaching; it is what Linux 6.18 answers to
// programs with one access (tests/engines/tables_contexts_test.cpp).
#pragma once

#include "platform/program_types.hpp"

namespace skep::platform {

std::span<const ContextField> context_of(ProgramType type);

}  // namespace skep::platform
