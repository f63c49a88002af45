// Random programs on packets in both engines: the kernel's compiler, and ours in each of its tiers,
// must come to the same return value, packet and maps.
//
// A difference is made smaller and printed. What one verifier takes and the other does not is
// counted by its reason; reasons that are not in the table below are failures too. SKEP_SEED=n
// begins with another seed than 1, and runs that one alone unless SKEP_COUNT=n asks for so many.
#include "kernel_engine.hpp"
#include "random_kernel_side.hpp"
#include "shrink.hpp"

namespace skep::random_packets {
namespace {

constexpr u64 kFailuresMax = 5;

struct Totals {
  u64 compared = 0;
  std::map<std::string, u64> by_both, by_us, by_kernel;  // refused, by why
};
Totals total;

struct KnownReason {
  std::string_view beginning;
  std::string_view why;
};
constexpr std::array<KnownReason, 0> kKernelsOnly = {};
constexpr std::array<KnownReason, 0> kOursOnly = {};

bool is_known(std::span<const KnownReason> reasons, const std::string& reason) {
  return std::ranges::any_of(reasons, [&](auto& row) { return reason.starts_with(row.beginning); });
}

std::string compare(const Answer& ours, const Answer& theirs) {
  if (ours.refused && theirs.refused) {
    ++total.by_both[*ours.refused + "; " + *theirs.refused];
    return {};
  }
  if (theirs.refused) {
    ++total.by_kernel[*theirs.refused];
    return is_known(kKernelsOnly, *theirs.refused) ? ""
                                                   : "the kernel refuses it: " + *theirs.refused;
  }
  if (ours.refused) {
    ++total.by_us[*ours.refused];
    return is_known(kOursOnly, *ours.refused) ? "" : "only the kernel takes it: " + *ours.refused;
  }
  ++total.compared;
  return difference(ours, theirs);
}

class Engines {
 public:
  auto program(const engines::Random& random, u64 seed) const {
    return engines::random_packet_program(random, type_of(seed), knows_);
  }
  std::string compared(const engines::Random& random, u64 seed) {
    const auto made = program(random, seed);
    return compare(user_.run(made, seed), kernel_.run(made, seed));
  }
  void check(u64 seed) {
    const std::string difference = compared(std::mt19937_64(seed), seed);
    if (difference.empty()) return;
    const auto differs = [&](engines::Random random) { return compared(random, seed); };
    const engines::Replay least(engines::smallest(seed, differs));
    ADD_FAILURE() << "seed " << seed << ": " << difference << "\nmade smaller: " << differs(least)
                  << "\n"
                  << engines::listing(program(least, seed)->code);
  }

