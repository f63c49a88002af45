// The user engine on whole programs: maps, tail calls, batches, time, skipping; the same in every
// tier.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "runtime/engine.hpp"
#include "text/text.hpp"

namespace skep::runtime {
namespace {

using platform::MapKind;
using platform::MapSpec;
using platform::ProgramType;

MapSpec spec_of(const char* name, MapKind kind, u32 key_size, u32 value_size, u32 max_entries) {
  MapSpec spec;
  spec.name = name;
  spec.kind = kind;
  spec.key_size = key_size;
  spec.value_size = value_size;
  spec.max_entries = max_entries;
  return spec;
}

class Engine : public testing::TestWithParam<Tier> {
 protected:
  void SetUp() override {
    std::vector<MapSpec> specs = {
        spec_of("counts", MapKind::array, 4, 8, 2),
        spec_of("slots", MapKind::percpu_array, 4, 8, 1),
        spec_of("flows", MapKind::hash, 4, 8, 16),
        spec_of("events", MapKind::ringbuf, 0, 0, 4096),
        spec_of("jumps", MapKind::prog_array, 4, 4, 4),
    };
    specs[4].initial_programs = {{1, "second"}, {2, "self"}};
    specs_ = std::make_shared<const std::vector<MapSpec>>(std::move(specs));
    app_ = std::make_unique<App>(App::create(specs_, *environment_).value());
  }

  const LoadedProgram& load(const char* name, const char* source,
                            ProgramType type = ProgramType::xdp) {
    return *app_->load(verified(name, source, type), GetParam()).value();
  }

  verify::VerifiedProgram verified(const char* name, const char* source, ProgramType type) {
    auto program = std::make_shared<platform::Program>();
    program->name = name;
    program->type = type;
    program->gpl_compatible = true;
    program->maps = specs_;
    program->code = text::assemble(source, *specs_).value();
    program->functions = {
        {name, isa::InstructionIndex(0), isa::InstructionIndex(program->code.size())}};
    verify::Verdict verdict = verify::verify(program);
    if (!verdict.accepted())
      throw std::runtime_error(verify::to_text(std::get<verify::Report>(verdict.outcome)));
    return std::get<verify::VerifiedProgram>(std::move(verdict.outcome));
  }

  Packet& packet(ProgramType type = ProgramType::xdp, u32 bytes = 60, const Arrival& arrival = {}) {
    arena_[0].reset(type, std::vector<std::byte>(bytes, std::byte{7}), arrival);
    return arena_[0];
  }

  u64 value(const char* map, u32 key) {
    const auto bytes = app_->map(map)->lookup_copy(std::as_bytes(std::span(&key, 1))).value();
    u64 value = 0;
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }

  std::unique_ptr<Environment> environment_ = deterministic_environment();
  std::shared_ptr<const std::vector<MapSpec>> specs_;
  std::unique_ptr<App> app_;
  PacketArena arena_ = PacketArena::create(8).value();
};

// Adds 1 to counts[0] and to slots[0] of the CPU.
constexpr const char* kCount = R"(
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = counts ll
  call bpf_map_lookup_elem
  if r0 == 0 goto +3
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r2 = r10
  r2 += -4
  r1 = slots ll
  call bpf_map_lookup_elem
  if r0 == 0 goto +3
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r0 = 2
  exit
)";

TEST_P(Engine, ProgramsShareMapsWithTheirOwner) {
  const LoadedProgram& program = load("count", kCount);
  for (int run = 0; run < 5; ++run) EXPECT_EQ(app_->run(program, packet()).value(), 2u);
  EXPECT_EQ(value("counts", 0), 5u);
  EXPECT_EQ(value("counts", 1), 0u);
  EXPECT_EQ(value("slots", 0), 5u);
}

TEST_P(Engine, ABatchIsTheSameAsItsPackets) {
  const LoadedProgram& program = load("length", R"(
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r0 = r3
    r0 -= r2
    r4 = r2
    r4 += 14
    if r4 > r3 goto +1
    *(u8 *)(r2 + 0) = 9
    exit
  )");
  for (u32 at = 0; at < 8; ++at) {
    arena_[at].reset(ProgramType::xdp, std::vector<std::byte>(10 + at), {});
  }
  std::array<u32, 8> verdicts{};
  ASSERT_TRUE(app_->run_batch(program, arena_.packets(), verdicts).ok());
  for (u32 at = 0; at < 8; ++at) {
    EXPECT_EQ(verdicts[at], 10 + at);
    EXPECT_EQ(arena_[at].bytes()[0], std::byte(at < 4 ? 0 : 9));
  }
}

TEST_P(Engine, TheClockShowsThePacketsTime) {
  const LoadedProgram& program = load("time", "call bpf_ktime_get_ns\nexit\n");
  EXPECT_EQ(app_->run(program, packet()).value(), 0u);
  EXPECT_EQ(app_->run(program, packet(ProgramType::xdp, 60, {.time_ns = 1'700'000'000'123'456'789}))
                .value(),
            1'700'000'000'123'456'789u);
}

TEST_P(Engine, RecordsReachTheReader) {
  const LoadedProgram& program = load("event", R"(
    r6 = r1
    r1 = events ll
    r2 = 16
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto +6
    r1 = 42
    *(u64 *)(r0 + 0) = r1
    *(u64 *)(r0 + 8) = r1
    r1 = r0
    r2 = 0
    call bpf_ringbuf_submit
    r0 = 0
    exit
  )");
  for (int run = 0; run < 3; ++run) ASSERT_TRUE(app_->run(program, packet()).ok());
  u64 sum = 0;
  EXPECT_EQ(app_->map("events")->drain([&](std::span<const std::byte> record) {
    u64 word;
    std::memcpy(&word, record.data(), sizeof(word));
    sum += word + record.size();
  }),
            3u);
  EXPECT_EQ(sum, 3u * (42 + 16));
}

constexpr const char* kJump = R"(
  r2 = jumps ll
  r3 = INDEX
  call bpf_tail_call
  r0 = 77
  exit
)";

