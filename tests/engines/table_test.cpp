// Every row of the instruction tables, at every width, with registers and immediates, on edge
// values, in both engines: equal to the row's own definition. Beside the result, every other
// register must keep its value. SKEP_PART=n takes every n-th of what is most, for emulators.
#include <array>
#include <cstdlib>

#include "engines.hpp"

namespace skep::engines {
namespace {

constexpr std::array<u64, 28> kEdges = {0,
                                        1,
                                        2,
                                        3,
                                        7,
                                        8,
                                        31,
                                        32,
                                        33,
                                        63,
                                        64,
                                        0x7f,
                                        0x80,
                                        0xff,
                                        0x7fff,
                                        0x8000,
                                        0xffff,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        0x100000000,
                                        0x123456789abcdef0,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        0xffffffff80000000,
                                        0xffffffff7fffffff,
                                        0xfffffffffffffffe,
                                        ~u64{0}};

// Edges of 32 bits, and of the 12 bits and masks that aarch64 has for immediates.
constexpr std::array<s32, 29> kImmediates = {0,
                                             1,
                                             2,
                                             3,
                                             7,
                                             8,
                                             10,
                                             31,
                                             32,
                                             33,
                                             63,
                                             64,
                                             127,
                                             128,
                                             255,
                                             256,
                                             0x1001,
                                             0x7fff,
                                             0xffff,
                                             0x10000,
                                             INT32_MAX,
                                             INT32_MIN,
                                             INT32_MIN + 1,
                                             -1,
                                             -2,
                                             -128,
                                             -0xfff,
                                             -0x1001,
                                             0x55555555};

constexpr u32 kRegistersTested = 10;
using Values = std::array<u64, kRegistersTested>;

// r0 to r9 are loaded from the context, `tested` runs, and r0 to r9 are stored there.
Code around(const Instruction& tested) {
  Code code;
  code.push_back(store_reg(Width::w64, 10, -8, 1));
  for (u8 r = 0; r < kRegistersTested; ++r) {
    if (r != 1) code.push_back(load(Width::w64, r, 1, static_cast<s16>(8 * r)));
  }
  code.push_back(load(Width::w64, 1, 1, 8));
  code.push_back(tested);
  for (u8 r = 0; r < kRegistersTested; ++r) {
    code.push_back(store_reg(Width::w64, 10, static_cast<s16>(-16 - 8 * r), r));
  }
  code.push_back(load(Width::w64, 1, 10, -8));
  for (u8 r = 0; r < kRegistersTested; ++r) {
    code.push_back(load(Width::w64, 2, 10, static_cast<s16>(-16 - 8 * r)));
    code.push_back(store_reg(Width::w64, 1, static_cast<s16>(8 * r), 2));
  }
  code.push_back(leave());
  assign_slots(code);
  return code;
}

Values filled(u8 dst, u64 dst_value, u8 src, u64 src_value) {
  Values values;
  for (u32 r = 0; r < kRegistersTested; ++r) values[r] = 0xa5a5'0000'5a5a'0000 + 0x101010101 * r;
  values[src] = src_value;
  values[dst] = dst_value;
  return values;
}

u64 expected_alu(const Instruction& i, u64 dst, u64 source) {
  const AluRow& row = kAlu[i.alu()];
  if (row.operands == Operands::byte_order || i.width == Width::w64) {
    return row.eval64(dst, source);
  }
  return row.eval32(static_cast<u32>(dst), static_cast<u32>(source));
}

struct Engines {
  explicit Engines(const Code& code)
      : reference(code),
        image(thread(code)),
        compiled(compile(code)),
        baseline(compile(code, {}, Features::baseline)),
        is_one_code(std::ranges::equal(compiled.code(), baseline.code())) {}

  // `what` gives the words for a failure.
  void check(const Values& before, const Values& want, const auto& what) {
    const auto one = [&](auto& engine, std::string_view name) {
      Values values = before;
      engine.run(values.data(), nullptr);
      ASSERT_TRUE(values == want) << name << ": " << what() << ": "
                                  << testing::PrintToString(values) << " instead of "
                                  << testing::PrintToString(want);
    };
    one(reference, "reference");
    one(image, "threaded code");
    one(compiled, "JIT");
    if (!is_one_code) one(baseline, "JIT, baseline");
  }

