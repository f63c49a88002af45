// What the last steps make of code: the order of its blocks, and comparisons with memory.
#include "reduced.hpp"

namespace skep::engines {
namespace {

TEST(Layout, what_only_a_jump_leads_to_stands_behind_it) {
  // A loop as clang writes one: its end first, which nothing but its begin leads to.
  const Code loop = with_exit({mov(0, 1), go(5), alu(Alu::add, 0, 1), alu(Alu::mul, 0, 3),
                               jump(Jump::gt, 0, 1000, 7), alu(Alu::xor_, 0, 6), go(2)});
  EXPECT_EQ(combined(loop), "alu jump alu jump alu alu branch!");
  u64 want = 1;
  do want = ((want ^ 6) + 1) * 3;
  while (want <= 1000);
  EXPECT_EQ(compile(loop).run(nullptr, nullptr), want);
}

TEST(Layout, a_branch_back_into_a_loop_is_turned_where_the_other_way_leaves) {
  const Code loop =
      with_exit({mov(0, 1), go(4), alu(Alu::add, 0, 1), jump(Jump::ge, 0, 100, 8),
                 alu(Alu::mul, 0, 3), jump(Jump::ne, 0, 9, 2), alu(Alu::mul, 0, 5), go(8)});
  EXPECT_EQ(combined(loop), "alu jump alu branch! alu branch jump alu jump");
  EXPECT_EQ(compile(loop).run(nullptr, nullptr), 121u);
  // The other way goes on in the loop.
  const Code inner =
      with_exit({mov(0, 1), go(4), alu(Alu::add, 0, 1), jump(Jump::ge, 0, 100, 8),
                 alu(Alu::mul, 0, 3), jump(Jump::ne, 0, 9, 2), alu(Alu::mul, 0, 5), go(3)});
  EXPECT_EQ(combined(inner), "alu jump alu branch alu branch alu jump");
}

TEST(Layout, what_nobody_reaches_goes) {
  EXPECT_EQ(combined(with_exit({mov(0, 1), go(3), alu(Alu::mul, 0, 7)})), "alu jump");
}

TEST(Layout, a_function_behind_a_throw_is_not_what_follows_it) {
  // main calls f and throws; f begins a loop.
  EXPECT_EQ(combined(program({mov(1, 5), call_local(3), throw_exception(), mov(0, 0),
                              alu_reg(Alu::add, 0, 1), alu(Alu::sub, 1, 1), jump(Jump::ne, 1, 0, 4),
                              leave()})),
            "alu other other alu alu alu branch");
}

// Blocks that go to each other in any order, until r6 is used up; which way they went is in r0.
Code any_blocks(std::mt19937_64& random) {
  const auto below = [&](u64 bound) { return random() % bound; };
  const std::size_t blocks = 3 + below(6);
  constexpr std::size_t kEach = 5;  // instructions of a block
  std::vector<Instruction> out{mov(0, 1), mov(6, 40)};
  const std::size_t first = out.size(), end = first + blocks * kEach;
  for (std::size_t at = 0; at < blocks; ++at) {
    const auto anywhere = [&] { return first + below(blocks) * kEach; };
    out.push_back(alu(Alu::mul, 0, 3));
    out.push_back(alu(Alu::add, 0, static_cast<s64>(at)));
    out.push_back(alu(Alu::sub, 6, 1));
    out.push_back(below(4) == 0 ? jump(Jump::sgt, 6, 0, end + 1) : jump(Jump::sle, 6, 0, end));
    switch (below(3)) {
      case 0: out.push_back(go(anywhere())); break;
      case 1: out.push_back(jump(Jump::set, 0, 4, anywhere())); break;
      default: out.push_back(alu(Alu::xor_, 0, 5)); break;
    }
  }
  out.push_back(alu(Alu::xor_, 0, 0x55));
  return with_exit(out);
}

TEST(Layout, all_engines_go_the_same_way) {
  u32 jumps = 0;
  for (u64 seed = 0; seed < 2'000; ++seed) {
    std::mt19937_64 random(seed);
    const Code code = any_blocks(random);
    const u64 want = Reference(code).run(nullptr, nullptr);
    EXPECT_EQ(compile(code).run(nullptr, nullptr), want) << seed;
    EXPECT_EQ(thread(code).run(nullptr, nullptr), want) << seed;
    jit::Unit unit = jit::lower(vouched(code, {}), {});
    jit::reduce(unit, {}, kEverything);
    for (const jit::Block& block : unit.blocks) jumps += block.jump_to != jit::kNoBlock ? 1 : 0;
  }
  EXPECT_GT(jumps, 10u) << "all blocks run into their next ones";
}

// r0 = r2 JUMP r3, of what was loaded from r1 and r1 + 8.
Code comparison(Jump op, Width left, Width right) {
  return with_exit(
      {load(right, 3, 1, 8), mov(0, 1), load(left, 2, 1, 0), jump_reg(op, 2, 3, 5), mov(0, 0)});
}

TEST(Compared, with_memory_is_what_it_is_in_registers) {
  constexpr u64 kValues[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, ~u64{0}};
  for (Jump op : every<Jump>()) {
    for (Width left : every<Width>()) {
      for (Width right : every<Width>()) {
        Code code = comparison(op, left, right);

        const jit::Compiled compiled = compile(code);
        for (u64 a : kValues) {
          for (u64 b : kValues) {
            std::vector<u8> memory(16);
            std::memcpy(memory.data(), &a, 8);
            std::memcpy(memory.data() + 8, &b, 8);
            const Outcome want = run_confined(interpret::run_confined, code, memory);
            EXPECT_EQ(format("0x{:x}", compiled.run(memory.data(), nullptr)), want.result)
                << static_cast<int>(op) << " of " << a << " and " << b;
          }
        }
      }
    }
  }
}

TEST(Compared, with_a_number_is_what_it_is_in_a_register) {
  constexpr s64 kNumbers[] = {0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, -1, -128};
  for (Jump op : every<Jump>()) {
    for (Width w : every<Width>()) {
      for (s64 number : kNumbers) {
        const Code code =
            with_exit({mov(0, 1), load(w, 2, 1, 0), jump(op, 2, number, 4), mov(0, 0)});
        const jit::Compiled compiled = compile(code);
        for (u64 a : {u64{0}, u64{1}, u64{0x7f}, u64{0x80}, u64{0xff}, u64{0x8000}, ~u64{0}}) {
          std::vector<u8> memory(8);
          std::memcpy(memory.data(), &a, 8);
          const Outcome want = run_confined(interpret::run_confined, code, memory);
          EXPECT_EQ(format("0x{:x}", compiled.run(memory.data(), nullptr)), want.result)
              << static_cast<int>(op) << " of " << a << " and " << number;
        }
      }
    }
  }
}

// The number that is compared has changed since it was loaded.
TEST(Compared, a_register_that_was_loaded_and_changed_is_whole) {
  const Code code = with_exit({load(Width::w8, 3, 1, 1), alu(Alu::add, 3, 256), mov(0, 1),
                               load(Width::w8, 2, 1, 0), jump_reg(Jump::eq, 2, 3, 6), mov(0, 0)});
  std::vector<u8> memory = {7, 7};
  EXPECT_EQ(compile(code).run(memory.data(), nullptr), 0u);
}

}  // namespace
}  // namespace skep::engines