 private:
  // Without what Linux 6.18 gets wrong, see below.
  static engines::Knows known_well() {
    engines::Knows knows = what_the_kernel_knows();
    knows.clears_r0 = false;
    return knows;
  }
  const engines::Knows knows_ = known_well();
  KernelSide kernel_;
  UserSide user_;
};

// What a random program found (Linux 6.18): in a function that is called, a number to which the
// address of its frame is added is for the kernel's verifier an address in the frame of the main
// function, since adjust_ptr_min_max_vals() of kernel/bpf/verifier.c keeps the number's frameno. It
// reads the 1 there, takes the branch below for one that is never taken, and leaves out where it
// leads to.
std::shared_ptr<const platform::Program> frame_added_to_a_number() {
  using namespace engines;
  const auto maps = maps_of_random_packets();
  auto program = std::make_shared<platform::Program>();
  program->name = "frames";
  program->type = platform::ProgramType::xdp;
  program->maps = maps;
  program->code =
      engines::program({store(Width::w64, 10, -8, 1), call_local(3), leave(),
                        store(Width::w64, 10, -8, 0), mov(1, 0), mov_reg(2, 10),
                        alu(Alu::add, 2, -8), alu_reg(Alu::add, 1, 2), load(Width::w64, 3, 1, 0),
                        mov(0, 1), jump(Jump::eq, 3, 0, 12), leave(), mov(0, 7), leave()});
  program->functions = {{.name = "main", .begin = InstructionIndex(0), .end = InstructionIndex(3)},
                        {.name = "f3", .begin = InstructionIndex(3), .end = InstructionIndex(14)}};
  return program;
}

// Another one (Linux 6.18): r0 keeps its upper half over a cmpxchg of 32 bits in an arena that
// stores. is_cmpxchg_insn() of kernel/bpf/verifier.c, which asks for the instruction that clears
// it, does not know the mode that accesses of arenas have by then.
std::shared_ptr<const platform::Program> exchange_in_an_arena() {
  using namespace engines;
  constexpr u32 kArena = 3;
  auto program = std::make_shared<platform::Program>();
  program->name = "exchange";
  program->type = platform::ProgramType::xdp;
  program->maps = maps_of_random_packets();
  Instruction memory = constant(1, u64{96} << 32 | kArena);
  memory.operation = static_cast<u8>(Constant::map_value);
  const Instruction cast = {.form = Form::address_space_cast,
                            .operation = static_cast<u8>(AddressSpaceCast::to_kernel),
                            .source = Source::reg,
                            .dst = 1,
                            .src = 1};
  program->code = engines::program(
      {memory, cast, store(Width::w32, 1, 0, 1), mov(2, 5), constant(0, 0x700000001),
       atomic(Atomic::cmpxchg, Width::w32, 1, 0, 2), alu(Alu::rsh, 0, 32), leave()});
  program->functions = {{.name = "exchange",
                         .begin = InstructionIndex(0),
                         .end = InstructionIndex(static_cast<u32>(program->code.size()))}};
  return program;
}

// And a third (Linux 6.18): whether the upper half of r0 is cleared behind a cmpxchg of 32 bits is
// found where r0 is read. A path that ends where another one was proved reads nothing, so that
// nobody clears it.
std::shared_ptr<const platform::Program> exchange_on_one_path() {
  using namespace engines;
  auto program = std::make_shared<platform::Program>();
  program->name = "one_path";
  program->type = platform::ProgramType::xdp;
  program->maps = maps_of_random_packets();
  program->code = engines::program(
      {store(Width::w64, 10, -8, 0), load(Width::w32, 2, 1, 4), load(Width::w32, 3, 1, 0),
       alu_reg(Alu::sub, 2, 3), constant(0, u64{7} << 32), jump(Jump::ne, 2, 0, 7), go(8),
       atomic(Atomic::cmpxchg, Width::w32, 10, -8, 2), alu(Alu::rsh, 0, 32), leave()});
  program->functions = {{.name = "one_path",
                         .begin = InstructionIndex(0),
                         .end = InstructionIndex(static_cast<u32>(program->code.size()))}};
  return program;
}

// Of programs that Linux gets wrong: what is right, and what the kernel says.
void check_beside_the_kernel(const std::shared_ptr<const platform::Program>& program, u32 right) {
  const Answer ours = UserSide().run(program, 2);
  ASSERT_FALSE(ours.refused) << *ours.refused;
  EXPECT_EQ(ours.tiers_differ, "");
  EXPECT_EQ(ours.return_value, right);
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  const bool is_in_arena = std::ranges::any_of(program->code, [](const isa::Instruction& i) {
    return i.form == isa::Form::address_space_cast;
  });
  if (is_in_arena && !what_the_kernel_knows().arenas)
    GTEST_SKIP() << "our side is right; the kernel has no arenas";
  const Answer theirs = KernelSide().run(program, 2);
  ASSERT_FALSE(theirs.refused) << *theirs.refused;
  std::printf("the kernel returns %u%s\n", theirs.return_value,
              theirs.return_value == right ? "" : ", which is wrong");
}

TEST(RandomPackets, a_frame_added_to_a_number_is_of_the_function) {
  check_beside_the_kernel(frame_added_to_a_number(), 7);
}

TEST(RandomPackets, an_exchange_in_an_arena_clears_the_upper_half) {
  check_beside_the_kernel(exchange_in_an_arena(), 0);
}

void print_totals() {
  std::printf("compared: %s\n", counted(total.compared, "program").c_str());
  const auto print = [](const char* who, const std::map<std::string, u64>& reasons) {
    for (const auto& [why, count] : reasons)
      std::printf("  refused by %s: %s, %s\n", who, counted(count, "program").c_str(), why.c_str());
  };
  print("both", total.by_both);
  print("us only", total.by_us);
  print("the kernel only", total.by_kernel);
}

TEST(RandomPackets, an_exchange_on_one_path_clears_the_upper_half) {
  check_beside_the_kernel(exchange_on_one_path(), 0);
}

TEST(RandomPackets, mean_the_same_in_the_kernel) {
  if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
  choose_kernel_engine();
  const auto [first, count] =
      engines::chosen_seeds(std::getenv("SKEP_GUEST") != nullptr ? 40 : 400);
  Engines both;
  u64 failures = 0;
  for (u64 seed = first; seed < first + count && failures < kFailuresMax; ++seed) {
    both.check(seed);
    failures += HasFailure() ? 1 : 0;
  }
  print_totals();
}

}  // namespace
}  // namespace skep::random_packets
