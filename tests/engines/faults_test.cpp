// What confined runs refuse and where they stop: the same words from both engines.
#include "engines.hpp"

namespace skep::engines {
namespace {

std::string address_of(const std::string& fault) { return fault.substr(fault.find(" at 0x")); }

// The fault of one access at `offset` from the memory of eight bytes or from r10.
std::string fault_of(const Instruction& i) {
  const std::string result =
      run_both(program({mov(0, 1), i, mov(0, 0), leave()}), std::vector<u8>(8)).result;
  return result.find(" at 0x") == std::string::npos
             ? result
             : result.substr(0, result.find(" at 0x")) + result.substr(result.find(" is "));
}

TEST(Faults, accesses_end_at_the_memory) {
  EXPECT_EQ(fault_of(load(Width::w64, 3, 1, 0)), "0x0");
  EXPECT_EQ(fault_of(load(Width::w8, 3, 1, 7)), "0x0");
  EXPECT_EQ(fault_of(load(Width::w8, 3, 1, 8)), "slot 1: read of 1 byte is out of bounds");
  EXPECT_EQ(fault_of(load(Width::w64, 3, 1, 1)), "slot 1: read of 8 bytes is out of bounds");
  EXPECT_EQ(fault_of(load_signed(Width::w16, 3, 1, 7)), "slot 1: read of 2 bytes is out of bounds");
  EXPECT_EQ(fault_of(load(Width::w32, 3, 1, -1)), "slot 1: read of 4 bytes is out of bounds");
  EXPECT_EQ(fault_of(store(Width::w32, 1, 5, 0)), "slot 1: write of 4 bytes is out of bounds");
  EXPECT_EQ(fault_of(store_reg(Width::w16, 1, 7, 2)), "slot 1: write of 2 bytes is out of bounds");
  EXPECT_EQ(fault_of(atomic(Atomic::add, Width::w64, 1, 8, 2)),
            "slot 1: atomic access of 8 bytes is out of bounds");
  EXPECT_EQ(fault_of(atomic(Atomic::load_acquire, Width::w8, 2, 9, 1)),
            "slot 1: atomic read of 1 byte is out of bounds");
}

TEST(Faults, accesses_end_at_the_stack) {
  EXPECT_EQ(fault_of(store(Width::w64, 10, -8, 0)), "0x0");
  EXPECT_EQ(fault_of(store(Width::w64, 10, -512, 0)), "0x0");
  EXPECT_EQ(fault_of(store(Width::w8, 10, -513, 0)), "slot 1: write of 1 byte is out of bounds");
  EXPECT_EQ(fault_of(store(Width::w64, 10, -7, 0)), "slot 1: write of 8 bytes is out of bounds");
  EXPECT_EQ(fault_of(store(Width::w8, 10, 0, 0)), "slot 1: write of 1 byte is out of bounds");
}

TEST(Faults, frames_of_callees_are_out_of_reach_and_those_of_callers_are_not) {
  EXPECT_EQ(run_both(program({mov_reg(1, 10), call_local(3), leave(), store(Width::w64, 1, -512, 5),
                              store(Width::w64, 10, -512, 5), mov(0, 3), leave()}))
                .result,
            "0x3");
  const std::string after =
      run_both(program({mov_reg(6, 10), call_local(4), load(Width::w64, 0, 6, -520), leave(),
                        store(Width::w64, 10, -8, 5), mov(0, 3), leave()}))
          .result;
  EXPECT_TRUE(after.starts_with("slot 2: read of 8 bytes")) << after;
}

TEST(Faults, wild_addresses_are_named) {
  for (u64 address : {u64{0}, u64{1}, ~u64{0}, ~u64{6}, u64{1} << 63, u64{0x7fffffffffff}}) {
    const std::string fault =
        run_both(program({constant(3, address), load(Width::w64, 0, 3, 0), leave()})).result;
    EXPECT_EQ(address_of(fault), format(" at 0x{:x} is out of bounds", address));
    EXPECT_TRUE(fault.starts_with("slot 2: read of 8 bytes")) << fault;
  }
}

TEST(Faults, atomic_operations_must_be_aligned) {
  const std::string fault =
      run_both(program({atomic(Atomic::xchg, Width::w32, 1, 2, 0), leave()}), std::vector<u8>(8))
          .result;
  EXPECT_TRUE(fault.ends_with(" is not aligned")) << fault;
  EXPECT_TRUE(fault.starts_with("slot 0: atomic access of 4 bytes")) << fault;
}

TEST(Faults, memory_without_bytes_cannot_be_touched) {
  const std::string fault = run_both(program({load(Width::w8, 0, 1, 0), leave()})).result;
  EXPECT_TRUE(fault.ends_with("is out of bounds")) << fault;
}

TEST(Faults, a_loop_without_end_uses_up_its_fuel) {
  EXPECT_EQ(run_both(program({go(0)}), {}, 1234).result,
            "slot 0: the fuel of 1,234 instructions is used up");
  EXPECT_EQ(run_both(program({mov(0, 0), leave()}), {}, 2).result, "0x0");
  EXPECT_EQ(run_both(program({mov(0, 0), leave()}), {}, 1).result,
            "slot 0: the fuel of 1 instruction is used up");
}

TEST(Faults, long_blocks_pay_more_than_once) {
  Code code(600, mov(0, 1));
  code.push_back(leave());
  assign_slots(code);
  EXPECT_EQ(run_both(code, {}, 601).result, "0x1");
  EXPECT_EQ(run_both(code, {}, 600).result, "slot 510: the fuel of 600 instructions is used up");
}

TEST(Faults, what_can_never_run_is_refused_at_once) {
  const auto both = [](const Code& code) { return run_both(code).result; };
  EXPECT_EQ(both({}), "the program has no instructions");
  EXPECT_EQ(both(program({mov(10, 1), leave()})), "slot 0: r10 is read-only");
  EXPECT_EQ(both(program({load(Width::w64, 10, 1, 0), leave()})), "slot 0: r10 is read-only");
  EXPECT_EQ(both(program({atomic(Atomic::xchg, Width::w64, 1, 0, 10), leave()})),
            "slot 0: r10 is read-only");
  EXPECT_EQ(both(program({mov(0, 1)})), "slot 0: the program runs off its end");
  EXPECT_EQ(both(program({leave(), jump(Jump::eq, 0, 0, 0)})),
            "slot 1: the program runs off its end");
  Instruction kfunc = call_helper(77);
  kfunc.operation = static_cast<u8>(Call::kfunc);
  EXPECT_EQ(both(program({kfunc, leave()})), "slot 0: kernel functions cannot be called here");
  Instruction map = constant(1, 3);
  map.operation = static_cast<u8>(Constant::map);
  EXPECT_EQ(both(program({map, leave()})),
            "slot 0: the constant names a map or variable that is not bound");
}

TEST(Faults, bound_constants_become_their_addresses) {
  const std::array<u64, 2> maps = {111, 222};
  const std::array<u64, 2> values = {0, 0x1000};
  platform::Bindings bindings;
  bindings.maps = maps;
  bindings.map_values = values;
  Instruction map = constant(0, 1);
  map.operation = static_cast<u8>(Constant::map);
  EXPECT_EQ(run_both(program({map, leave()}), {}, 10, bindings).result, "0xde");
  Instruction value = constant(0, 0x800000001);
  value.operation = static_cast<u8>(Constant::map_value);
  EXPECT_EQ(run_both(program({value, leave()}), {}, 10, bindings).result, "0x1008");
  value.immediate = 0;  // a map without a value to point at
  EXPECT_EQ(run_both(program({value, leave()}), {}, 10, bindings).result,
            "slot 0: the constant names a map or variable that is not bound");
}

// ---- the checked mode, which asks about live memory ----

class OneWord final : public interpret::Memory {
 public:
  explicit OneWord(const u64& word) : begin_(reinterpret_cast<u64>(&word)) {}
  bool allows(u64 address, u32 bytes, interpret::Touch touch) override {
    return touch == interpret::Touch::read && bytes <= 8 && address - begin_ <= 8 - bytes;
  }

 private:
  u64 begin_;
};

TEST(Faults, the_checked_mode_asks_before_each_access) {
  u64 word = 77;
  OneWord memory(word);
  const auto reads = interpret::Binder::bind(
      program({store(Width::w64, 10, -8, 1), load(Width::w64, 0, 1, 0), leave()}), {});
  EXPECT_EQ(interpret::run_checked(reads, &word, nullptr, memory, 100).value(), 77u);
  const auto writes =
      interpret::Binder::bind(program({mov(0, 1), store(Width::w64, 1, 0, 5), leave()}), {});
  const auto fault = interpret::run_checked(writes, &word, nullptr, memory, 100);
  ASSERT_FALSE(fault.ok());
  EXPECT_EQ(fault.error().fault, Fault::rejected);
  EXPECT_TRUE(fault.error().message.starts_with("slot 1: write of 8 bytes"))
      << fault.error().message;
  EXPECT_EQ(word, 77u);
  const auto endless = interpret::Binder::bind(program({go(0)}), {});
  EXPECT_EQ(interpret::run_checked(endless, &word, nullptr, memory, 100).error().fault,
            Fault::exhausted);
}

}  // namespace
}  // namespace skep::engines
