// A change of the program with which it is accepted.
//
// For the frequent rules the check, the initialisation or the release that is missing is put into
// the instructions, where the state at the refusal says which register to test against what. What
// comes out is verified, and only an accepted program makes a suggestion; it is said in terms of
// the source, because that is what people change.
#pragma once

#include "explain/insert.hpp"
#include "explain/origins.hpp"

namespace skep::explain {

// A program that was changed, and how.
struct Changed {
  Program program;
  verify::Edit edit;
};

// What might help, the best first.
std::vector<Changed> possible_edits(const Way& way, const Program& program,
                                    const verify::Report& report);

// The first that is accepted, possibly after a few of them one after the other.
std::optional<verify::Edit> find_edit(const Program& program, const verify::Limits& limits,
                                      const verify::Report& report);

}  // namespace skep::explain
