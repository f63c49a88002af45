// Why something is not there, from what the kernel answered, and what to do about it.
#pragma once

#include "kernel/features.hpp"
#include "kernel/privileges.hpp"

namespace skep::kernel {

// Options of the kernel's configuration without which a program type, map kind and so on is not
// built; empty where none is known.
std::string_view option_for(Section section, std::string_view name);

// Fills in `there`, `reason` and `hint` of a feature whose trial was answered by `refusal`, an
// errno, or 0. `needs` are the capabilities that the trial asks for.
void judge(Feature& feature, int refusal, Capabilities needs);

}  // namespace skep::kernel