// Adds 1 to slots[0] of the CPU, without an atomic: nobody else has this slot.
constexpr const char* kCountSlots = R"(
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = slots ll
  call bpf_map_lookup_elem
  if r0 == 0 goto +3
  r1 = *(u64 *)(r0 + 0)
  r1 += 1
  *(u64 *)(r0 + 0) = r1
  r0 = 2
  exit
)";

std::string jump_to(int index) {
  std::string source = kJump;
  return source.replace(source.find("INDEX"), 5, std::to_string(index));
}

TEST_P(Engine, TailCallsGoToTheProgramsThatMapsName) {
  const LoadedProgram& first = load("first", jump_to(1).c_str());
  EXPECT_EQ(app_->run(first, packet()).value(), 77u);  // not loaded yet
  load("second", "r0 = 5\nexit\n");
  EXPECT_EQ(app_->run(first, packet()).value(), 5u);
  EXPECT_EQ(app_->run(load("empty", jump_to(3).c_str()), packet()).value(), 77u);
  EXPECT_EQ(app_->run(load("outside", jump_to(4).c_str()), packet()).value(), 77u);
}

TEST_P(Engine, ATailCallOfItselfEnds) {
  EXPECT_EQ(app_->run(load("self", jump_to(2).c_str()), packet()).value(), 77u);
}

TEST_P(Engine, HelpersMoveThePacket) {
  const LoadedProgram& program = load("grow", R"(
    r6 = r1
    r2 = -14
    call bpf_xdp_adjust_head
    r2 = *(u32 *)(r6 + 0)
    r3 = *(u32 *)(r6 + 4)
    r4 = r2
    r4 += 14
    if r4 > r3 goto +1
    *(u8 *)(r2 + 0) = 1
    exit
  )");
  Packet& grown = packet();
  EXPECT_EQ(app_->run(program, grown).value(), 0u);
  EXPECT_EQ(grown.length(), 74u);
  EXPECT_EQ(grown.bytes()[0], std::byte{1});
  EXPECT_EQ(grown.bytes()[14], std::byte{7});
}

TEST_P(Engine, SocketFiltersReadByLegacyLoads) {
  const LoadedProgram& program =
      load("filter", "r6 = r1\nr0 = *(u16 *)skb[12]\nexit\n", ProgramType::socket_filter);
  EXPECT_EQ(app_->run(program, packet(ProgramType::socket_filter)).value(), 0x0707u);
  EXPECT_EQ(app_->run(program, packet(ProgramType::socket_filter, 13)).value(), 0u);
}

TEST_P(Engine, AProgramThatIsEnteredTwiceOnAThreadIsSkippedAndCounted) {
  const LoadedProgram& inner = load("count", kCount);
  const LoadedProgram& outer = load("print", R"(
    *(u32 *)(r10 - 4) = 0x216968
    r1 = r10
    r1 += -4
    r2 = 4
    call bpf_trace_printk
    r0 = 1
    exit
  )");
  std::string line;
  environment_->trace = [&](std::string_view text) {
    line = text;
    arena_[1].reset(ProgramType::xdp, std::vector<std::byte>(60), {});
    EXPECT_EQ(app_->run(inner, arena_[1]).value(), 0u);
  };
  EXPECT_EQ(app_->run(outer, packet()).value(), 1u);
  EXPECT_EQ(line, "hi!");
  EXPECT_EQ(app_->skipped(), 1u);
  EXPECT_EQ(value("counts", 0), 0u);
  EXPECT_EQ(app_->run(inner, packet()).value(), 2u);
}

