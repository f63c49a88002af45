// Calls of every kind, on both engines: helpers, local functions, tail calls, packet loads,
// look-ups in place.
#include <array>
#include <cstddef>
#include <numeric>

#include "engines.hpp"

namespace skep::engines {
namespace {

using platform::Bindings;

struct Log {
  std::vector<u64> values;
};

u64 note_arguments(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, void* execution) {
  auto* log = static_cast<Log*>(execution);
  if (log != nullptr) log->values = {r1, r2, r3, r4, r5};
  return r1 + 2 * r2 + 3 * r3 + 4 * r4 + 5 * r5;
}

u64 clobber(u64, u64, u64, u64, u64, void*) {
  // All that the calling convention lets a function destroy.
#if defined(__aarch64__)
  asm volatile("" ::
                   : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
                     "x12", "x13", "x14", "x15", "x16", "x17");
#else
  asm volatile("" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
#endif
  return 42;
}

u64 stack_is_aligned(u64, u64, u64, u64, u64, void*) {
  return reinterpret_cast<u64>(__builtin_frame_address(0)) % 16 == 0 ? 1 : 0;
}

Bindings with_helpers() {
  Bindings bindings;
  bindings.helpers[5] = note_arguments;
  bindings.helpers[7] = clobber;
  bindings.helpers[8] = stack_is_aligned;
  return bindings;
}

// r0 on all engines, as if the program were proved.
u64 run_trusted(const Code& code, const Bindings& bindings, void* context = nullptr,
                void* execution = nullptr) {
  const u64 want = Reference(code, bindings).run(context, execution);
  EXPECT_EQ(thread(code, bindings).run(context, execution), want);
  EXPECT_EQ(compile(code, bindings).run(context, execution), want);
  return want;
}

TEST(Calls, a_helper_gets_five_arguments_and_the_execution) {
  const Code code = program(
      {mov(1, 1), mov(2, 20), mov(3, 300), mov(4, 4000), mov(5, 50000), call_helper(5), leave()});
  for (const auto& run :
       {+[](const Code&c, Log&log) { return Reference(c, with_helpers()).run(nullptr, &log); },
        +[](const Code&c, Log&log) { return thread(c, with_helpers()).run(nullptr, &log); },
        +[](const Code&c, Log&log) { return compile(c, with_helpers()).run(nullptr, &log); }}) {
    Log log;
    EXPECT_EQ(run(code, log), 1u + 40 + 900 + 16000 + 250000);
    EXPECT_EQ(log.values, (std::vector<u64>{1, 20, 300, 4000, 50000}));
  }
}

TEST(Calls, a_far_helper_is_reached_through_a_register) {
  const Code code =
      program({mov(1, 9), mov(2, 0), mov(3, 0), mov(4, 0), mov(5, 0), call_helper(5), leave()});
  jit::Source source;
  source.code = code;
  source.functions = functions_of(code, 0);
  auto target = jit::this_machine().value();
  target.code_begin = 0;  // as if the code might be anywhere
  const auto compiled = jit::Compiler::compile(source, with_helpers(), target).value();
  EXPECT_EQ(compiled.run(nullptr, nullptr), 9u);
}

TEST(Calls, registers_6_to_9_and_the_stack_survive_a_helper) {
  const Code code = program(
      {mov(6, 6), mov(7, 7), mov(8, 8), mov(9, 9), store(Width::w64, 10, -8, 1000), call_helper(7),
       alu_reg(Alu::add, 0, 6), alu_reg(Alu::add, 0, 7), alu_reg(Alu::add, 0, 8),
       alu_reg(Alu::add, 0, 9), load(Width::w64, 1, 10, -8), alu_reg(Alu::add, 0, 1), leave()});
  EXPECT_EQ(run_trusted(code, with_helpers()), 42u + 30 + 1000);
}

TEST(Calls, the_stack_is_aligned_for_helpers_whatever_is_saved) {
  for (u32 saved = 0; saved <= 4; ++saved) {
    for (u32 words = 0; words <= 3; ++words) {
      for (bool nested : {false, true}) {
        Code code;
        for (u8 r = 0; r < saved; ++r) code.push_back(mov(static_cast<u8>(6 + r), r));
        for (u32 at = 1; at <= words; ++at) {
          code.push_back(store(Width::w64, 10, static_cast<s16>(-8 * static_cast<s32>(at)), 0));
        }
        code.push_back(nested ? call_local(0) : call_helper(8));
        for (u8 r = 0; r < saved; ++r) {
          code.push_back(alu_reg(Alu::xor_, static_cast<u8>(6 + r), static_cast<u8>(6 + r)));
          code.push_back(alu_reg(Alu::add, 0, static_cast<u8>(6 + r)));
        }
        code.push_back(leave());
        if (nested) {
          for (Instruction& i : code) {
            if (is_local_call(i)) i.target = InstructionIndex(code.size());
          }
          code.push_back(call_helper(8));
          code.push_back(leave());
        }
        assign_slots(code);
        EXPECT_EQ(run_trusted(code, with_helpers()), 1u) << saved << " " << words;
        EXPECT_EQ(run_both(code, {}, 1000, with_helpers()).result, "0x1") << saved << " " << words;
      }
    }
  }
}

TEST(Calls, confined_code_sees_zeros_in_the_arguments_after_a_call) {
  const Code code =
      program({mov(3, 77), call_helper(7), mov_reg(0, 1), alu_reg(Alu::or_, 0, 2),
               alu_reg(Alu::or_, 0, 3), alu_reg(Alu::or_, 0, 4), alu_reg(Alu::or_, 0, 5), leave()});
  EXPECT_EQ(run_both(code, {}, 100, with_helpers()).result, "0x0");
}

TEST(Calls, an_indirect_call_takes_the_number_of_a_helper) {
  const Code code = program({mov(1, 3), mov(2, 0), mov(3, 0), mov(4, 0), mov(5, 0), mov(6, 5),
                             call_indirect(6), leave()});
  EXPECT_EQ(run_both(code, {}, 100, with_helpers()).result, "0x3");
  EXPECT_EQ(run_trusted(code, with_helpers()), 3u);
  for (s64 id : {s64{6}, s64{12}, s64{212}, s64{-1}, s64{1} << 32}) {
    const Code bad = program({constant(2, static_cast<u64>(id)), call_indirect(2), leave()});
    const std::string fault = run_both(bad, {}, 100, with_helpers()).result;
    EXPECT_TRUE(fault.starts_with("slot 2: helper ")) << fault;
    EXPECT_TRUE(fault.ends_with("is not available here")) << fault;
  }
}

TEST(Calls, a_helper_that_is_not_bound_is_a_fault_when_it_is_called) {
  const Code jumps_over = program({mov(0, 1), go(3), call_helper(6), leave()});
  EXPECT_EQ(run_both(jumps_over).result, "0x1");
  EXPECT_EQ(run_both(program({call_helper(6), leave()})).result,
            "slot 0: helper 6 (trace_printk) is not available here");
  EXPECT_EQ(run_both(program({call_helper(12), leave()})).result,
            "slot 0: helper 12 (tail_call) is not available here");
}

// ---- local calls ----

TEST(Calls, a_function_has_its_own_frame_and_registers) {
  const Code code = program({
      mov(6, 60),
      store(Width::w64, 10, -8, 5),
      mov(1, 1),
      mov_reg(2, 10),
      call_local(9),
      load(Width::w64, 1, 10, -8),
      alu_reg(Alu::add, 0, 1),
      alu_reg(Alu::add, 0, 6),
      leave(),
      mov(6, 1),  // the function, from here on
      store(Width::w64, 10, -8, 700),
      store(Width::w64, 2, -8, 9),
      mov(0, 1000),
      leave(),
  });
  EXPECT_EQ(run_trusted(code, {}), 1000u + 9 + 60);
  EXPECT_EQ(run_both(code).result, "0x42d");
}

Code calls_itself(s64 times) {
  return program({mov(1, times), call_local(3), leave(), jump(Jump::ne, 1, 0, 6), mov(0, 7),
                  leave(), alu(Alu::sub, 1, 1), call_local(3), alu(Alu::add, 0, 1), leave()});
}

TEST(Calls, eight_frames_and_no_more) {
  EXPECT_EQ(run_both(calls_itself(6)).result, "0xd");
  EXPECT_EQ(run_trusted(calls_itself(6), {}), 13u);
  EXPECT_EQ(run_both(calls_itself(7)).result, "slot 7: more than 8 frames of local calls");
}

TEST(Calls, confined_functions_may_jump_into_each_other) {
  const Code code = program({mov(6, 3), call_local(4), alu_reg(Alu::add, 0, 6), leave(), mov(0, 1),
                             jump(Jump::eq, 6, 3, 2), leave()});
  // The callee jumps into its caller's code, whose exit then ends the callee.
  EXPECT_EQ(run_both(code).result, "0x7");
}

// main: r6 = 7; dirty(); r0 = sum() + r6.   dirty fills its frame; sum adds up part of its own,
// which has the same place.
Code sums_up_its_frame(s32 first, u32 slots) {
  Code code = {mov(6, 7), call_local(5), call_local(0), alu_reg(Alu::add, 0, 6), leave()};
  for (s32 at = -512; at < 0; at += 8) {
    code.push_back(store(Width::w64, 10, static_cast<s16>(at), -1));
  }
  code.push_back(mov(0, 0));
  code.push_back(leave());
  code[2].target = InstructionIndex(code.size());
  code.push_back(mov(0, 0));
  code.push_back(mov(6, 1));
  for (u32 slot = 0; slot < slots; ++slot) {
    code.push_back(load(Width::w64, 1, 10, static_cast<s16>(first + static_cast<s32>(8 * slot))));
    code.push_back(alu_reg(Alu::or_, 0, 1));
  }
  code.push_back(leave());
  assign_slots(code);
  return code;
}

TEST(Calls, what_a_function_may_read_unwritten_of_its_frame_is_zero) {
  for (const auto& [first, slots] : {std::pair(-8, 1u), std::pair(-512, 64u), std::pair(-512, 1u),
                                     std::pair(-72, 5u), std::pair(-24, 2u)}) {
    const Code code = sums_up_its_frame(first, slots);
    jit::Source source;
    source.code = code;
    source.functions = functions_of(code, kStackBytes);
    const auto run = [&] {
      return jit::Compiler::compile(source, {}, jit::this_machine().value())
          .value()
          .run(nullptr, nullptr);
    };
    EXPECT_NE(run(), 7u) << "the functions do not share a place, and this test sees nothing";
    // The verifier counts bytes: the first and last of them stand inside of slots.
    source.functions[2].frame.zeroed.first = first + 3;
    source.functions[2].frame.zeroed.bytes = 8 * slots - 5;
    EXPECT_EQ(run(), 7u) << first << " " << slots;
  }
}

// ---- tail calls ----

struct Chain {
  const void* target = nullptr;
  u32 asked = 0;
  u64 map = 0, index = 0;
};

const void* next_of(u64 map, u64 index, void* execution) {
  auto& chain = *static_cast<Chain*>(execution);
  ++chain.asked;
  chain.map = map;
  chain.index = index;
  return chain.target;
}

Bindings with_tail_calls() {
  Bindings bindings = with_helpers();
  bindings.tail_call = next_of;
  return bindings;
}

// *context += 1; tail call; r0 = *context when it fails. `extra` makes the frames differ.
Code counting(u32 extra) {
  Code code;
  for (u8 r = 0; r < extra; ++r) code.push_back(mov(static_cast<u8>(7 + r), r));
  for (const Instruction& i :
       {mov_reg(6, 1), load(Width::w64, 2, 1, 0), alu(Alu::add, 2, 1),
        store_reg(Width::w64, 1, 0, 2), mov(2, 0x1234), constant(3, 0x500000003), call_helper(12),
        alu(Alu::and_, 0, 0x1000), load(Width::w64, 1, 6, 0), alu_reg(Alu::add, 0, 1), leave()}) {
    code.push_back(i);
  }
  assign_slots(code);
  return code;
}

TEST(Calls, a_tail_call_replaces_the_program) {
  const Code last = program({load(Width::w64, 0, 1, 0), alu(Alu::mul, 0, 100), leave()});
  u64 context = 5;
  Chain chain;
  const Reference reference(last, with_tail_calls());
  chain.target = reference.image();
  EXPECT_EQ(Reference(counting(0), with_tail_calls()).run(&context, &chain), 600u);
  EXPECT_EQ(chain.map, 0x1234u);
  EXPECT_EQ(chain.index, 3u);
  context = 5;
  const auto image = thread(last, with_tail_calls());
  chain = {.target = &image};
  EXPECT_EQ(thread(counting(0), with_tail_calls()).run(&context, &chain), 600u);
  EXPECT_EQ(chain.map, 0x1234u);
  EXPECT_EQ(chain.index, 3u);
  context = 5;
  const auto compiled = compile(last, with_tail_calls());
  Chain machine_chain{.target = compiled.tail_entry()};
  EXPECT_EQ(compile(counting(2), with_tail_calls()).run(&context, &machine_chain), 600u);
  EXPECT_EQ(machine_chain.map, 0x1234u);
  EXPECT_EQ(machine_chain.index, 3u);
}

TEST(Calls, a_failed_tail_call_goes_on_with_minus_one) {
  u64 context = 5;
  Chain chain;
  EXPECT_EQ(Reference(counting(0), with_tail_calls()).run(&context, &chain), 0x1006u);
  context = 5;
  EXPECT_EQ(thread(counting(0), with_tail_calls()).run(&context, &chain), 0x1006u);
  context = 5;
  EXPECT_EQ(compile(counting(1), with_tail_calls()).run(&context, &chain), 0x1006u);
}

TEST(Calls, the_34th_tail_call_of_a_run_fails) {
  Chain chain;
  u64 context = 0;
  const Reference reference(counting(0), with_tail_calls());
  chain.target = reference.image();
  EXPECT_EQ(reference.run(&context, &chain), 0x1000u + 34);
  EXPECT_EQ(chain.asked, 33u);
  context = 0;
  const auto image = thread(counting(0), with_tail_calls());
  chain = {.target = &image};
  EXPECT_EQ(image.run(&context, &chain), 0x1000u + 34);
  EXPECT_EQ(chain.asked, 33u);
  for (u32 extra = 0; extra < 3; ++extra) {
    context = 0;
    const auto compiled = compile(counting(extra), with_tail_calls());
    chain = {.target = compiled.tail_entry()};
    EXPECT_EQ(compiled.run(&context, &chain), 0x1000u + 34);
    EXPECT_EQ(chain.asked, 33u);
  }
}

TEST(Calls, a_tail_call_in_a_function_returns_to_the_functions_caller) {
  // main: r6 = 7; r0 = f(context); r0 += r6.   f: tail call, else r0 = 1
  const Code caller = program({mov(6, 7), call_local(4), alu_reg(Alu::add, 0, 6), leave(),
                               mov_reg(9, 1), store(Width::w64, 10, -8, 1), mov(2, 1), mov(3, 2),
                               call_helper(12), mov(0, 1), leave()});
  const Code target = program({load(Width::w64, 6, 1, 0), store_reg(Width::w64, 10, -8, 6),
                               load(Width::w64, 0, 10, -8), leave()});
  u64 context = 1000;
  Chain chain;
  EXPECT_EQ(Reference(caller, with_tail_calls()).run(&context, &chain), 8u);
  EXPECT_EQ(thread(caller, with_tail_calls()).run(&context, &chain), 8u);
  EXPECT_EQ(compile(caller, with_tail_calls()).run(&context, &chain), 8u);
  const Reference reference(target);
  chain.target = reference.image();
  EXPECT_EQ(Reference(caller, with_tail_calls()).run(&context, &chain), 1007u);
  const auto image = thread(target);
  chain.target = &image;
  EXPECT_EQ(thread(caller, with_tail_calls()).run(&context, &chain), 1007u);
  const auto compiled = compile(target);
  chain.target = compiled.tail_entry();
  EXPECT_EQ(compile(caller, with_tail_calls()).run(&context, &chain), 1007u);
}

TEST(Calls, tail_calls_of_functions_count_for_the_whole_run) {
  // main calls f twice; f calls main by tail call while it can. Counted a frame only, this would
  // not end.
  const Code code =
      program({mov_reg(6, 1), call_local(5), mov_reg(1, 6), call_local(5), leave(),
               load(Width::w64, 2, 1, 0), alu(Alu::add, 2, 1), store_reg(Width::w64, 1, 0, 2),
               mov(2, 0), mov(3, 0), call_helper(12), mov(0, 0), leave()});
  Bindings bindings = with_tail_calls();
  u64 context = 0;
  Chain chain;
  const auto compiled = compile(code, bindings);
  chain.target = compiled.tail_entry();
  compiled.run(&context, &chain);
  const u64 by_jit = context;
  context = 0;
  const Reference reference(code, bindings);
  chain = {.target = reference.image()};
  reference.run(&context, &chain);
  EXPECT_EQ(context, by_jit);
  context = 0;
  const auto image = thread(code, bindings);
  chain = {.target = &image};
  image.run(&context, &chain);
  EXPECT_EQ(context, by_jit);
  EXPECT_LT(by_jit, 100u);
  EXPECT_GE(by_jit, 34u);
}

// ---- packet loads ----

s64 read_packet(u64 context, s32 offset, u32 bytes, void*) {
  const auto& packet = *reinterpret_cast<const std::array<u8, 8>*>(context);
  if (offset < 0 || static_cast<u64>(offset) + bytes > packet.size()) return -1;
  s64 value = 0;
  for (u32 at = 0; at < bytes; ++at) value = value << 8 | packet[static_cast<u32>(offset) + at];
  return value;
}

TEST(Calls, packet_loads_are_big_endian_and_leave_when_outside) {
  Bindings bindings;
  bindings.packet_load = read_packet;
  std::array<u8, 8> packet = {0x11, 0x22, 0x33, 0x44, 0xf5, 0x66, 0x77, 0x88};
  const auto run = [&](const Instruction& i, s64 index) {
    const Code code = program({mov_reg(6, 1), mov(7, index), i, alu(Alu::add, 0, 1), leave()});
    return run_trusted(code, bindings, packet.data());
  };
  EXPECT_EQ(run(packet_load(Packet::absolute, Width::w8, 0, 4), 0), 0xf6u);
  EXPECT_EQ(run(packet_load(Packet::absolute, Width::w16, 0, 4), 0), 0xf567u);
  EXPECT_EQ(run(packet_load(Packet::absolute, Width::w32, 0, 4), 0), 0xf5667789u);
  EXPECT_EQ(run(packet_load(Packet::indirect, Width::w16, 7, 1), 2), 0x44f6u);
  EXPECT_EQ(run(packet_load(Packet::indirect, Width::w16, 7, 3), -2), 0x2234u);
  EXPECT_EQ(run(packet_load(Packet::absolute, Width::w32, 0, 5), 0), 0u);
  EXPECT_EQ(run(packet_load(Packet::absolute, Width::w8, 0, -1), 0), 0u);
}

TEST(Calls, a_packet_load_that_fails_ends_only_its_function) {
  Bindings bindings;
  bindings.packet_load = read_packet;
  std::array<u8, 8> packet = {1};
  const Code code = program({mov(0, 3), call_local(4), alu(Alu::add, 0, 5), leave(), mov_reg(6, 1),
                             packet_load(Packet::absolute, Width::w8, 0, 99), mov(0, 77), leave()});
  EXPECT_EQ(run_trusted(code, bindings, packet.data()), 5u);
  EXPECT_EQ(run_both(program({packet_load(Packet::absolute, Width::w8, 0, 0), leave()})).result,
            "slot 0: packet loads are not available here");
}

// ---- far jumps ----

// Twice: unless r1 JUMP 4, a long way of additions; and back over all of it.
Code around_a_long_way(Jump condition, u32 length) {
  Code code = {mov(0, 0), mov(2, 2), jump(condition, 1, 4, length + 3)};
  for (u32 at = 0; at < length; ++at) code.push_back(alu(Alu::add, 0, 3));
  code.push_back(alu(Alu::add, 0, 1));
  code.push_back(alu(Alu::xor_, 1, 4));
  code.push_back(alu(Alu::sub, 2, 1));
  code.push_back(jump(Jump::ne, 2, 0, 2));
  code.push_back(leave());
  assign_slots(code);
  return code;
}

// Where conditional jumps of one bit reach 32 KiB and others 1 MiB (aarch64), these do not reach.
TEST(Calls, jumps_reach_over_any_length) {
  for (const auto& [condition, length] :
       {std::pair(Jump::set, 10'000u), std::pair(Jump::sge, 10'000u),
        std::pair(Jump::eq, 270'000u)}) {
    const Code code = around_a_long_way(condition, length);
    const auto compiled = compile(code);
    const auto image = thread(code);
    const Reference reference(code);
    for (u64 r1 : {u64{0}, u64{4}, ~u64{0}}) {
      void* const context = reinterpret_cast<void*>(r1);
      const u64 want = reference.run(context, nullptr);
      EXPECT_EQ(compiled.run(context, nullptr), want) << r1;
      EXPECT_EQ(image.run(context, nullptr), want) << r1;
    }
  }
}

// ---- bounded loops and look-ups ----

TEST(Calls, may_goto_leaves_when_the_budget_of_the_frame_is_used_up) {
  const Code code = program({mov(0, 0), may_goto(4), alu(Alu::add, 0, 1), go(1), leave()});
  EXPECT_EQ(run_trusted(code, {}), interpret::kLoopsMax);
  EXPECT_EQ(run_both(code, {}, 100'000'000).result, format("0x{:x}", interpret::kLoopsMax));
  // Used up stays used up; a function has its own.
  const Code twice =
      program({mov(0, 0), may_goto(3), go(1), may_goto(6), alu(Alu::add, 0, 100), go(6),
               call_local(8), leave(), mov(0, 0), may_goto(11), alu(Alu::add, 0, 1), leave()});
  EXPECT_EQ(run_trusted(twice, {}), 1u);
  EXPECT_EQ(run_both(twice, {}, 100'000'000).result, "0x1");
}

TEST(Calls, a_look_up_in_a_known_array_is_made_in_place) {
  std::array<u64, 8> values = {10, 11, 12, 13, 14, 15, 16, 17};
  for (u32 stride : {8u, 24u}) {
    const std::array<platform::ArrayShape, 2> arrays = {
        platform::ArrayShape{}, {reinterpret_cast<u64>(values.data()), stride, 2}};
    Bindings bindings;
    bindings.arrays = arrays;
    bindings.helpers[1] = clobber;  // what a call would give
    const Code code =
        program({store_reg(Width::w32, 10, -4, 1), mov_reg(2, 10), alu(Alu::add, 2, -4), mov(1, 0),
                 call_helper(1), jump(Jump::eq, 0, 0, 7), load(Width::w64, 0, 0, 0), leave()});
    std::vector<verify::Fact> facts(code.size());
    facts[4].map = 1;
    const auto inlined = compile(code, bindings, Features::present, facts);
    const auto at = [&](u64 index) { return inlined.run(reinterpret_cast<void*>(index), nullptr); };
    EXPECT_EQ(at(0), 10u);
    EXPECT_EQ(at(1), stride == 8 ? 11u : 13u);
    EXPECT_EQ(at(2), 0u);
    EXPECT_EQ(at(0xffffffff), 0u);
    facts[4].map = 0;  // a map of another kind is called
    const Code calls = program({call_helper(1), leave()});
    EXPECT_EQ(compile(calls, bindings, Features::present, std::span(facts).first(2))
                  .run(nullptr, nullptr),
              42u);
  }
}

// A look-up with its key on the stack, and what is done when there is no element, both ways round.
Code look_up(const Instruction& key, bool leaves_when_null, std::vector<Instruction> between = {}) {
  std::vector<Instruction> list = {key};
  list.insert(list.end(), between.begin(), between.end());
  for (const Instruction& i : {mov_reg(2, 10), alu(Alu::add, 2, -4), mov(1, 0), call_helper(1)})
    list.push_back(i);
  const auto at = static_cast<u32>(list.size());
  if (leaves_when_null) {
    for (const Instruction& i :
         {jump(Jump::eq, 0, 0, at + 3), load(Width::w64, 0, 0, 0), leave(), mov(0, 5), leave()})
      list.push_back(i);
  } else {
    for (const Instruction& i :
         {jump(Jump::ne, 0, 0, at + 3), mov(0, 5), leave(), load(Width::w64, 0, 0, 0), leave()})
      list.push_back(i);
  }
  assign_slots(list);
  return list;
}

TEST(Calls, a_look_up_by_whatever_key_gives_its_element) {
  alignas(8) std::array<u64, 8> values = {10, 11, 12, 13, 14, 15, 16, 17};
  struct {
    u32 cpu = 1;
  } execution;
  const auto run = [&](const Code& code, u64 argument, u64 cpu_stride) {
    const platform::ArrayShape shape{reinterpret_cast<u64>(values.data()), 8, 4, cpu_stride};
    Bindings bindings;
    bindings.arrays = std::span(&shape, 1);
    bindings.helpers[1] = clobber;
    std::vector<verify::Fact> facts(code.size());
    for (u32 at = 0; at < code.size(); ++at) {
      if (code[at].form == Form::call) facts[at].map = 0;
      if (code[at].form == Form::store) facts[at].region = verify::Region::stack;
    }
    return compile(code, bindings, Features::present, facts)
        .run(reinterpret_cast<void*>(argument), &execution);
  };
  for (const u64 cpu_stride : {0u, 32u}) {
    const u64 first = cpu_stride == 0 ? 10 : 14;
    for (const bool leaves : {true, false}) {
      for (const u64 index : {0u, 1u, 3u, 4u, 0xffffffffu}) {
        const u64 want = index < 4 ? first + index : 5;
        const auto immediate = static_cast<s32>(index);
        // From a register that stands, from r2 itself, as a number, and where it is changed later.
        EXPECT_EQ(run(look_up(store_reg(Width::w32, 10, -4, 1), leaves), index, cpu_stride), want);
        EXPECT_EQ(run(look_up(mov_reg(2, 1), leaves, {store_reg(Width::w32, 10, -4, 2)}), index,
                      cpu_stride),
                  want);
        EXPECT_EQ(run(look_up(store(Width::w32, 10, -4, immediate), leaves), 9, cpu_stride), want);
        EXPECT_EQ(
            run(look_up(store_reg(Width::w32, 10, -4, 1), leaves, {mov(1, 9)}), index, cpu_stride),
            want);
        EXPECT_EQ(run(look_up(store(Width::w32, 10, -4, 2), leaves,
                              {store(Width::w32, 10, -4, immediate)}),
                      9, cpu_stride),
                  want);
        // A part of it is changed, and it is written through another register.
        if (index == 3) {
          EXPECT_EQ(
              run(look_up(store(Width::w32, 10, -4, 3), leaves, {store(Width::w8, 10, -4, 1)}), 9,
                  cpu_stride),
              first + 1);
          EXPECT_EQ(run(look_up(store(Width::w32, 10, -4, 3), leaves,
                                {mov_reg(3, 10), store(Width::w32, 3, -4, 0)}),
                        9, cpu_stride),
                    first);
        }
      }
    }
  }
}

TEST(Calls, a_look_up_in_a_per_cpu_array_is_made_in_the_slot_of_the_execution) {
  struct {
    u64 other = ~u64{0};
    u32 cpu = 0;
    u32 behind = ~u32{0};
  } execution;
  std::array<u64, 12> values;
  std::iota(values.begin(), values.end(), 10);
  for (u64 cpu_stride : {16u, 24u, 32u}) {
    const platform::ArrayShape shape{reinterpret_cast<u64>(values.data()), 8, 2, cpu_stride};
    Bindings bindings;
    bindings.arrays = std::span(&shape, 1);
    bindings.cpu_offset = offsetof(decltype(execution), cpu);
    bindings.helpers[1] = clobber;  // what a call would give
    const Code code =
        program({store_reg(Width::w32, 10, -4, 1), mov_reg(2, 10), alu(Alu::add, 2, -4), mov(1, 0),
                 call_helper(1), jump(Jump::eq, 0, 0, 7), load(Width::w64, 0, 0, 0), leave()});
    std::vector<verify::Fact> facts(code.size());
    facts[4].map = 0;
    const auto inlined = compile(code, bindings, Features::present, facts);
    for (u32 cpu : {0u, 1u, 2u}) {
      execution.cpu = cpu;
      for (u64 index : {0u, 1u}) {
        EXPECT_EQ(inlined.run(reinterpret_cast<void*>(index), &execution),
                  10 + cpu * cpu_stride / 8 + index);
      }
      EXPECT_EQ(inlined.run(reinterpret_cast<void*>(u64{2}), &execution), 0u);
    }
  }
}

}  // namespace
}  // namespace skep::engines
