// The steps that commands share on the way from a file to a program that can run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"
#include "object/tail_calls.hpp"
#include "runtime/engine.hpp"

namespace skep::cli {

// Opens the operand and says what is unusual about it. kernel: its externs are looked up in the
// configuration that --kconfig names, else in that of this machine's kernel; given: in the former
// only, so that what is shown is the same everywhere.
enum class Externs : u8 { kernel, given };
Result<object::Object> open_object(const Arguments& arguments, Externs externs, Output& out);

// The program that --program names. Without it: the first one that is not the target of a tail
// call; `note` is said when there are others.
Result<object::ProgramEntry> choose_program(const object::Object& object,
                                            const Arguments& arguments, Output& out);

// Proves a program; one that is rejected is an error, its whole report on stderr.
Result<verify::VerifiedProgram> prove(const std::shared_ptr<const platform::Program>& program,
                                      const Output& out);

// The program that was chosen, and how it was relocated.
struct Chosen {
  const std::string& name;
  const object::LinkOptions& link;
};

// Loads what the maps can tail-call, beside the program `entry` that is loaded already.
Result<void> load_targets(runtime::App& app, const object::Object& object, const Chosen& entry,
                          runtime::Tier tier, const Output& out);

// The maps of an app, as readers of both engines see them.
std::vector<maps::View*> maps_of(runtime::App& app);

runtime::Tier tier_of(const Arguments& arguments);
// Of one thread, with the budget of --budget.
Result<runtime::RunRules> rules_of(const Arguments& arguments);
// Fault::usage when --budget is given: for the kernel engine, which has none.
Result<void> check_no_budget(const Arguments& arguments);
std::unique_ptr<runtime::Environment> environment_of(const Arguments& arguments);

}  // namespace skep::cli