TEST_P(Engine, TiersDoNotMix) {
  load("count", kCount);
  for (const Tier other : {Tier::interpreter, Tier::jit, Tier::checked}) {
    if (other == GetParam()) continue;
    const auto refused = app_->load(verified("more", "r0 = 0\nexit\n", ProgramType::xdp), other);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().fault, Fault::usage);
  }
}

TEST_P(Engine, ThreadsCountInSlotsOfTheirOwn) {
  const auto real = real_environment();
  app_ = std::make_unique<App>(App::create(specs_, *real).value());
  const LoadedProgram& program = load("count_slots", kCountSlots);
  constexpr u32 kThreads = 3, kRuns = 2000;
  {
    std::vector<std::jthread> threads;
    for (u32 thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        arena_[thread].reset(ProgramType::xdp, std::vector<std::byte>(60), {});
        for (u32 run = 0; run < kRuns; ++run) ASSERT_TRUE(app_->run(program, arena_[thread]).ok());
      });
    }
  }
  const u32 key = 0;
  const auto all = app_->map("slots")->lookup_copy(std::as_bytes(std::span(&key, 1))).value();
  u64 total = 0;
  for (u32 slot = 0; slot < maps::kCpuSlots; ++slot) {
    u64 count;
    std::memcpy(&count, all.data() + 8 * slot, sizeof(count));
    total += count;
  }
  EXPECT_EQ(total, u64{kThreads} * kRuns);
}

// Every atomic operation on counts[0], which is 5 and 0x70 in its halves; r0 sums up what they
// give.
constexpr const char* kAtomics = R"(
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = counts ll
  call bpf_map_lookup_elem
  if r0 == 0 goto done
  r6 = r0
  r1 = 0x7000000005 ll
  *(u64 *)(r6 + 0) = r1
  r2 = 3
  lock *(u64 *)(r6 + 0) += r2
  lock *(u64 *)(r6 + 0) |= r2
  r3 = 0xff
  lock *(u32 *)(r6 + 4) &= r3
  lock *(u32 *)(r6 + 4) ^= r2
  r4 = 1
  r4 = atomic_fetch_add((u64 *)(r6 + 0), r4)
  r5 = 0x10
  w5 = atomic_fetch_or((u32 *)(r6 + 4), w5)
  r7 = 0x7f
  r7 = atomic_fetch_and((u64 *)(r6 + 0), r7)
  r8 = 0x1
  r8 = atomic_fetch_xor((u64 *)(r6 + 0), r8)
  r9 = 0x99
  r9 = xchg_64(r6 + 0, r9)
  r0 = 0x99
  r1 = 0x1234
  r0 = cmpxchg_64(r6 + 0, r0, r1)
  r0 += r4
  r0 += r5
  r0 += r7
  r0 += r8
  r0 += r9
done:
  exit
)";

TEST_P(Engine, AtomicsGiveTheSameWithoutSharing) {
  const u64 shared = app_->run(load("atomics", kAtomics), packet()).value();
  app_ = std::make_unique<App>(
      App::create(specs_, *environment_, {.sharing = platform::Sharing::nobody}).value());
  EXPECT_EQ(app_->run(load("atomics", kAtomics), packet()).value(), shared);
  EXPECT_EQ(value("counts", 0), 0x1234u);
}

TEST_P(Engine, AnAppOfOneThreadRunsOnNoOther) {
  app_ = std::make_unique<App>(
      App::create(specs_, *environment_, {.sharing = platform::Sharing::nobody}).value());
  const LoadedProgram& program = load("count", kCount);
  EXPECT_TRUE(app_->run(program, packet()).ok());
  std::jthread([&] {
    std::array<u32, 1> verdict{};
    EXPECT_EQ(app_->run(program, arena_[0]).error().fault, Fault::usage);
    EXPECT_EQ(app_->run_batch(program, arena_.packets().first(1), verdict).error().fault,
              Fault::usage);
  }).join();
  EXPECT_EQ(value("counts", 0), 1u);
}

// Reads its first two bytes, and hands the packet to what only reads it.
constexpr const char* kReads = R"(
  r2 = *(u32 *)(r1 + 0)
  r3 = *(u32 *)(r1 + 4)
  r4 = r2
  r4 += 14
  r0 = 0
  if r4 > r3 goto done
  r6 = *(u16 *)(r2 + 0)
  r1 = events ll
  r3 = 14
  r4 = 0
  call bpf_ringbuf_output
  r0 = r6
done:
  exit
)";

