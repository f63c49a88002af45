// Proves a program safe, or explains why not.
//
// In: a relocated Program. Out: a VerifiedProgram, the only thing that the interpreter and the JITs
// take, with the facts that were proved on the way; or a Report that says what could not be proved,
// where, and why. Refused: every program for which some path may read or write outside of its
// memory, leak or reuse a reference, use a value that was never set, call a helper with arguments
// that it does not take, or run forever.
//
// There are two sets of rules. Those of the user engine prove what it can run: its program types,
// helpers and maps. Those of the kernel say what Linux would accept, whoever runs it; what is
// proved by them alone is no VerifiedProgram.
//
// The analysis first walks all paths at once, with what is known on all of them where they meet; if
// that does not prove the program it follows every path, with pruning: a path that reaches a known
// point with a state included in one that was already proved is not walked again. Whatever is
// refused, was refused on a path.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "btf/types.hpp"
#include "platform/capabilities.hpp"
#include "platform/program.hpp"
#include "skep/result.hpp"

namespace skep::verify {

// How the paths of a program are walked. The verdict is the same but for what limits cut short;
// only `merged` is quick.
enum class Paths : u8 {
  merged,  // first as one where they meet (verify/merged_walk.hpp); if that proves not all, pruned
  pruned,  // each, up to a state that was proved before (verify/explore.hpp): as the kernel does
  all,     // each to its end: the oracle of the others
};

enum class Rules : u8 { user_engine, kernel };

class Observer;  // verify/observer.hpp

// BPF_COMPLEXITY_LIMIT_INSNS and BPF_COMPLEXITY_LIMIT_JMP_SEQ of Linux.
inline constexpr u64 kKernelInstructionsMax = 1'000'000, kKernelPendingMax = 8192;

struct Limits {
  // Walked, over all paths. The walk keeps some bytes of each, a hundred megabytes for all.
  u64 instructions_max = 4'000'000;
  u64 pending_max = 65'536;  // ways that wait: they take memory
  u64 time_max_ms = 10'000;  // of the clock, for one program
  Paths paths = Paths::merged;
  Rules rules = Rules::user_engine;
  // Of who would load the program, by the kernel's rules.
  platform::Capabilities capabilities = platform::kAllCapabilities;
  // Of the kernel whose rules they are: programs that take its structures are verified against
  // them.
  const btf::Types* kernel_types = nullptr;
  // How many CPUs it can have (nr_cpu_ids in the kernel), 0 where that is not known.
  u32 cpus = 0;
  Observer* observer = nullptr;  // is told of each instruction that is walked
};

// What memory an instruction was proved to touch on every path, for the JIT and the debugger.
// Arithmetic on pointers into the arena has a region too: of numbers it would be another.
enum class Region : u8 {
  none,
  context,
  stack,
  packet,
  map_value,
  record,
  memory,
  arena,
  several,
  count_
};

// What was proved of one instruction.
struct Fact {
  bool reached = false;          // some path executes it
  bool called = false;           // of helper calls: `map` was set
  bool on_numbers = false;       // of arithmetic where there is an arena: not on pointers into it
  Region region = Region::none;  // of loads, stores and atomics
  s32 map = -1;                  // of helper calls: the one map that argument 1 is, or -1
};

// Bytes of a frame; the offset is from the frame's end, so negative.
struct FrameRange {
  s32 first = 0;
  u32 bytes = 0;

  s64 end() const { return s64{first} + bytes; }
  bool meets(s64 from, s64 to) const { return bytes != 0 && from < end() && first < to; }
  // Makes it reach from `from` to before `to`, too.
  void include(s64 from, s64 to);
};

// What a function does with its frame.
struct FrameUse {
  u32 bytes = 0;  // how deep it goes
  // Memory that the function never writes but hands to a global function, which may read it: it
  // must be zero when the function is entered.
  FrameRange zeroed;
  // What is read or written through anything but r10 itself: other pointers, by this function, by
  // those it calls and by helpers. The rest is nobody else's.
  FrameRange reached;
};

// A program that was proved safe. Only verify() makes one. Its code differs from the Program's:
// accesses to the context read the run-time layout (platform::PacketContext); calls that no path
// reaches are gone when no engine has what they call; pointers into an arena are computed in 32
// bits, and a cast to one is a move of the lower half. Accesses of Region::arena are at
// Bindings::arena.
class VerifiedProgram {
 public:
  const platform::Program& program() const { return *program_; }
  const isa::Code& code() const { return code_; }
  const std::vector<Fact>& facts() const { return facts_; }
  const FrameUse& frame(std::size_t function) const { return frames_[function]; }
  // False: no path writes to the packet, moves it, or calls what could.
  bool may_change_packet() const { return may_change_packet_; }
  // The number of the arena that it names.
  std::optional<u32> arena() const { return arena_; }
  // Of a program whose context is memory: how many bytes of it some path may touch, from its first.
  u32 context_bytes() const { return context_bytes_; }

