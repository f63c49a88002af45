// Runs many programs, one after the other, in each tier.
//
// An App makes its maps and keeps its programs for as long as it lives, which costs more than most
// of the small programs here. A Runner makes a set of maps once, puts them back to their first
// contents before each program, and binds programs to them as an App does. It also asks what only
// the owner of the maps can know: whether a ring has a record that was reserved and never given
// back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "maps/map.hpp"
#include "platform/machine.hpp"
#include "runtime/engine.hpp"
#include "verify/verify.hpp"

namespace skep::soundness {

// What a run is given. Programs that run on memory get `bytes` as their context.
struct Input {
  std::vector<std::byte> bytes;
  u32 interface = 1;  // numbers of the context that a sender does not choose
  u32 queue = 0;
};
using Inputs = std::vector<Input>;

// What can be seen of running a program on all inputs: results, packets and maps; or the words of
// the fault.
struct Seen {
  bool faulted = false;
  bool is_cut = false;  // a run was longer than kFuel; only the checked tier looks
  std::string text = {};
};

inline constexpr u64 kFuel = 400'000;

class Runner {
 public:
  // Maps that cannot be made: no value, and such programs are not run.
  static std::unique_ptr<Runner> of(std::shared_ptr<const std::vector<platform::MapSpec>> specs);

  Seen run(const verify::VerifiedProgram& program, runtime::Tier tier, const Inputs& inputs);

 private:
  explicit Runner(std::shared_ptr<const std::vector<platform::MapSpec>> specs)
      : specs_(std::move(specs)) {}

  struct Loaded;
  Result<void> make_maps();
  Result<void> reset_maps();
  void note_places();
  platform::Bindings bindings(const verify::VerifiedProgram& program) const;
  void put_into_prog_arrays(const void* target);
  Result<u64> run_once(const Loaded& loaded, const Input& input, Seen& seen);
  bool append_maps(std::string& out);

  std::shared_ptr<const std::vector<platform::MapSpec>> specs_;
  std::vector<maps::Map> maps_;
  std::vector<u64> addresses_;  // by number of the map, as Bindings wants them
  std::vector<u64> values_;
  std::vector<platform::ArrayShape> arrays_;
  std::vector<platform::MapLookup> lookups_;
  bool is_small_ = true;  // maps are put back, and not made again
  std::unique_ptr<runtime::Environment> environment_;
};

}  // namespace skep::soundness
