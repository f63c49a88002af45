// bpf_throw() on all engines: from any depth, with and without a callback, with tail calls around
// it.
#include <cstddef>

#include "engines.hpp"

namespace skep::engines {
namespace {

using platform::Bindings;

// What programs are entered with here.
struct Entered {
  const void* target = nullptr;  // of every tail call
  u64 unwind_to = 0x5555;
  platform::Budget budget{};
};

const void* target_of_run(u64, u64, void* execution) {
  return static_cast<Entered*>(execution)->target;
}

u64 forty_two(u64, u64, u64, u64, u64, void*) { return 42; }

Bindings throwing_bindings() {
  Bindings out;
  out.unwind_offset = offsetof(Entered, unwind_to);
  out.tail_call = target_of_run;
  out.helpers[7] = forty_two;
  return out;
}

jit::Source with_callback(const Code& code, std::size_t callback) {
  jit::Source source;
  source.name = "test";
  source.code = code;
  source.functions = functions_of(code, kStackBytes);
  const auto begins = [](const jit::SourceFunction& each) { return each.begin; };
  if (callback != 0 &&
      std::ranges::find(source.functions, callback, begins) == source.functions.end()) {
    for (std::size_t at = 0; at < source.functions.size(); ++at) {
      jit::SourceFunction& each = source.functions[at];
      if (callback <= each.begin || callback >= each.end) continue;
      const jit::SourceFunction rest{"callback", static_cast<u32>(callback), each.end,
                                     any_frame(kStackBytes)};
      each.end = rest.begin;
      source.functions.insert(source.functions.begin() + static_cast<std::ptrdiff_t>(at) + 1, rest);
      break;
    }
  }
  return source;
}

jit::Compiled compile_with_callback(const Code& code, std::size_t callback) {
  return jit::Compiler::compile(with_callback(code, callback), throwing_bindings(),
                                jit::this_machine().value())
      .value();
}

threaded::Image thread_with_callback(const Code& code, std::size_t callback) {
  return threaded::Image::bind(with_callback(code, callback), throwing_bindings());
}

// A caller that has something in every register that C lets it keep: what throws must give them
// back.
u64 run_compiled(const jit::Compiled& compiled, void* context, Entered& run) {
  u64 kept[12];
  for (u64 at = 0; at < std::size(kept); ++at) kept[at] = at * 0x1111 + reinterpret_cast<u64>(&run);
  asm volatile("" : "+m"(kept));
  const u64 a = kept[0], b = kept[1], c = kept[2], d = kept[3], e = kept[4], f = kept[5];
  const u64 result = compiled.run(context, &run);
  EXPECT_EQ(a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f,
            kept[0] + 2 * kept[1] + 3 * kept[2] + 4 * kept[3] + 5 * kept[4] + 6 * kept[5]);
  EXPECT_EQ(run.unwind_to, 0x5555u) << "what an outer program had noted is gone";
  return result;
}

// r0 on all engines.
u64 run_throwing(const Code& code, std::size_t callback = 0, void* context = nullptr) {
  Entered run;
  const u64 want = Reference(code, throwing_bindings()).run(context, &run);
  EXPECT_EQ(thread_with_callback(code, callback).run(context, &run), want);
  const jit::Compiled compiled = compile_with_callback(code, callback);
  EXPECT_EQ(run_compiled(compiled, context, run), want);
  return want;
}

TEST(Exceptions, a_throw_ends_the_program_with_its_cookie) {
  EXPECT_EQ(
      run_throwing(program({constant(1, 0x123456789a), throw_exception(), mov(0, 1), leave()})),
      0x123456789au);
}

TEST(Exceptions, a_function_behind_a_throw_is_not_what_follows_it) {
  // main: r0 = f(5); throws r0.   f: the sum of 1 to r1
  EXPECT_EQ(run_throwing(program({mov(1, 5), call_local(4), mov_reg(1, 0), throw_exception(),
                                  mov(0, 0), alu_reg(Alu::add, 0, 1), alu(Alu::sub, 1, 1),
                                  jump(Jump::ne, 1, 0, 5), leave()})),
            15u);
}

// main sets r1 to 40 and calls f1, which calls f2 and so on; each adds 1, and the last one throws.
// All have r6 to r9 and a frame. `callback` begins behind them, or there is none.
enum class Callback : u8 { none, behind };
Code throws_at(u32 depth, Callback callback = Callback::none) {
  constexpr std::size_t kEach = 13;  // instructions of a function
  Code code;
  for (std::size_t at = 0; at <= depth; ++at) {
    for (u8 r = 6; r <= 9; ++r) code.push_back(mov(r, s64{100} * r));
    code.push_back(store(Width::w64, 10, -512, 7));
    code.push_back(at == 0 ? mov(1, 40) : mov_reg(1, 1));
    code.push_back(alu(Alu::add, 1, 1));
    const std::size_t end = (depth + 1) * kEach;
    code.push_back(at == depth ? throw_exception(callback == Callback::none ? 0 : end)
                               : call_local((at + 1) * kEach));
    for (u8 r = 6; r <= 9; ++r) code.push_back(alu_reg(Alu::add, 0, r));
    code.push_back(leave());
  }
  assign_slots(code);
  return code;
}

TEST(Exceptions, a_throw_leaves_all_functions) {
  for (u32 depth = 0; depth < kFramesMax; ++depth) {
    EXPECT_EQ(run_throwing(throws_at(depth)), 41u + depth) << depth;
  }
}

TEST(Exceptions, a_callback_makes_the_result_of_the_cookie) {
  for (u32 depth = 0; depth < kFramesMax; ++depth) {
    Code code = throws_at(depth, Callback::behind);
    const std::size_t callback = code.size();
    // It has a frame of its own and may call: helpers, and functions as deep as any program.
    for (const Instruction& i :
         {mov_reg(6, 1), store_reg(Width::w64, 10, -8, 1), call_helper(7), call_local(callback + 8),
          load(Width::w64, 1, 10, -8), alu_reg(Alu::add, 0, 6), alu_reg(Alu::add, 0, 1), leave(),
          store(Width::w64, 10, -8, 9), mov(6, 0), mov(0, 1000), leave()}) {
      code.push_back(i);
    }
    assign_slots(code);
    EXPECT_EQ(run_throwing(code, callback), 1000u + 2 * (41 + depth)) << depth;
  }
}

TEST(Exceptions, a_program_runs_again_after_it_has_thrown) {
  // throws 5 where the context is not 0
  const Code code =
      program({mov_reg(6, 1), call_local(3), leave(), load(Width::w64, 7, 1, 0),
               jump(Jump::eq, 7, 0, 7), mov(1, 5), throw_exception(), mov(0, 1), leave()});
  Entered run;
  const Reference reference(code, throwing_bindings());
  const threaded::Image image = thread_with_callback(code, 0);
  const jit::Compiled compiled = compile_with_callback(code, 0);
  for (u64 context : {u64{1}, u64{0}, u64{2}, u64{0}}) {
    EXPECT_EQ(reference.run(&context, &run), context == 0 ? 1u : 5u);
    EXPECT_EQ(image.run(&context, &run), context == 0 ? 1u : 5u);
    EXPECT_EQ(run_compiled(compiled, &context, run), context == 0 ? 1u : 5u);
  }
}

// r0 of `caller` on all engines, whose tail calls enter `thrower`.
void expect_through(const Code& caller, const Code& thrower, u64 r0) {
  Entered run;
  const Reference reference(thrower, throwing_bindings());
  run.target = reference.image();
  EXPECT_EQ(Reference(caller, throwing_bindings()).run(nullptr, &run), r0) << "reference";
  const threaded::Image image = thread_with_callback(thrower, 0);
  run.target = &image;
  EXPECT_EQ(thread_with_callback(caller, 0).run(nullptr, &run), r0) << "threaded code";
  const jit::Compiled target = compile_with_callback(thrower, 0);
  run.target = target.tail_entry();
  EXPECT_EQ(run_compiled(compile_with_callback(caller, 0), nullptr, run), r0) << "JIT";
}

TEST(Exceptions, a_throw_ends_the_program_that_a_tail_call_entered) {
  const Code caller =
      program({mov(6, 1), mov(2, 1), mov(3, 2), call_helper(12), mov(0, 7), leave()});
  expect_through(caller, throws_at(3), 44);
}

TEST(Exceptions, a_throw_behind_a_tail_call_of_a_function_ends_the_inner_program) {
  // main: r6 = 7; r0 = f(context); r1 = r0 + r6; throw.   f: tail call, else r0 = 1
  const Code caller =
      program({mov(6, 7), call_local(5), mov_reg(1, 0), alu_reg(Alu::add, 1, 6), throw_exception(),
               mov(9, 0), mov(2, 1), mov(3, 2), call_helper(12), mov(0, 1), leave()});
  expect_through(caller, throws_at(2), 50);
}

// A run whose budget is used up in a program that a tail call inside of a function entered: the
// outer one may not go on with what is not there.
TEST(Budgets, an_outer_program_stops_with_the_inner_one) {
  const auto paying = [](u32 number) {
    Bindings out = throwing_bindings();
    out.pays = true;
    out.budget_offset = offsetof(Entered, budget);
    out.program = number;
    return out;
  };
  // main: f(context); if r0 == 99 goto end; *context = 1; end.   f: tail call, else r0 = 1
  const Code caller =
      program({mov_reg(6, 1), call_local(6), jump(Jump::eq, 0, 99, 5), store(Width::w64, 6, 0, 1),
               mov(0, 7), leave(), mov(2, 1), mov(3, 2), call_helper(12), mov(0, 1), leave()});
  const Code inner =
      program({mov(1, 1000), alu(Alu::sub, 1, 1), jump(Jump::ne, 1, 0, 1), mov(0, 1), leave()});
  const auto run_out = [&](const auto& engine, const void* target) {
    u64 context = 0;
    Entered run{.target = target, .budget = {.instructions = 100}};
    engine.run(&context, &run);
    EXPECT_EQ(run.budget.program, 2u);
    EXPECT_EQ(run.budget.stopped_at, 1u);
    EXPECT_EQ(context, 0u) << "the outer program went on";
    EXPECT_EQ(run.unwind_to, 0x5555u);
  };
  const threaded::Image image = thread(inner, paying(2));
  run_out(thread(caller, paying(1)), &image);
  const jit::Compiled compiled = compile(inner, paying(2));
  run_out(compile(caller, paying(1)), compiled.tail_entry());
}

TEST(Exceptions, nobody_else_may_throw) {
  const Code code = program({mov(1, 5), throw_exception(), leave()});
  EXPECT_EQ(run_both(code).result, "slot 1: kernel functions cannot be called here");
}

}  // namespace
}  // namespace skep::engines
