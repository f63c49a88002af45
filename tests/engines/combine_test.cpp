// What compilers write for a rotate, for a conditional move and for numbers in network order
// becomes one operation, and what only looks like it stays. That the meaning is the same is what
// the random programs of random_test.cpp are for.
#include "jit/combine.hpp"

#include "engines.hpp"
#include "jit/address.hpp"
#include "jit/dataflow.hpp"
#include "jit/select.hpp"

namespace skep::engines {
namespace {

// The kinds of operations that are left, with the widths of loads: "rotate exit", "load4s exit".
std::string combined(const Code& code) {
  constexpr std::array kNames = {"alu",        "rotate",      "constant", "nothing",
                                 "load",       "store",       "atomic",   "array_lookup",
                                 "map_lookup", "packet_load", "branch",   "select"};
  jit::Source source;
  source.code = code;
  source.functions = functions_of(code, kStackBytes);
  jit::Unit unit = jit::lower(source, {});
  jit::combine(unit);
  jit::simplify(unit);
  jit::select(unit);
  jit::fold_addresses(unit);
  std::string out;
  for (const jit::Block& block : unit.blocks) {
    for (u32 at = block.begin; at < block.end; ++at) {
      const jit::Operation& op = unit.operations[at];
      if (op.kind == jit::Kind::exit || op.kind == jit::Kind::nothing) continue;
      if (!out.empty()) out += " ";
      const auto number = static_cast<std::size_t>(op.kind);
      out += number < kNames.size() ? kNames[number] : "other";
      if (op.kind == jit::Kind::load)
        out += std::to_string(bytes_of(op.width)) + (op.swapped ? "s" : "");
    }
  }
  return out;
}

Code with_exit(std::vector<Instruction> list) {
  list.push_back(leave());
  assign_slots(list);
  return list;
}

// r0 = the bytes of r1 + at, each shifted by its place.
std::vector<Instruction> bytes_of_number(const std::vector<u32>& places, Width w) {
  std::vector<Instruction> out;
  for (u32 at = 0; at < places.size(); ++at) {
    const u8 part = at == 0 ? 0 : 2;
    out.push_back(load(Width::w8, part, 1, static_cast<s16>(at)));
    if (places[at] != 0) out.push_back(alu(Alu::lsh, part, 8 * places[at], w));
    if (at != 0) out.push_back(alu_reg(Alu::or_, 0, 2, w));
  }
  return out;
}

TEST(Combine, shifts_of_a_copy_and_in_place_are_a_rotate) {
  EXPECT_EQ(combined(with_exit({mov_reg(0, 1), alu(Alu::lsh, 0, 13), alu(Alu::rsh, 1, 51),
                                alu_reg(Alu::or_, 0, 1)})),
            "alu alu alu");  // the shifted register is not the result: who knows who reads it
  EXPECT_EQ(combined(with_exit({mov_reg(0, 1), mov_reg(2, 0), alu(Alu::lsh, 2, 13),
                                alu(Alu::rsh, 0, 51), alu_reg(Alu::or_, 0, 2)})),
            "rotate");
  EXPECT_EQ(
      combined(with_exit({mov_reg(0, 1), alu(Alu::rsh, 0, 7, Width::w32), mov_reg(2, 1),
                          alu(Alu::lsh, 2, 25, Width::w32), alu_reg(Alu::xor_, 0, 2, Width::w32)})),
      "rotate");
}

TEST(Combine, shifts_that_do_not_complete_each_other_stay) {
  EXPECT_EQ(combined(with_exit({mov_reg(0, 1), mov_reg(2, 0), alu(Alu::lsh, 2, 13),
                                alu(Alu::rsh, 0, 50), alu_reg(Alu::or_, 0, 2)})),
            "alu alu alu alu");
  // The value changed between the shifts.
  EXPECT_EQ(combined(with_exit({mov_reg(0, 1), alu(Alu::lsh, 0, 13), alu(Alu::add, 1, 1),
                                mov_reg(2, 1), alu(Alu::rsh, 2, 51), alu_reg(Alu::or_, 0, 2)})),
            "alu alu alu alu");
}

TEST(Combine, a_shifted_register_that_is_read_meanwhile_keeps_its_value) {
  EXPECT_EQ(combined(with_exit({mov_reg(0, 1), mov(1, 7), mov_reg(2, 0), alu(Alu::lsh, 2, 13),
                                alu(Alu::rsh, 0, 51), store_reg(Width::w64, 10, -8, 0),
                                alu_reg(Alu::or_, 0, 2)})),
            "alu alu alu store alu");
}

TEST(Combine, bytes_in_order_are_one_load) {
  EXPECT_EQ(combined(with_exit(bytes_of_number({1, 0}, Width::w32))), "load2s");
  EXPECT_EQ(combined(with_exit(bytes_of_number({0, 1}, Width::w64))), "load2");
  EXPECT_EQ(combined(with_exit(bytes_of_number({3, 2, 1, 0}, Width::w32))), "load4s");
  EXPECT_EQ(combined(with_exit(bytes_of_number({0, 1, 2, 3, 4, 5, 6, 7}, Width::w64))), "load8");
  EXPECT_EQ(combined(with_exit(bytes_of_number({7, 6, 5, 4, 3, 2, 1, 0}, Width::w64))), "load8s");
}

TEST(Combine, bytes_in_another_order_or_of_another_time_stay) {
  EXPECT_EQ(combined(with_exit(bytes_of_number({0, 2, 1, 3}, Width::w32))).find("load4"),
            std::string::npos);
  std::vector<Instruction> stored = bytes_of_number({1, 0}, Width::w32);
  stored.insert(stored.begin() + 2, store(Width::w8, 1, 1, 0));  // between the loads
  EXPECT_EQ(combined(with_exit(stored)).find("load2"), std::string::npos);
}

TEST(Combine, a_shift_of_32_bits_loses_what_leaves_it) {
  const Code code =
      with_exit({load(Width::w32, 0, 1, 2), alu(Alu::lsh, 0, 16, Width::w32),
                 load(Width::w16, 2, 1, 0), alu_reg(Alu::or_, 0, 2), load(Width::w16, 2, 1, 6),
                 alu(Alu::lsh, 2, 48), alu_reg(Alu::or_, 0, 2)});
  EXPECT_EQ(combined(code).find("load8"), std::string::npos);
}

TEST(Combine, a_load_and_its_swap_are_one) {
  EXPECT_EQ(combined(with_exit({load(Width::w32, 0, 1, 4), alu(Alu::to_be, 0, 32)})), "load4s");
  // The register of the address is gone.
  EXPECT_EQ(combined(with_exit({load(Width::w32, 1, 1, 4), alu(Alu::to_be, 1, 32), mov_reg(0, 1)})),
            "load4 alu alu");
}

TEST(Select, a_branch_over_a_move_is_a_conditional_move) {
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump_reg(Jump::gt, 1, 2, 3), mov(0, 0)})), "alu select");
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::set, 1, 4, 3), mov_reg(0, 2)})),
            "alu select");
}

