// Which programs the user engine runs: those that take packets, and those whose context is memory
// that the caller gives.
//
// It stands here, before any stage that works on a program, so that whoever loads an object says
// the same of a program that is not for the user engine.
#pragma once

#include "object/object.hpp"

namespace skep::object {

bool runs_in_user_engine(platform::ProgramType type);
bool takes_packets(platform::ProgramType type);
// Fault::unsupported names program, section and type, and says what runs it.
Result<void> check_runs_in_user_engine(const ProgramEntry& program);
// The same for whoever has packets only.
Result<void> check_takes_packets(const ProgramEntry& program);

}  // namespace skep::object
