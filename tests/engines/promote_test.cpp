// Places of the frame and constants of loops go to registers that are left, and only where nobody
// else reaches them. That the meaning is the same, random programs say, too (random_test.cpp).
#include "reduced.hpp"
#include "text/text.hpp"
#include "verify/verify.hpp"

namespace skep::engines {
namespace {

constexpr jit::RegisterFile kManyRegisters = {
    {{0, 1, 2, 3, 4, 5}, 6}, {{6}, 1}, {{7, 8, 9, 10, 11, 12}, 6}, 13};
constexpr jit::RegisterFile kFourForThePreserved = {
    {{0, 1, 2, 3, 4, 5}, 6}, {}, {{7, 8, 9, 10}, 4}, 13};

// What is left of code whose frame other pointers reach where `reached` says, and r0 of its run.
struct Promoted {
  std::string kinds;
  u64 result;
};

Promoted promoted(const Code& code, verify::FrameUse frame,
                  const jit::RegisterFile& file = kManyRegisters) {
  jit::Source source;
  source.code = code;
  source.functions = functions_of(code, kStackBytes);
  source.functions[0].frame = frame;
  u64 argument = 5;
  const auto compiled = jit::Compiler::compile(source, {}, jit::this_machine().value()).value();
  return {kinds_left(source, kEverything, {}, file), compiled.run(&argument, nullptr)};
}

constexpr verify::FrameUse kOwn = {kStackBytes, {}, {}};
constexpr verify::FrameUse reached(s32 first, u32 bytes) {
  return {kStackBytes, {}, {first, bytes}};
}

// r0 += *(r10 - 8) and that place += 1, ten times.
Code counts_in_its_frame(Width width) {
  return with_exit({mov(0, 0), store(width, 10, -8, 1), mov(6, 10), load(width, 2, 10, -8),
                    alu_reg(Alu::add, 0, 2), alu(Alu::add, 2, 1, width),
                    store_reg(width, 10, -8, 2), alu(Alu::sub, 6, 1), jump(Jump::ne, 6, 0, 3)});
}

TEST(Promote, places_of_a_loop_are_registers) {
  for (const Width width : {Width::w32, Width::w64}) {
    const auto [kinds, result] = promoted(counts_in_its_frame(width), kOwn);
    EXPECT_EQ(kinds, "alu alu alu alu alu alu branch");
    EXPECT_EQ(result, 55u);
  }
}

TEST(Promote, what_another_pointer_may_reach_stays) {
  for (const auto& [first, bytes] : {std::pair(-8, 8u), std::pair(-1, 1u), std::pair(-512, 505u)}) {
    const auto [kinds, result] = promoted(counts_in_its_frame(Width::w64), reached(first, bytes));
    EXPECT_NE(kinds.find("load"), std::string::npos) << first;
    EXPECT_EQ(result, 55u);
  }
  const auto beside = promoted(counts_in_its_frame(Width::w64), reached(-512, 504)).kinds;
  EXPECT_EQ(beside.find("load"), std::string::npos) << beside;
  const verify::FrameUse zeroed = {kStackBytes, {-8, 8}, {}};
  EXPECT_NE(promoted(counts_in_its_frame(Width::w64), zeroed).kinds.find("load"),
            std::string::npos);
}

TEST(Promote, narrow_places_and_those_of_two_widths_stay) {
  EXPECT_NE(promoted(counts_in_its_frame(Width::w16), kOwn).kinds.find("load"), std::string::npos);
  const auto [kinds, result] =
      promoted(with_exit({store(Width::w64, 10, -8, -1), store(Width::w32, 10, -8, 7),
                          load(Width::w64, 0, 10, -8), load(Width::w32, 1, 10, -4)}),
               kOwn);
  EXPECT_EQ(kinds, "store store load8");
  EXPECT_EQ(result, 0xffffffff'00000007u);
}

TEST(Promote, the_lower_half_of_what_is_stored_is_all_that_is_read) {
  const auto [kinds, result] = promoted(
      with_exit({load(Width::w64, 2, 1, 0), alu(Alu::sub, 2, 6), store_reg(Width::w32, 10, -8, 2),
                 mov_reg(3, 2), load(Width::w32, 0, 10, -8), load(Width::w32, 4, 10, -8),
                 alu_reg(Alu::rsh, 0, 4), alu_reg(Alu::xor_, 0, 3)}),
      kOwn);
  EXPECT_EQ(kinds.find("store"), std::string::npos) << kinds;
  EXPECT_EQ(result, (u64{0xffffffff} >> 63) ^ ~u64{0});
}

TEST(Promote, a_value_is_computed_where_it_shall_stand) {
  const auto [kinds, result] = promoted(
      with_exit({load(Width::w64, 2, 1, 0), alu(Alu::mul, 2, 10), store_reg(Width::w64, 10, -8, 2),
                 mov(2, 3), load(Width::w64, 0, 10, -8), alu_reg(Alu::sub, 0, 2)}),
      kOwn);
  EXPECT_EQ(kinds, "load8 alu alu alu");
  EXPECT_EQ(result, 47u);
}

TEST(Promote, a_counter_that_was_kept_first_is_still_loaded) {
  const auto [kinds, result] = promoted(
      with_exit({load(Width::w64, 3, 1, 0), store_reg(Width::w64, 10, -8, 3),
                 load(Width::w64, 3, 10, -8), alu(Alu::add, 3, 1), store_reg(Width::w64, 1, 0, 3),
                 mov(0, 0), load(Width::w64, 2, 1, 0), jump(Jump::eq, 2, 0, 10),
                 load(Width::w64, 4, 10, -8), alu_reg(Alu::add, 0, 4), alu(Alu::add, 0, 0)}),
      kOwn);
  EXPECT_EQ(kinds, "load8 alu store alu load8 branch alu alu");
  EXPECT_EQ(result, 5u);
}

TEST(Promote, large_constants_of_a_loop_are_made_once) {
  constexpr s64 kLarge = 0x0123456789abcdef;
  const Code code = with_exit({mov(0, 0), mov(6, 3), constant(2, kLarge), alu_reg(Alu::add, 0, 2),
                               alu(Alu::sub, 6, 1), jump(Jump::ne, 6, 0, 2)});
  const auto [kinds, result] = promoted(code, kOwn);
  EXPECT_EQ(kinds, "alu alu alu alu branch");
  EXPECT_EQ(result, 3u * kLarge);
}

TEST(Promote, without_a_register_left_all_stays) {
  const Code code = with_exit({mov(6, 1),
                               mov(7, 2),
                               mov(8, 3),
                               mov(9, 4),
                               mov(1, 1),
                               mov(2, 2),
                               mov(3, 3),
                               mov(4, 4),
                               mov(5, 5),
                               mov(0, 10),
                               store(Width::w64, 10, -8, 1),
                               load(Width::w64, 1, 10, -8),
                               alu_reg(Alu::add, 1, 1),
                               store_reg(Width::w64, 10, -8, 1),
                               alu_reg(Alu::add, 1, 2),
                               alu_reg(Alu::add, 1, 3),
                               alu_reg(Alu::add, 1, 4),
                               alu_reg(Alu::add, 1, 5),
                               alu_reg(Alu::add, 1, 6),
                               alu_reg(Alu::add, 1, 7),
                               alu_reg(Alu::add, 1, 8),
                               alu_reg(Alu::add, 1, 9),
                               store_reg(Width::w64, 1, 0, 0),
                               alu(Alu::sub, 0, 1),
                               jump(Jump::ne, 0, 0, 11)});
  jit::Source source;
  source.code = code;
  source.functions = functions_of(code, kStackBytes);
  source.functions[0].frame = kOwn;
  EXPECT_NE(kinds_left(source, kEverything, {}, kFourForThePreserved).find("load"),
            std::string::npos);
  EXPECT_EQ(kinds_left(source, kEverything, {}, kManyRegisters).find("load"), std::string::npos);
}

// ---- what the verifier says of frames ----

// Each of these touches the place that the loop counts in through something else than r10, too.
struct Reaching {
  std::string_view what;
  std::string_view code;
  u64 result;
};

constexpr Reaching kReaching[] = {
    {"another pointer reads",
     "r3 = r10\n r3 += -8\n *(u64 *)(r10 - 8) = 1\n r0 = 0\n r6 = 3\n again:\n"
     "if r6 s< 0 goto out\n r1 = *(u64 *)(r10 - 8)\n r1 += r1\n *(u64 *)(r10 - 8) = r1\n"
     "r2 = *(u64 *)(r3 + 0)\n r0 += r2\n r6 += -1\n goto again\n out:\n exit\n",
     30},
    {"another pointer writes",
     "r3 = r10\n r3 += -8\n *(u64 *)(r10 - 8) = 1\n r0 = 0\n r6 = 3\n again:\n"
     "if r6 s< 0 goto out\n r1 = *(u64 *)(r10 - 8)\n r1 += r1\n *(u64 *)(r3 + 0) = r1\n"
     "r2 = *(u64 *)(r10 - 8)\n r0 += r2\n r6 += -1\n goto again\n out:\n exit\n",
     30},
    {"an atomic operation changes",
     "*(u64 *)(r10 - 8) = 1\n r0 = 0\n r6 = 3\n again:\n if r6 s< 0 goto out\n"
     "r1 = *(u64 *)(r10 - 8)\n lock *(u64 *)(r10 - 8) += r1\n r2 = *(u64 *)(r10 - 8)\n"
     "r0 += r2\n r6 += -1\n goto again\n out:\n exit\n",
     30},
    {"a called function changes",
     "*(u64 *)(r10 - 8) = 1\n r7 = 0\n r6 = 3\n again:\n if r6 s< 0 goto out\n r1 = r10\n"
     "r1 += -8\n call twice\n r2 = *(u64 *)(r10 - 8)\n r7 += r2\n r6 += -1\n goto again\n"
     "out:\n r0 = r7\n exit\n"
     "twice:\n r2 = *(u64 *)(r1 + 0)\n r2 += r2\n *(u64 *)(r1 + 0) = r2\n r0 = 0\n exit\n",
     30},
    {"a helper writes",
     "r8 = r1\n *(u64 *)(r10 - 8) = 1\n r7 = 0\n r6 = 3\n again:\n if r6 s< 0 goto out\n r1 = r8\n"
     "r2 = 0\n r3 = r10\n r3 += -8\n r4 = 8\n call bpf_xdp_load_bytes\n r2 = *(u64 *)(r10 - 8)\n "
     "r7 += r2\n"
     "r6 += -1\n goto again\n out:\n r0 = r7\n exit\n",
     30},
    {"a helper reads",
     "*(u64 *)(r10 - 8) = 1\n r7 = 0\n r6 = 3\n again:\n if r6 s< 0 goto out\n"
     "r1 = *(u64 *)(r10 - 8)\n r1 += r1\n *(u64 *)(r10 - 8) = r1\n r1 = r10\n r1 += -8\n"
     "r2 = 8\n call bpf_trace_printk\n r7 += r0\n r6 += -1\n goto again\n"
     "out:\n r0 = r7\n exit\n",
     30},
};

platform::Bindings helpers_of_the_frame() {
  platform::Bindings bindings;
  constexpr std::size_t kPrintk = 6, kLoadBytes = 189;
  bindings.helpers[kLoadBytes] = [](u64, u64, u64 buffer, u64, u64, void*) {
    *reinterpret_cast<u64*>(buffer) *= 2;
    return u64{0};
  };
  bindings.helpers[kPrintk] = [](u64 text, u64, u64, u64, u64, void*) {
    return *reinterpret_cast<const u64*>(text);
  };
  return bindings;
}

TEST(Promote, what_the_verifier_saw_others_reach_stays) {
  const platform::Bindings bindings = helpers_of_the_frame();
  for (const Reaching& each : kReaching) {
    auto program = std::make_shared<platform::Program>();
    program->name = "reaching";
    program->type = platform::ProgramType::xdp;
    program->gpl_compatible = true;
    program->code = text::assemble(each.code).value();
    for (const auto& function : functions_of(program->code, kStackBytes)) {
      program->functions.push_back({.name = function.name,
                                    .begin = InstructionIndex(function.begin),
                                    .end = InstructionIndex(function.end)});
    }
    const verify::Verdict verdict = verify::verify(program);
    const auto* proof = std::get_if<verify::VerifiedProgram>(&verdict.outcome);
    if (proof == nullptr)
      FAIL() << each.what << ": " << verify::to_text(std::get<verify::Report>(verdict.outcome));
    const auto compiled = jit::compile(*proof, bindings).value();
    EXPECT_EQ(compiled.run(nullptr, nullptr), each.result) << each.what;
    EXPECT_TRUE(proof->frame(0).reached.meets(-8, 0)) << each.what;
  }
}

}  // namespace
}  // namespace skep::engines
