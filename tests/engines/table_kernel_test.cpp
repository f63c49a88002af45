// Every row of the instruction tables in the kernel, at every width, with registers and immediates,
// on edge values: equal to the row's own definition.
//
// One program runs one instruction on all pairs: a map's value is an array of records of two
// operands and room for what comes of them, and the program goes through it. What this kernel does
// not know is counted.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "kernel_engine.hpp"

namespace skep::random_packets {
namespace {

using namespace engines;

constexpr std::array<u64, 11> kEdges = {0,
                                        1,
                                        31,
                                        0x80,
                                        0x7fffffff,
                                        0x80000000,
                                        0xffffffff,
                                        0x100000000,
                                        0x7fffffffffffffff,
                                        0x8000000000000000,
                                        ~u64{0}};
constexpr std::array<s32, 10> kImmediates = {-2, 7, INT32_MIN, 0, 1, 31, 63, 0x7fff, INT32_MAX, -1};

// Where the kernel is emulated, of these only the first, which are most unlike.
std::span<const s32> immediates() {
  const std::span<const s32> all(kImmediates);
  return std::getenv("SKEP_GUEST") != nullptr ? all.first(3) : all;
}

// What the tested instruction finds in r1, r2 and r0, and memory at r7; and leaves there.
struct Record {
  u64 dst = 0, src = 0, r0 = 0, memory = 0;
  friend bool operator==(const Record&, const Record&) = default;
};
using Records = std::array<Record, kEdges.size() * kEdges.size()>;

Records pairs() {
  Records out;
  std::size_t at = 0;
  for (const u64 dst : kEdges) {
    for (const u64 src : kEdges) out[at++] = {dst, src, dst ^ src << 7, src + dst * 3};
  }
  return out;
}

// For each record: its fields to registers, `tested`, registers to its fields.
Code through_all(const std::vector<Instruction>& tested) {
  Instruction first = constant(6, 0);
  first.operation = static_cast<u8>(Constant::map_value);
  Code code{first, mov(9, static_cast<s64>(Records().size()))};
  const u32 begin = static_cast<u32>(code.size());
  const auto field = [](u32 number) { return static_cast<s16>(8 * number); };
  code.push_back(load(Width::w64, 1, 6, field(0)));
  code.push_back(load(Width::w64, 2, 6, field(1)));
  code.push_back(load(Width::w64, 0, 6, field(2)));
  code.push_back(mov_reg(7, 6));
  code.push_back(alu(Alu::add, 7, field(3)));
  for (Instruction i : tested) {
    if (isa::has_jump_target(i)) i.target = InstructionIndex(code.size() + i.target.value());
    code.push_back(i);
  }
  code.push_back(store_reg(Width::w64, 6, field(0), 1));
  code.push_back(store_reg(Width::w64, 6, field(1), 2));
  code.push_back(store_reg(Width::w64, 6, field(2), 0));
  code.push_back(alu(Alu::add, 6, sizeof(Record)));
  code.push_back(alu(Alu::sub, 9, 1));
  code.push_back(jump(Jump::ne, 9, 0, begin));
  code.push_back(mov(0, 0));
  code.push_back(leave());
  assign_slots(code);
  return code;
}

class KernelTables : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = kernel_test::refusal(); !why.empty()) GTEST_SKIP() << why;
    choose_kernel_engine();
    knows_ = what_the_kernel_knows();
    const s64 map = kernel_test::create_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(Records), 1);
    ASSERT_GE(map, 0);
    map_ = Fd::adopt(static_cast<int>(map));
  }
  void TearDown() override {
    if (ran_ != 0 || unknown_ != 0)
      std::printf("%s in the kernel, %u that it does not know\n",
                  counted(ran_, "instruction").c_str(), unknown_);
  }

  // `want` makes of a record what the instruction makes of it.
  void check(const Instruction& i, auto&& want) { check(i, {i}, want); }
  void check(const Instruction& i, const std::vector<Instruction>& tested, auto&& want) {
    if (!knows_.takes(i)) return static_cast<void>(++unknown_);
    Records records = pairs();
    run(tested, records);
    ++ran_;
    Records expected = pairs();
    for (std::size_t at = 0; at < records.size(); ++at) {
      const Record before = expected[at];
      want(expected[at]);
      ASSERT_EQ(records[at], expected[at])
          << text::disassemble(isa::Code(tested), InstructionIndex(0), text::kPeople, {})
          << format(" of 0x{:x} and 0x{:x}: 0x{:x} instead of 0x{:x}", before.dst, before.src,
                    records[at].dst, expected[at].dst);
    }
  }

 private:
  void run(const std::vector<Instruction>& tested, Records& records) {
    isa::Code code = through_all(tested);
    code[0].immediate = map_.get();
    const s64 fd = load_program(BPF_PROG_TYPE_SCHED_CLS, code);
    ASSERT_GE(fd, 0) << std::strerror(static_cast<int>(-fd));
    const Fd program = Fd::adopt(static_cast<int>(fd));
    const u32 key = 0;
    bpf_attr element = kernel_test::no_attributes();
    element.map_fd = static_cast<u32>(map_.get());
    element.key = reinterpret_cast<u64>(&key);
    element.value = reinterpret_cast<u64>(records.data());
    ASSERT_EQ(kernel_test::bpf(BPF_MAP_UPDATE_ELEM, element), 0);
    const std::array<u8, kPacketBytesMin> packet{};
    bpf_attr run = kernel_test::no_attributes();
    run.test.prog_fd = static_cast<u32>(program.get());
    run.test.data_in = reinterpret_cast<u64>(packet.data());
    run.test.data_size_in = packet.size();
    run.test.repeat = 1;
    ASSERT_EQ(kernel_test::bpf(BPF_PROG_TEST_RUN, run), 0);
    ASSERT_EQ(kernel_test::bpf(BPF_MAP_LOOKUP_ELEM, element), 0);
  }

  Fd map_ = Fd::adopt(-1);
  Knows knows_;
  u32 ran_ = 0, unknown_ = 0;
};

