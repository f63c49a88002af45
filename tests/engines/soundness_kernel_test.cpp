// Random programs and mutants of them: our verdict beside the kernel's.
//
// What the kernel accepts, we accept by its rules. The other way round we may know more than it
// does, of numbers: it says then that something may be out of bounds, or it refuses an instruction
// that no path leads to. Where it misses something else (a reference, a type, an alignment, a value
// that was never set) it may be a rule that we lack, and is a failure until somebody has looked.
// SKEP_SEED and SKEP_COUNT choose the programs.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "engines/builder.hpp"
#include "engines/soundness.hpp"
#include "kernel_programs.hpp"
#include "support/choices.hpp"
#include "support/mutate.hpp"
#include "support/random_program.hpp"
#include "verify/callbacks.hpp"

namespace skep::soundness {
namespace {

// What the kernel says where its knowledge of numbers ends (kernel/bpf/verifier.c).
constexpr auto kOfNumbers = std::to_array<std::string_view>({
    "invalid access to map value",
    "invalid access to packet",
    "invalid access to memory",
    "outside of the allowed memory range",
    "outside of the packet",
    "invalid variable-offset",
    "invalid unbounded variable-offset",
    "unbounded memory access",
    "unbounded min value",
    "min value is negative",
    "min value is outside",
    "max value is outside",
    "pointer be out of bounds",
    "value is outside",
    "invalid zero-sized read",
    "infinite loop detected",
    "BPF program is too large",
    "is too complex",
    "invalid indirect access to stack",
    "invalid write to stack",
    "invalid read from stack",
    "misaligned stack access",                      // an offset that we know exactly
    "math between",                                 // the same
    "subtraction from stack pointer prohibited",    // a pointer that never leads there
    "invalid mem access 'map_value_or_null'",       // compared with a register that holds 0
    "no direct value access support for this map",  // looked at in code that is never reached
    "not pointing to valid bpf_map",                // the same
    "No program to jit",                            // of 6.18: a function named in dead code
});

bool is_of_numbers(std::string_view log) {
  return std::ranges::any_of(
      kOfNumbers, [&](std::string_view each) { return log.find(each) != std::string_view::npos; });
}

// What the verifier said last.
std::string last_words(std::string_view log) {
  const std::size_t end = log.rfind("\nprocessed ");
  const std::string_view before = log.substr(0, end);
  const std::size_t line = before.rfind('\n');
  return std::string(line == std::string_view::npos ? before : before.substr(line + 1));
}

// Whether no path of ours leads to the instruction that the kernel said last: what is surely wrong
// there is accepted.
bool is_never_reached(const platform::Program& program, std::string_view log) {
  std::optional<u64> slot;
  for (std::size_t at = 0; at < log.size();) {
    const std::size_t end = std::min(log.find('\n', at), log.size());
    const std::string_view line = log.substr(at, end - at);
    const std::size_t colon = line.find(": (");
    if (colon != std::string_view::npos) {
      if (const auto number = parse_unsigned(line.substr(0, colon))) slot = number;
    }
    at = end + 1;
  }
  auto changed = std::make_shared<platform::Program>(program);
  const auto found = std::ranges::find_if(
      changed->code, [&](const isa::Instruction& i) { return i.slot.value() == slot; });
  if (!slot || found == changed->code.end()) return false;
  constexpr s16 kOutside = 8;
  const isa::SlotIndex place = found->slot;
  *found = engines::load(isa::Width::w64, 0, isa::kFramePointer, kOutside);
  found->slot = place;
  return verify::verify(changed, {.rules = verify::Rules::kernel}).accepted();
}

bool names_functions(const platform::Program& program) {
  return std::ranges::any_of(program.code, verify::names_function);
}

// The kernel, with the maps of random programs made once.
class Kernel {
 public:
  explicit Kernel(const std::vector<platform::MapSpec>& specs) : log_(1 << 20) {
    for (const platform::MapSpec& spec : specs)
      maps_.push_back(Fd::adopt(static_cast<int>(kernel_test::create_map(spec))));
  }

  bool accepts(const platform::Program& program) { return load(program, 0) >= 0; }
  std::string why_not(const platform::Program& program) {
    return load(program, 1) >= 0 ? "" : std::string(log_.data());
  }

