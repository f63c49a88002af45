// The user engine: makes an object's maps and runs its verified programs on packets, or on memory
// that is their context, without any privilege.
//
// In: MapSpecs and VerifiedPrograms. Out: an App that holds maps and programs of one object, and
// runs them. The tier decides whether a program is interpreted or compiled; both give the same
// results.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "interpret/interpret.hpp"
#include "jit/foreign.hpp"
#include "jit/jit.hpp"
#include "maps/map.hpp"
#include "platform/machine.hpp"
#include "runtime/environment.hpp"
#include "runtime/packet.hpp"
#include "verify/verify.hpp"

namespace skep::runtime {

// interpreter: as threaded code. checked: one instruction at a time, every access compared with
// live memory.
enum class Tier : u8 { interpreter, jit, checked };

// How all programs of an App run. With Sharing::nobody, only the thread that made the App may run
// its programs and touch its maps (Fault::usage from another), and compiled programs need no locked
// instructions.
struct RunRules {
  platform::Sharing sharing = platform::Sharing::threads;
  // Instructions that a run may execute, counted by blocks (interpret/fuel.hpp); 0: any number. A
  // run that needs more is Fault::exhausted: it leaves maps, packet and context as they are then,
  // and its ring records are discarded. Compiled code pays for it only when it is set.
  u64 budget = 0;
};

struct LoadedProgram;

class App {
 public:
  // Makes the maps. `environment` outlives the App.
  static Result<App> create(std::shared_ptr<const std::vector<platform::MapSpec>> maps,
                            Environment& environment, const RunRules& rules = {});

  // Compiles `program` (or binds it to the interpreter) and puts it into the prog_arrays that name
  // it. The handle stays valid as long as the App. Compiled and interpreted programs cannot jump
  // into each other: an App has the ones or the others (Fault::usage). Programs of several types
  // around one prog_array are Fault::unsupported. Not while programs run.
  Result<const LoadedProgram*> load(verify::VerifiedProgram program, Tier tier);

  // What `program` would be compiled to on such a machine, with the maps of this App.
  jit::ForeignCode code_for(platform::Architecture machine,
                            const verify::VerifiedProgram& program) const;

  // Runs a packet program (Fault::usage for others); the verdict is its r0, the packet may have
  // changed. Fault::rejected only in the checked tier: an access outside of the program's memory,
  // which is a bug of ours. Fault::exhausted when more threads run programs than there are CPU
  // slots. A program that is entered while one is running on this thread is skipped: its verdict is
  // 0, and it is counted.
  Result<u64> run(const LoadedProgram& program, Packet& packet);

  // The same for each of `packets`, in order; `verdicts` gets r0's low half of each. Stops at an
  // error. Precondition: as many verdicts as packets.
  Result<void> run_batch(const LoadedProgram& program, std::span<Packet> packets,
                         std::span<u32> verdicts);

  // Runs a program whose context is memory (platform::Input::context): on `context`, which it may
  // read and write. Fault::usage for other programs, and for a context that is shorter than what
  // the program may touch or longer than 65,535 bytes, as in the kernel's
  // bpf_prog_test_run_syscall. Other faults as for packets.
  Result<u64> run(const LoadedProgram& program, std::span<std::byte> context);

  std::vector<maps::Map>& maps();
  maps::Map* map(std::string_view name);  // or null
  // Runs refused because a program was running on the thread already.
  u64 skipped() const;

 private:
  struct State;
  explicit App(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Whether `program` may change the packets it runs on; where it does not, Packet::view() serves.
bool may_change_packet(const LoadedProgram& program);

// What it was compiled to; empty in other tiers.
std::span<const std::byte> machine_code(const LoadedProgram& program);
// Which of it was made from which instruction; see jit::Compiled::places.
std::span<const platform::CodePlace> machine_code_places(const LoadedProgram& program);

// The target that a prog_array's entry needs to jump to `program` (maps::Map::set_program).
const void* tail_target(const LoadedProgram& program);

}  // namespace skep::runtime
