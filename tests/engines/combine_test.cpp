// What compilers write for a rotate, for a conditional move, for numbers in network order, for the
// address of an element and for memcpy becomes one operation, and what only looks like it stays.
// That the meaning is the same is what the random programs of random_test.cpp are for.
#include "reduced.hpp"

namespace skep::engines {
namespace {

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

TEST(Select, a_branch_over_a_value_that_is_quickly_computed_is_a_conditional_move) {
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::lt, 1, 16, 3), alu(Alu::rsh, 0, 4)})),
            "alu alu select");
  EXPECT_EQ(
      combined(with_exit({mov(0, 1), jump(Jump::gt, 1, 2, 4), mov(0, 7), alu_reg(Alu::add, 0, 2)})),
      "alu alu alu select");
  // A product takes longer than a branch that is foreseen; so do three operations.
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::lt, 1, 16, 3), alu(Alu::mul, 0, 10)})),
            "alu branch alu");
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::lt, 1, 16, 5), alu(Alu::rsh, 0, 4),
                                alu_reg(Alu::xor_, 0, 2), alu_reg(Alu::add, 0, 3)})),
            "alu branch alu alu alu");
  // Two registers get values.
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::lt, 1, 16, 4), alu(Alu::rsh, 0, 4),
                                alu(Alu::rsh, 2, 4), alu_reg(Alu::add, 0, 2)})),
            "alu branch alu alu alu");
}

TEST(Select, what_an_arm_computes_of_its_own_value_is_not_the_old_one) {
  // r0 = r1 > 2 ? 14 : 5, by the sum of a value with itself.
  const Code code =
      with_exit({mov(0, 5), jump(Jump::le, 1, 2, 4), mov(0, 7), alu_reg(Alu::add, 0, 0)});
  ASSERT_EQ(combined(code), "alu alu alu select");
  for (const u64 r1 : {u64{2}, u64{3}}) {
    EXPECT_EQ(compile(code).run(reinterpret_cast<void*>(r1), nullptr), r1 > 2 ? 14u : 5u);
  }
}

TEST(Select, a_branch_over_a_jump_is_the_opposite_branch) {
  const Code over = with_exit(
      {mov(0, 1), jump(Jump::set, 1, 4, 3), go(5), alu(Alu::mul, 0, 3), alu(Alu::mul, 0, 5)});
  EXPECT_EQ(combined(over), "alu branch! alu alu");
  // Another way leads to the jump.
  EXPECT_EQ(combined(with_exit({mov(0, 1), jump(Jump::eq, 2, 9, 3), jump(Jump::set, 1, 4, 4), go(6),
                                alu(Alu::mul, 0, 3), alu(Alu::mul, 0, 5)})),
            "alu branch branch jump alu alu");
}

TEST(Select, other_branches_stay) {
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

TEST(Addresses, parts_that_several_accesses_read_are_part_of_each) {
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), load(Width::w32, 4, 3, 0),
                                alu(Alu::add, 4, 1), store_reg(Width::w32, 3, 0, 4), mov(0, 0)})),
            "load4 alu store alu");
}

TEST(Addresses, an_element_of_an_array_is_one_access) {
  const Code element = with_exit(
      {mov_reg(3, 2), alu(Alu::lsh, 3, 2), alu_reg(Alu::add, 3, 1), load(Width::w32, 0, 3, 8)});
  EXPECT_EQ(combined(element), "load4*4");
  EXPECT_EQ(combined(element, {}, {}), "alu alu load4");
  // Of the frame, with base and index either way round.
  EXPECT_EQ(combined(with_exit({alu(Alu::lsh, 2, 3), mov_reg(3, 10), alu(Alu::add, 3, -64),
                                alu_reg(Alu::add, 3, 2), load(Width::w64, 0, 3, 0)})),
            "load8*8");
  // There is no index times 16.
  EXPECT_EQ(combined(with_exit(
                {alu(Alu::lsh, 2, 4), alu_reg(Alu::add, 1, 2), load(Width::w64, 0, 1, 0)})),
            "alu load8");
}

TEST(Addresses, constants_below_2_gib_are_no_registers) {
  const auto at = [](u64 address) {
    return combined(
        with_exit({constant(3, address), alu_reg(Alu::add, 3, 2), load(Width::w32, 0, 3, 4)}));
  };
  EXPECT_EQ(at(0x40001000), "load4a");
  EXPECT_EQ(at(0x7ffffffc), "constant load4");
  EXPECT_EQ(at(0x7f0000001000), "constant load4");
}

TEST(Addresses, other_sums_stay) {
  // Read by something else as well, and behind the block.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), load(Width::w8, 0, 3, 0),
                                alu_reg(Alu::add, 0, 3)})),
            "alu load1 alu");
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), load(Width::w8, 0, 3, 0),
                                jump(Jump::eq, 0, 1, 5), load(Width::w8, 0, 3, 1)})),
            "alu load1 branch load1");
  // A part changes before the access.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), alu(Alu::add, 2, 1),
                                load(Width::w8, 0, 3, 0), alu_reg(Alu::add, 0, 2)})),
            "alu alu load1 alu");
  // The sum is what is stored.
  EXPECT_EQ(combined(with_exit({mov_reg(3, 1), alu_reg(Alu::add, 3, 2), mov(0, 0),
                                store_reg(Width::w64, 3, 0, 3)})),
            "alu alu store");
}