  Reference reference;
  threaded::Image image;
  jit::Compiled compiled;
  jit::Compiled baseline;
  bool is_one_code;
};

void check_alu_register(const Instruction& i) {
  Engines engines(around(i));
  for (u64 dst : kEdges) {
    for (u64 source : kEdges) {
      const Values before = filled(i.dst, dst, i.src, source);
      Values want = before;
      want[i.dst] = expected_alu(i, before[i.dst], before[i.src]);
      engines.check(before, want, [&] {
        return format("{} {} r{} r{} of 0x{:x} 0x{:x}", kAlu[i.alu()].name, bits_of(i.width), i.dst,
                      i.src, dst, source);
      });
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

void check_alu_immediate(const Instruction& i) {
  Engines engines(around(i));
  for (u64 dst : kEdges) {
    const Values before = filled(i.dst, dst, i.dst, 0);
    Values want = before;
    want[i.dst] = expected_alu(i, dst, static_cast<u64>(i.immediate));
    engines.check(before, want, [&] {
      return format("{} {} r{} {} of 0x{:x}", kAlu[i.alu()].name, bits_of(i.width), i.dst,
                    i.immediate, dst);
    });
    if (testing::Test::HasFatalFailure()) return;
  }
}

bool exists(Alu op, Width width, Source source) {
  const Operands operands = kAlu[op].operands;
  if (operands == Operands::binary) return true;
  if (operands == Operands::register_only) {
    return source == Source::reg && !(op == Alu::movsx32 && width == Width::w32);
  }
  if (operands == Operands::byte_order) return source == Source::immediate && width == Width::w64;
  return source == Source::immediate;
}

// A few pairs that differ in what their homes are: the same register, rax, rdx, rcx, the others.
constexpr std::pair<u8, u8> kPairs[] = {{0, 2}, {3, 4}, {4, 4}, {6, 3}, {2, 0}, {4, 0}, {7, 9}};

TEST(Tables, arithmetic_with_registers) {
  for (Alu op : every<Alu>()) {
    for (Width width : {Width::w32, Width::w64}) {
      if (!exists(op, width, Source::reg)) continue;
      for (auto [dst, src] : kPairs) {
        check_alu_register(alu_reg(op, dst, src, width));
        ASSERT_FALSE(HasFatalFailure());
      }
    }
  }
}

// Every n-th of a number of cases; which of them changes from row to row.
class Part {
 public:
  explicit Part(const char* of_what) {
    const char* const asked = std::getenv("SKEP_PART");
    if (asked != nullptr) every_ = std::max(parse_unsigned(asked).value_or(1), u64{1});
    if (every_ > 1)
      std::printf("one of %llu %s\n", static_cast<unsigned long long>(every_), of_what);
  }
  bool takes_next() { return next_++ % every_ == 0; }

 private:
  u64 every_ = 1;
  u64 next_ = 0;
};

TEST(Tables, arithmetic_in_every_pair_of_registers) {
  Part part("pairs of registers");
  for (Alu op : every<Alu>()) {
    for (Width width : {Width::w32, Width::w64}) {
      if (!exists(op, width, Source::reg)) continue;
      for (u32 pair = 0; pair < kRegistersTested * kRegistersTested; ++pair) {
        if (!part.takes_next()) continue;
        const Instruction i = alu_reg(op, static_cast<u8>(pair / kRegistersTested),
                                      static_cast<u8>(pair % kRegistersTested), width);
        Engines engines(around(i));
        for (u64 source : {u64{0}, ~u64{0}, u64{13}}) {
          const Values before = filled(i.dst, 0xfedcba9876543210, i.src, source);
          Values want = before;
          want[i.dst] = expected_alu(i, before[i.dst], before[i.src]);
          engines.check(before, want, [&] {
            return format("{} {} r{} r{}", kAlu[op].name, bits_of(width), i.dst, i.src);
          });
          ASSERT_FALSE(HasFatalFailure());
        }
      }
    }
  }
}

TEST(Tables, arithmetic_with_immediates) {
  Part part("immediates");
  for (Alu op : every<Alu>()) {
    for (Width width : {Width::w32, Width::w64}) {
      if (!exists(op, width, Source::immediate)) continue;
      const bool swaps = kAlu[op].operands == Operands::byte_order;
      for (s32 immediate : kImmediates) {
        if (swaps && immediate != 32 && immediate != 64) continue;
        for (u8 dst : std::array<u8, 4>{0, 3, 4, 6}) {
          if (!part.takes_next()) continue;
          check_alu_immediate(alu(op, dst, immediate, width));
          ASSERT_FALSE(HasFatalFailure());
          if (swaps) check_alu_immediate(alu(op, dst, 16, width));
        }
      }
    }
  }
}

// if dst OP source goto 1: r0 = 1, else r0 = 0; operands are at the context.
Code comparing(const Instruction& tested) {
  return program({load(Width::w64, 3, 1, 8), load(Width::w64, 2, 1, 0), tested, mov(0, 0), leave(),
                  mov(0, 1), leave()});
}

void check_jump(const Instruction& i) {
  const Code code = comparing(i);
  const Reference reference(code);
  const threaded::Image image = thread(code);
  const jit::Compiled compiled = compile(code);
  const JumpRow& row = kJump[i.jump()];
  for (u64 dst : kEdges) {
    for (u64 register_value : kEdges) {
      std::array<u64, 2> operands = {dst, register_value};
      const u64 source = i.has_register_source() ? register_value : static_cast<u64>(i.immediate);
      const bool want = i.width == Width::w64
                            ? row.eval64(dst, source)
                            : row.eval32(static_cast<u32>(dst), static_cast<u32>(source));
      const auto what = [&] {
        return format("{} {} 0x{:x} 0x{:x}", row.name, bits_of(i.width), dst, source);
      };
      ASSERT_EQ(reference.run(operands.data(), nullptr), want) << "reference: " << what();
      ASSERT_EQ(image.run(operands.data(), nullptr), want) << "threaded code: " << what();
      ASSERT_EQ(compiled.run(operands.data(), nullptr), want) << "JIT: " << what();
      if (!i.has_register_source()) break;
    }
  }
}

TEST(Tables, comparisons) {
  Part part("immediates");
  for (Jump op : every<Jump>()) {
    for (Width width : {Width::w32, Width::w64}) {
      check_jump(jump_reg(op, 2, 3, 5, width));
      ASSERT_FALSE(HasFatalFailure());
      for (s32 immediate : kImmediates) {
        if (part.takes_next()) check_jump(jump(op, 2, immediate, 5, width));
      }
      ASSERT_FALSE(HasFatalFailure());
    }
  }
}

// r0 = r2 unless r1 OP 5; r2 or a number, of which some are made without being loaded.
TEST(Tables, conditional_moves) {
  for (Jump op : every<Jump>()) {
    for (Width width : {Width::w32, Width::w64}) {
      for (s64 moved : {s64{0}, s64{1}, s64{-1}, s64{2}, s64{-2}, s64{INT32_MIN}}) {
        for (bool from_register : {false, true}) {
          const Code code = program(
              {constant(0, 0x123456789abcdef0), constant(2, 0xfedcba9876543210), jump(op, 1, 5, 4),
               from_register ? alu_reg(Alu::mov, 0, 2, width) : alu(Alu::mov, 0, moved, width),
               leave()});
          const auto compiled = compile(code);
          const auto image = thread(code);
          const Reference reference(code);
          for (u64 r1 : {u64{4}, u64{5}, u64{6}, ~u64{0}}) {
            void* const context = reinterpret_cast<void*>(r1);
            const u64 want = reference.run(context, nullptr);
            EXPECT_EQ(compiled.run(context, nullptr), want)
                << kJump[op].name << " " << bits_of(width) << " " << moved << " of " << r1;
            EXPECT_EQ(image.run(context, nullptr), want)
                << kJump[op].name << " " << bits_of(width) << " " << moved << " of " << r1;
          }
        }
      }
    }
  }
}

// What an atomic operation works on: the u64 that r6 points to, r0, and the register `reg`.
struct Atoms {
  u64 memory;
  u64 r0;
  u64 source;
};

Atoms expected_atomic(Atomic op, Width width, Atoms before) {
  const AtomicRow& row = kAtomic[op];
  const u64 mask = width == Width::w64 ? ~u64{0} : (u64{1} << bits_of(width)) - 1;
  const u64 old = before.memory & mask;
  const bool exchanges = op != Atomic::cmpxchg || old == (before.r0 & mask);
  const u64 changed = exchanges ? row.eval(old, before.source & mask) & mask : old;
  Atoms after = before;
  after.memory = (before.memory & ~mask) | changed;
  if (row.fetch == Fetch::r0) after.r0 = old;
  if (row.fetch == Fetch::source || row.fetch == Fetch::destination) after.source = old;
  return after;
}

// The context has the three; r0 is not looked at where it is `reg`.
void check_atomic(Atomic op, Width width, u8 reg) {
  const bool loads = op == Atomic::load_acquire;
  const Instruction tested = loads ? atomic(op, width, reg, 0, 6) : atomic(op, width, 6, 0, reg);
  const Code code =
      program({mov_reg(6, 1), load(Width::w64, 0, 6, 8), load(Width::w64, reg, 6, 16), tested,
               store_reg(Width::w64, 6, 8, 0), store_reg(Width::w64, 6, 16, reg), leave()});
  const Reference reference(code);
  const threaded::Image image = thread(code);
  Bindings alone;
  alone.sharing = platform::Sharing::nobody;
  const threaded::Image image_alone = thread(code, alone);
  const jit::Compiled compiled = compile(code);
  const jit::Compiled baseline = compile(code, {}, Features::baseline);
  for (u64 memory : {u64{0x8877665544332211}, u64{0}, ~u64{0}}) {
    for (u64 r0 : {u64{0x8877665544332211}, u64{0x44332211}, u64{5}}) {
      const Atoms before = {memory, r0, 0x123456789abcdef0};
      const Atoms want = expected_atomic(op, width, before);
      const auto one = [&](const auto& engine, std::string_view name) {
        Atoms atoms = before;
        engine.run(&atoms, nullptr);
        EXPECT_EQ(atoms.memory, want.memory) << name;
        EXPECT_EQ(atoms.source, want.source) << name;
        EXPECT_EQ(reg == 0 ? want.r0 : atoms.r0, want.r0) << name;
      };
      one(reference, "reference");
      one(image, "threaded code");
      one(image_alone, "threaded code, alone");
      one(compiled, "JIT");
      one(baseline, "JIT, baseline");
    }
  }
}

TEST(Tables, atomic_operations) {
  for (Atomic op : every<Atomic>()) {
    const bool any_width = op == Atomic::load_acquire || op == Atomic::store_release;
    for (Width width : every<Width>()) {
      if (!any_width && width != Width::w32 && width != Width::w64) continue;
      for (u8 reg : std::array<u8, 5>{2, 3, 4, 0, 7}) {
        if (reg == 0 && op == Atomic::cmpxchg) continue;
        SCOPED_TRACE(format("{} {} r{}", kAtomic[op].name, bits_of(width), reg));
        check_atomic(op, width, reg);
      }
    }
  }
}

TEST(Tables, loads_and_stores) {
  for (Width width : every<Width>()) {
    for (u8 reg : std::array<u8, 7>{0, 1, 2, 3, 4, 5, 7}) {
      const u64 mask = width == Width::w64 ? ~u64{0} : (u64{1} << bits_of(width)) - 1;
      const Code code =
          program({mov_reg(6, 1), load(Width::w64, reg, 6, 8), store_reg(width, 6, 0, reg),
                   store(width, 6, 16, -2), load(width, reg, 6, 8),
                   store_reg(Width::w64, 6, 24, reg), leave()});
      std::array<u64, 4> want = {0x1111111111111111, 0xf0debc9a78563412, 0x2222222222222222, 0};
      std::array<u64, 4> values = want;
      std::array<u64, 4> also = want, threaded = want;
      want[0] = (want[0] & ~mask) | (want[1] & mask);
      want[2] = (want[2] & ~mask) | (~u64{1} & mask);
      want[3] = want[1] & mask;
      Reference(code).run(values.data(), nullptr);
      thread(code).run(threaded.data(), nullptr);
      compile(code).run(also.data(), nullptr);
      EXPECT_EQ(values, want) << bits_of(width) << " reference, r" << int{reg};
      EXPECT_EQ(threaded, want) << bits_of(width) << " threaded code, r" << int{reg};
      EXPECT_EQ(also, want) << bits_of(width) << " JIT, r" << int{reg};
    }
  }
}

TEST(Tables, signed_loads) {
  const auto check = [](Width width, u64 memory, u64 want) {
    for (u8 reg : std::array<u8, 3>{0, 2, 7}) {
      const Code code =
          program({load_signed(width, reg, 1, 0), store_reg(Width::w64, 1, 0, reg), leave()});
      u64 by_reference = memory;
      u64 by_threaded = memory;
      u64 by_jit = memory;
      Reference(code).run(&by_reference, nullptr);
      thread(code).run(&by_threaded, nullptr);
      compile(code).run(&by_jit, nullptr);
      EXPECT_EQ(by_reference, want);
      EXPECT_EQ(by_threaded, want);
      EXPECT_EQ(by_jit, want);
    }
  };
  check(Width::w8, 0x1234567880, 0xffffffffffffff80);
  check(Width::w8, 0x123456787f, 0x7f);
  check(Width::w16, 0x1234568000, 0xffffffffffff8000);
  check(Width::w16, 0x1234567fff, 0x7fff);
  check(Width::w32, 0x1280000000, 0xffffffff80000000);
  check(Width::w32, 0x127fffffff, 0x7fffffff);
}

}  // namespace
}  // namespace skep::engines