u64 evaluated(const Instruction& i, u64 dst, u64 source) {
  const AluRow& row = kAlu[i.alu()];
  if (row.operands == Operands::byte_order || i.width == Width::w64) return row.eval64(dst, source);
  return row.eval32(static_cast<u32>(dst), static_cast<u32>(source));
}

TEST_F(KernelTables, arithmetic_of_registers) {
  for (Alu op : every<Alu>()) {
    const Operands operands = kAlu[op].operands;
    for (Width width : {Width::w32, Width::w64}) {
      if (operands == Operands::byte_order || (op == Alu::movsx32 && width == Width::w32)) continue;
      const Instruction i =
          operands == Operands::unary ? alu(op, 1, 0, width) : alu_reg(op, 1, 2, width);
      check(i, [&](Record& r) { r.dst = evaluated(i, r.dst, r.src); });
    }
  }
}

TEST_F(KernelTables, arithmetic_of_immediates) {
  for (Alu op : every<Alu>()) {
    const Operands operands = kAlu[op].operands;
    if (operands == Operands::unary || operands == Operands::register_only) continue;
    const bool swaps = operands == Operands::byte_order;
    for (Width width : {Width::w32, Width::w64}) {
      if (swaps && width == Width::w32) continue;
      for (s64 immediate : immediates()) {
        if (swaps) immediate = 16 << static_cast<u32>(immediate) % 3;
        // Which the kernel's verifier refuses.
        if ((is_shift(op) && (immediate < 0 || immediate >= bits_of(width))) ||
            (is_division(op) && immediate == 0))
          continue;
        const Instruction i = alu(op, 1, immediate, swaps ? Width::w64 : width);
        check(i, [&](Record& r) { r.dst = evaluated(i, r.dst, static_cast<u64>(immediate)); });
      }
    }
  }
}

TEST_F(KernelTables, jumps) {
  for (Jump op : every<Jump>()) {
    for (Width width : {Width::w32, Width::w64}) {
      const auto expect = [&](const Instruction& i, auto source_of) {
        check(i, {i, mov(1, 0)}, [&](Record& r) {
          const u64 source = source_of(r);
          const bool taken = width == Width::w64 ? kJump[op].eval64(r.dst, source)
                                                 : kJump[op].eval32(static_cast<u32>(r.dst),
                                                                    static_cast<u32>(source));
          if (!taken) r.dst = 0;
        });
      };
      expect(jump_reg(op, 1, 2, 2, width), [](const Record& r) { return r.src; });
      for (const s64 immediate : immediates())
        expect(jump(op, 1, immediate, 2, width),
               [&](const Record&) { return static_cast<u64>(immediate); });
    }
  }
}

u64 low(u64 value, Width width) {
  return width == Width::w64 ? value : value & ((u64{1} << bits_of(width)) - 1);
}

TEST_F(KernelTables, loads_and_stores) {
  for (Width width : every<Width>()) {
    const u64 kept = width == Width::w64 ? 0 : ~u64{0} << bits_of(width);
    check(load(width, 1, 7, 0), [&](Record& r) { r.dst = low(r.memory, width); });
    check(store_reg(width, 7, 0, 2),
          [&](Record& r) { r.memory = (r.memory & kept) | low(r.src, width); });
    check(store(width, 7, 0, -2),
          [&](Record& r) { r.memory = (r.memory & kept) | low(~u64{1}, width); });
    if (width == Width::w64) continue;
    const u32 shift = 64 - bits_of(width);
    check(load_signed(width, 1, 7, 0), [&](Record& r) {
      r.dst = static_cast<u64>(static_cast<s64>(r.memory << shift) >> shift);
    });
  }
}

TEST_F(KernelTables, atomic_operations) {
  for (Atomic op : every<Atomic>()) {
    const AtomicRow& row = kAtomic[op];
    for (Width width : every<Width>()) {
      if (op < Atomic::load_acquire && width < Width::w32) continue;
      const bool loads = op == Atomic::load_acquire;
      const Instruction i = loads ? atomic(op, width, 1, 0, 7) : atomic(op, width, 7, 0, 2);
      const u64 kept = width == Width::w64 ? 0 : ~u64{0} << bits_of(width);
      check(i, [&](Record& r) {
        const u64 old = low(r.memory, width);
        const bool writes = op != Atomic::cmpxchg || low(r.r0, width) == old;
        if (writes && !loads) r.memory = (r.memory & kept) | low(row.eval(old, r.src), width);
        if (row.fetch == Fetch::source) r.src = old;
        if (row.fetch == Fetch::r0) r.r0 = old;
        if (row.fetch == Fetch::destination) r.dst = old;
      });
    }
  }
}

}  // namespace
}  // namespace skep::random_packets
