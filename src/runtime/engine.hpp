// The user engine: makes an object's maps and runs its verified programs on packets, without any
// privilege.
//
// In: MapSpecs and VerifiedPrograms. Out: an App that holds maps and programs of one object, and
// runs them. The tier decides whether a program is interpreted or compiled; both give the same
// results.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "interpret/interpret.hpp"
#include "jit/jit.hpp"
#include "maps/map.hpp"
#include "platform/machine.hpp"
#include "runtime/environment.hpp"
#include "verify/verify.hpp"

namespace skep::runtime {

enum class Tier : u8 {
  interpreter,
  jit,
  checked
};  // checked: interpreted, every access compared with live memory

// One packet in memory with room to grow at both ends, and what the context says of it.
class Packet;  // runtime/packet.hpp

struct LoadedProgram;

class App {
 public:
  // Makes the maps. `environment` outlives the App.
  static Result<App> create(std::shared_ptr<const std::vector<platform::MapSpec>> maps,
                            Environment& environment);

  // Compiles `program` (or binds it to the interpreter) and puts it into the prog_arrays that name
  // it. The handle stays valid as long as the App.
  Result<const LoadedProgram*> load(verify::VerifiedProgram program, Tier tier);

  // Runs a packet program; the verdict is its r0, the packet may have changed. Fault::rejected only
  // in the checked tier: an access outside of the program's memory, which is a bug of ours.
  Result<u64> run(const LoadedProgram& program, Packet& packet);

  std::vector<maps::Map>& maps();
  maps::Map* map(std::string_view name);  // or null
  u64 skipped() const;  // runs refused because the program was running on this thread already

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skep::runtime