 private:
  friend class Proof;
  VerifiedProgram() = default;
  std::shared_ptr<const platform::Program> program_;
  isa::Code code_;
  std::vector<Fact> facts_;
  std::vector<FrameUse> frames_;  // by number in Program::functions
  bool may_change_packet_ = true;
  u32 context_bytes_ = 0;
  std::optional<u32> arena_;
};

// One step of the path that led to a rejection.
struct Step {
  u32 slot = 0;
  u32 line = 0;             // 0 without line information
  std::string what;         // "assuming r2 != 0"
  std::string source = {};  // the source line; empty without line information
};

// A moment on the way to a refusal; see verify/observer.hpp.
struct Passed {
  isa::InstructionIndex at{};
  s32 mark = -1;
};

// One of the values that a refusal is about, and where it came from.
struct Origin {
  std::string place;  // "r2", "r2 of function f", "fp-8"
  std::string what;   // "a number, 0 to 255"
  u32 slot = 0;       // the instruction that made it
  u32 line = 0;       // 0 without line information
  std::string how;    // "returned by bpf_map_lookup_elem"
};

// What kind of refusal it is. explain::explain() decides; verify() alone does not.
enum class Cause : u8 {
  undecided,
  bug,          // there is an input for which the program does what is refused: Report::input
  imprecision,  // none was found: it may be safe, and cannot be proved to be
  unsupported,  // the program may be right, but not here
  limit,        // the proof takes more than it may
  count_
};
// The words of the contract: "bug"; empty while undecided.
std::string_view name_of(Cause cause);

// A change of the program with which it is accepted: it was verified.
struct Edit {
  std::string what;                       // in the terms of the source
  u32 slot = 0;                           // before this instruction
  u32 line = 0;                           // 0 without line information
  std::vector<std::string> instructions;  // what was put in for the proof
};

// Why a program was rejected, in the terms of its author.
struct Report {
  std::string program;
  isa::InstructionIndex at{};
  u32 slot = 0;             // the instruction's number as disassemblers print it
  std::string instruction;  // its text
  std::string file;         // empty without line information
  u32 line = 0;
  std::string source;             // the source line
  std::string property;           // which rule, a stable name: "packet-bounds"
  Fault fault = Fault::rejected;  // unsupported: not wrong, but for the kernel only
  std::string rule;               // what the rule says
  std::string message;            // what was not proved, one sentence
  std::string reason;             // why: the values involved, in words
  std::string hint;               // what to do about it
  std::vector<Step> path;         // the decisions that led here, oldest first
  // What was walked on that path, oldest first, the refused instruction last: at most the last
  // kWayMax.
  std::vector<Passed> way;

  // What explain::explain() adds.
  std::vector<Origin> values;  // that it is about, the refused one first
  std::vector<Step> lost;      // where what is missing was lost, or never was
  Cause cause = Cause::undecided;
  std::vector<std::string> input;  // of a bug: what the run was given
  std::vector<Step> run;           // of a bug: its last instructions, with what they made
  std::string ending;              // of a bug: how the run ended
  std::optional<Edit> edit;
};

inline constexpr std::size_t kWayMax = 1 << 16;

struct Work {
  u64 visited = 0;      // instructions walked, over all paths
  bool merged = false;  // paths that meet were walked as one
  u64 states = 0;       // states kept for pruning
  u64 time_ns = 0;
  std::vector<u32> visits;  // by instruction: how often it was walked
  std::vector<u32> kept;    // by instruction: states kept there
};

// Safe by the rules of the kernel.
struct AcceptedByKernel {};

struct Verdict {
  std::variant<VerifiedProgram, Report, AcceptedByKernel> outcome;
  Work work;

  bool accepted() const { return !std::holds_alternative<Report>(outcome); }
};

// Whether Limits::kernel_types is asked for such a program: of types whose context is what a
// function of the kernel is given, and those with pointers into the kernel in their maps.
bool needs_kernel_types(const platform::Program& program);

Verdict verify(std::shared_ptr<const platform::Program> program, const Limits& limits = {});

// The Report as people read it, several lines.
std::string to_text(const Report& report);

}  // namespace skep::verify