// Accesses at r1 are to a packet, or to what is said.
std::vector<verify::Fact> proved(const Code& code, verify::Region region = verify::Region::packet) {
  return facts_of(code, 1, region);
}

// ---- look-ups ----

// Of an array of four elements below 2 GiB, or of one for each CPU.
std::string looked_up(std::vector<Instruction> list, u64 cpu_stride = 0) {
  for (const Instruction& i : {mov_reg(2, 10), alu(Alu::add, 2, -4), mov(1, 0), call_helper(1)})
    list.push_back(i);
  const auto at = static_cast<u32>(list.size());
  for (const Instruction& i : {jump(Jump::eq, 0, 0, at + 2), load(Width::w64, 0, 0, 8)})
    list.push_back(i);
  const Code code = with_exit(list);
  const platform::ArrayShape shape{0x40001000, 16, 4, cpu_stride};
  platform::Bindings bindings;
  bindings.arrays = std::span(&shape, 1);
  auto facts = proved(code);
  facts[at - 1].map = 0;
  return combined(code, facts, kEverything, bindings);
}

TEST(Lookups, keys_that_were_just_stored_are_not_read_again) {
  EXPECT_EQ(looked_up({store_reg(Width::w32, 10, -4, 3)}), "store array_lookup branch load8");
  EXPECT_EQ(looked_up({load(Width::w32, 2, 1, 0), store_reg(Width::w32, 10, -4, 2)}),
            "load4 store array_lookup branch load8");
  EXPECT_EQ(looked_up({store_reg(Width::w32, 1, 0, 3), mov(3, 1)}),
            "store alu array_lookup branch load8");
}

TEST(Lookups, an_element_that_is_known_is_a_constant) {
  EXPECT_EQ(looked_up({store(Width::w32, 10, -4, 3)}), "store load8a");
  EXPECT_EQ(looked_up({store(Width::w32, 10, -4, 3)}, 64), "store array_lookup branch load8");
  EXPECT_EQ(looked_up({store(Width::w32, 10, -4, 4)}), "store alu array_lookup branch load8");
}

// ---- rows ----

// memcpy of `bytes` bytes from r1 to the frame, in pieces that come in another order.
Code copy_to_frame(u32 bytes, Width piece) {
  std::vector<Instruction> out;
  for (u32 at = 0; at < bytes; at += bytes_of(piece)) {
    const auto place = static_cast<s16>(at ^ bytes_of(piece));
    out.push_back(load(piece, 3, 1, place));
    out.push_back(store_reg(piece, 10, static_cast<s16>(place - 64), 3));
  }
  out.push_back(mov(0, 0));
  return with_exit(out);
}

TEST(Widen, rows_of_zeros_are_one_fill) {
  EXPECT_EQ(combined(with_exit({mov(0, 0), store_reg(Width::w64, 10, -8, 0),
                                store_reg(Width::w64, 10, -24, 0), store(Width::w32, 10, -12, 0),
                                store(Width::w32, 10, -16, 0)})),
            "alu fill24");
  // A hole; another number; another base.
  EXPECT_EQ(
      combined(with_exit({store(Width::w64, 10, -8, 0), store(Width::w32, 10, -16, 0), mov(0, 0)})),
      "store store alu");
  EXPECT_EQ(
      combined(with_exit({store(Width::w64, 10, -8, 0), store(Width::w64, 10, -16, 1), mov(0, 0)})),
      "store store alu");
  EXPECT_EQ(
      combined(with_exit({store(Width::w64, 10, -8, 0), store(Width::w64, 1, 0, 0), mov(0, 0)})),
      "store store alu");
}

TEST(Widen, rows_of_loads_and_stores_are_one_copy) {
  const Code bytes = copy_to_frame(16, Width::w8), words = copy_to_frame(64, Width::w64);
  EXPECT_EQ(combined(bytes, proved(bytes)), "copy16 alu");
  EXPECT_EQ(combined(words, proved(words)), "copy64 alu");
}

TEST(Widen, other_rows_stay) {
  const Code bytes = copy_to_frame(2, Width::w8);
  const std::string stays = "load1 store load1 store alu";
  EXPECT_EQ(combined(bytes), stays);  // nothing was proved
  EXPECT_EQ(combined(bytes, proved(bytes, verify::Region::memory)), stays);
  EXPECT_EQ(combined(bytes, proved(bytes, verify::Region::stack)), stays);
  // What was loaded is read later.
  Code later = bytes;
  later[4] = mov_reg(0, 3);
  EXPECT_EQ(combined(later, proved(later)), stays);
  // Places of the frame that meet, and that do not.
  const auto within = [](s16 from, s16 to) {
    const Code code =
        with_exit({load(Width::w64, 3, 10, from), store_reg(Width::w64, 10, to, 3),
                   load(Width::w64, 3, 10, static_cast<s16>(from + 8)),
                   store_reg(Width::w64, 10, static_cast<s16>(to + 8), 3), mov(0, 0)});
    return combined(code, proved(code));
  };
  EXPECT_EQ(within(-64, -48), "copy16 alu");
  EXPECT_EQ(within(-64, -56), "load8 store load8 store alu");
}

}  // namespace
}  // namespace skep::engines