TEST(Select, other_branches_stay) {
  // Two operations are decided.
  EXPECT_EQ(
      combined(with_exit({mov(0, 1), jump(Jump::gt, 1, 2, 4), mov(0, 0), alu_reg(Alu::add, 0, 2)})),
      "alu branch alu alu");
  // Another way leads to the move.
  EXPECT_EQ(
      combined(with_exit({mov(0, 1), jump(Jump::eq, 2, 5, 3), jump(Jump::gt, 1, 2, 4), mov(0, 0)})),
      "alu branch branch alu");
  // The comparison waits for memory.
  EXPECT_EQ(combined(with_exit(
                {mov(0, 1), load(Width::w32, 2, 1, 0), jump(Jump::gt, 2, 2, 4), mov(0, 0)})),
            "alu load4 branch alu");
}

TEST(Addresses, a_sum_that_one_access_reads_is_part_of_it) {
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), load(Width::w8, 0, 3, 5)})),
            "load1");
  EXPECT_EQ(
      combined(with_exit({alu_reg(Alu::add, 1, 2), mov(0, 0), store_reg(Width::w64, 1, 8, 4)})),
      "alu store");
}

TEST(Addresses, other_sums_stay) {
  // Read twice.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), load(Width::w8, 4, 3, 0),
                                load(Width::w8, 0, 3, 1), alu_reg(Alu::add, 0, 4)})),
            "alu load1 load1 alu");
  // A part changes before the access.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), alu(Alu::add, 2, 1),
                                load(Width::w8, 0, 3, 0), alu_reg(Alu::add, 0, 2)})),
            "alu alu load1 alu");
  // The sum is what is stored.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), mov(0, 0),
                                store_reg(Width::w64, 3, 0, 3)})),
            "alu alu store");
}

}  // namespace
}  // namespace skep::engines