TEST_P(Engine, APacketThatIsOnlyReadNeedsNoCopy) {
  const LoadedProgram& program = load("reads", kReads);
  EXPECT_FALSE(may_change_packet(program));
  const std::vector<std::byte> bytes(60, std::byte{0x21});
  arena_[0].view(ProgramType::xdp, bytes, {});
  EXPECT_EQ(app_->run(program, arena_[0]).value(), 0x2121u);
  EXPECT_EQ(arena_[0].bytes().data(), bytes.data());
  EXPECT_EQ(app_->run(program, packet()).value(), 0x0707u) << "and a copy after it is one";
  EXPECT_NE(arena_[0].bytes().data(), bytes.data());
}

TEST_P(Engine, WhatMayChangeAPacketIsKnown) {
  constexpr const char* kStores = R"(
    r2 = *(u32 *)(r1 + 0)
    r3 = *(u32 *)(r1 + 4)
    r4 = r2
    r4 += 14
    r0 = 0
    if r4 > r3 goto done
    *(u8 *)(r2 + 3) = 9
  done:
    exit
  )";
  constexpr const char* kMoves = "r2 = 0\ncall bpf_xdp_adjust_head\nr0 = 0\nexit\n";
  constexpr const char* kJumps = "r2 = jumps ll\nr3 = 3\ncall bpf_tail_call\nr0 = 0\nexit\n";
  EXPECT_TRUE(may_change_packet(load("stores", kStores)));
  EXPECT_TRUE(may_change_packet(load("moves", kMoves)));
  EXPECT_TRUE(may_change_packet(load("jumps_away", kJumps)));
  EXPECT_FALSE(may_change_packet(load("count", kCount)));
}

std::string name_of(const testing::TestParamInfo<Tier>& info) {
  if (info.param == Tier::interpreter) return "interpreter";
  return info.param == Tier::jit ? "jit" : "checked";
}
// Counts to 1000 in "counts", and holds a ring record meanwhile.
constexpr const char* kLong = R"(
    r1 = events ll
    r2 = 8
    r3 = 0
    call bpf_ringbuf_reserve
    if r0 == 0 goto +12
    r6 = r0
    r7 = 1000
    r8 = map_value[counts] + 0 ll
    r1 = *(u64 *)(r8 + 0)
    r1 += 1
    *(u64 *)(r8 + 0) = r1
    r7 += -1
    if r7 != 0 goto -5
    r1 = r6
    r2 = 0
    call bpf_ringbuf_submit
    r0 = 1
    exit
  )";

TEST_P(Engine, ABudgetStopsARun) {
  app_ = std::make_unique<App>(App::create(specs_, *environment_, {.budget = 2000}).value());
  const LoadedProgram& program = load("long", kLong);
  const auto stopped = app_->run(program, packet());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().fault, Fault::exhausted);
  EXPECT_EQ(stopped.error().message, "slot 10: the fuel of 2,000 instructions is used up");
  EXPECT_FALSE(stopped.error().hint.empty());
  // Its record does not keep the ones behind it from their reader.
  EXPECT_EQ(app_->map("events")->drain([](std::span<const std::byte>) { ADD_FAILURE(); }), 0u);
  u64 counted = 0;
  std::memcpy(&counted, reinterpret_cast<const void*>(app_->map("counts")->values_address()), 8);
  EXPECT_EQ(counted, 398u);  // 8 instructions, and 5 each time
  // Each run has a budget of its own.
  u32 verdict = 0;
  EXPECT_FALSE(app_->run_batch(program, std::span(&packet(), 1), std::span(&verdict, 1)).ok());
  EXPECT_EQ(app_->run(load("short", "r0 = 7\nexit\n"), packet()).value(), 7u);
}

TEST_P(Engine, ABudgetThatIsEnoughChangesNothing) {
  app_ = std::make_unique<App>(App::create(specs_, *environment_, {.budget = 6000}).value());
  EXPECT_EQ(app_->run(load("long", kLong), packet()).value(), 1u);
  EXPECT_EQ(app_->map("events")->drain([](std::span<const std::byte>) {}), 1u);
}

TEST_P(Engine, ABudgetNamesTheProgramThatATailCallEntered) {
  app_ = std::make_unique<App>(App::create(specs_, *environment_, {.budget = 100}).value());
  const LoadedProgram& first = load("first", jump_to(1).c_str());
  load("second", "r1 = 500\nr0 = 0\nr0 += 3\nr1 += -1\nif r1 != 0 goto -3\nexit\n");
  const auto stopped = app_->run(first, packet());
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().message, "slot 2: the fuel of 100 instructions is used up");
}

INSTANTIATE_TEST_SUITE_P(Tiers, Engine,
                         testing::Values(Tier::interpreter, Tier::jit, Tier::checked), name_of);

}  // namespace
}  // namespace skep::runtime
