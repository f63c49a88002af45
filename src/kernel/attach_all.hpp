// Attaches with the owner written down, before and after: what the command and the C++ interface
// do, so that `skep link list --mine` shows what either has attached.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "kernel/attach.hpp"
#include "kernel/owned_links.hpp"

namespace skep::kernel {

// `link` detaches before the file that says whose it is goes: what is declared last goes first.
struct RecordedLink {
  OwnedLinks owned;
  Link link;
};

// A program by its name, or a structure of operations by that of its variable. Errors of the file
// are those of OwnedLinks::begin(): nothing is attached without an owner.
Result<RecordedLink> attach_owned(const App& app, const LoadedProgram& program, const Place& place);
Result<RecordedLink> attach_operations_owned(const App& app, std::size_t number);

struct Selection {
  // Where a program of this name is attached.
  std::function<Result<Place>(const std::string& program)> place;
  // A target of tail calls that is attached all the same; may be empty.
  std::string_view also{};
};
// Every program that has a hook, but for targets of tail calls, and every structure of operations.
// Fault::usage when there is nothing to attach; after an error nothing is attached.
Result<std::vector<RecordedLink>> attach_all(const App& app, const Selection& choice);

}  // namespace skep::kernel