 private:
  s64 load(const platform::Program& program, u32 level) {
    const auto slots = isa::encode(kernel_test::with_descriptors(program.code, maps_)).value();
    bpf_attr load = kernel_test::no_attributes();
    load.prog_type = platform::kernel_number(program.type);
    load.insns = reinterpret_cast<u64>(slots.data());
    load.insn_cnt = static_cast<u32>(slots.size());
    load.license = reinterpret_cast<u64>("GPL");
    std::optional<kernel_test::FunctionTypes> types;
    if (names_functions(program)) types.emplace(program).tell(load);
    log_[0] = '\0';
    if (level != 0) {
      load.log_buf = reinterpret_cast<u64>(log_.data());
      load.log_size = static_cast<u32>(log_.size());
      load.log_level = level;
    }
    const s64 fd = kernel_test::bpf(BPF_PROG_LOAD, load);
    if (fd >= 0) ::close(static_cast<int>(fd));
    return fd;
  }

  std::vector<Fd> maps_;
  std::vector<char> log_;
};

// bpf_csum_diff() gets a size and memory that may be null: the kernel takes both, whatever the
// size.
bool is_stricter(const platform::Program& program, const verify::Report& report) {
  return report.property == "null-check" && program.code[report.at.value()].form == isa::Form::call;
}

// A mutant may name a map that is not there, which is not the kernel's to judge.
bool names_its_maps(const platform::Program& program) {
  return std::ranges::all_of(program.code, [&](const isa::Instruction& i) {
    const bool names = i.form == isa::Form::constant && i.constant() != isa::Constant::number &&
                       !verify::names_function(i);
    return !names || i.map_number() < program.maps->size();
  });
}

struct Counts {
  u64 programs = 0, both = 0, neither = 0, ours_only = 0;
};

void compare(Kernel& kernel, const std::shared_ptr<const platform::Program>& program, u64 seed,
             Counts& counts) {
  const verify::Verdict ours =
      verify::verify(program, {.instructions_max = verify::kKernelInstructionsMax,
                               .pending_max = verify::kKernelPendingMax,
                               .rules = verify::Rules::kernel});
  const bool accepts = kernel.accepts(*program);
  ++counts.programs;
  if (ours.accepted() == accepts) {
    ++(accepts ? counts.both : counts.neither);
    return;
  }
  if (accepts) {
    if (is_stricter(*program, std::get<verify::Report>(ours.outcome))) return;
    ADD_FAILURE() << "seed " << seed << ": the kernel accepts it\n"
                  << verify::to_text(std::get<verify::Report>(ours.outcome)) << listing(*program);
    return;
  }
  ++counts.ours_only;
  const std::string log = kernel.why_not(*program);
  EXPECT_TRUE(is_of_numbers(log) || is_never_reached(*program, log))
      << "seed " << seed << ": the kernel says " << last_words(log) << "\n"
      << log << listing(*program);
}

// Functions are static here: the kernel would ask for their types.
std::shared_ptr<platform::Program> without_signatures(const platform::Program& program) {
  auto out = std::make_shared<platform::Program>(program);
  for (platform::Function& function : out->functions) {
    function.linkage = platform::Linkage::local;
    function.signature.reset();
  }
  return out;
}

template <class Change>
void compare_all(u64 usual, const Change& change) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const u64 first = setting("SKEP_SEED", 1), count = setting("SKEP_COUNT", usual);
  // A prog_array is of the type of the first program that names it.
  std::map<platform::ProgramType, Kernel> kernels;
  Counts counts;
  for (u64 seed = first; seed < first + count; ++seed) {
    const auto program = without_signatures(*test::random_program(test::Choices(seed)).program);
    change(*program, seed);
    if (!is_program(program->code) || !names_its_maps(*program)) continue;
    compare(kernels.try_emplace(program->type, *test::random_maps()).first->second, program, seed,
            counts);
  }
  std::printf("%llu programs: %llu accepted by both, %llu by none, %llu by us\n",
              static_cast<unsigned long long>(counts.programs),
              static_cast<unsigned long long>(counts.both),
              static_cast<unsigned long long>(counts.neither),
              static_cast<unsigned long long>(counts.ours_only));
  EXPECT_GT(counts.both * 4, counts.programs) << "the programs are of no use";
}

TEST(SoundnessBesideTheKernel, OfRandomPrograms) {
  compare_all(300, [](platform::Program&, u64) {});
}

TEST(SoundnessBesideTheKernel, OfMutantsOfRandomPrograms) {
  compare_all(300, [](platform::Program& program, u64 seed) {
    test::Choices choices(seed);
    test::mutate(program.code, choices);
  });
}

}  // namespace
}  // namespace skep::soundness
