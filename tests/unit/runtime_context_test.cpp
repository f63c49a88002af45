// The user engine on programs whose context is memory, and on packets with a context: what they
// read and leave in every tier, and what is refused. What the kernel does with the same is compared
// in tests/engines.
#include <gtest/gtest.h>

#include <cstring>

#include "runtime/engine.hpp"
#include "runtime/packet_context.hpp"
#include "text/text.hpp"

namespace skep::runtime {
namespace {

using platform::ProgramType;

constexpr const char* kAdd =
    "r2 = *(u64 *)(r1 + 0)\nr3 = *(s16 *)(r1 + 8)\nr2 += r3\n*(u64 *)(r1 + 16) = r2\nr0 = "
    "3\nexit\n";
constexpr const char* kTwo = "r0 = 2\nexit\n";

std::string refusal(const auto& result) { return result.ok() ? "nothing" : result.error().message; }

class ContextRun : public testing::TestWithParam<Tier> {
 protected:
  ContextRun() {
    platform::MapSpec jumps;
    jumps.name = "jumps";
    jumps.kind = platform::MapKind::prog_array;
    jumps.key_size = jumps.value_size = jumps.max_entries = 4;
    jumps.initial_programs = {{1, "target"}};
    maps_ = std::make_shared<const std::vector<platform::MapSpec>>(1, jumps);
    app_.emplace(App::create(maps_, *environment_).value());
  }

  Result<const LoadedProgram*> load(const char* name, const char* source,
                                    ProgramType type = ProgramType::syscall) {
    auto program = std::make_shared<platform::Program>();
    program->name = name;
    program->type = type;
    program->maps = maps_;
    program->code = text::assemble(source, *maps_).value();
    program->functions = {
        {name, isa::InstructionIndex(0), isa::InstructionIndex(program->code.size())}};
    verify::Verdict verdict = verify::verify(program);
    EXPECT_TRUE(verdict.accepted());
    return app_->load(std::get<verify::VerifiedProgram>(std::move(verdict.outcome)), GetParam());
  }

  std::unique_ptr<Environment> environment_ = deterministic_environment();
  std::shared_ptr<const std::vector<platform::MapSpec>> maps_;
  std::optional<App> app_;
};

TEST_P(ContextRun, ReadsAndWritesTheMemory) {
  const LoadedProgram& add = *load("add", kAdd).value();
  u64 words[3] = {50, 0xfff8, 0};  // 50 + s16(-8)
  EXPECT_EQ(app_->run(add, std::as_writable_bytes(std::span(words))).value(), 3u);
  EXPECT_EQ(words[2], 42u);
  EXPECT_EQ(words[0], 50u);
}

TEST_P(ContextRun, NeedsAsMuchAsTheProgramTouches) {
  const LoadedProgram& add = *load("add", kAdd).value();
  std::vector<std::byte> memory(65536);
  EXPECT_EQ(refusal(app_->run(add, std::span(memory).first(23))),
            "program add is given a context of 23 bytes, and touches the first 24 of it");
  EXPECT_TRUE(app_->run(add, std::span(memory).first(24)).ok());
  EXPECT_TRUE(app_->run(add, std::span(memory).first(65535)).ok());
  EXPECT_EQ(refusal(app_->run(add, memory)),
            "program add is given a context of 65536 bytes, expected 65535 at most");
  const LoadedProgram& two = *load("two", kTwo).value();
  EXPECT_EQ(app_->run(two, std::span<std::byte>()).value(), 2u);  // one that touches nothing
}

TEST_P(ContextRun, PacketsAndContextsAreNotMixedUp) {
  auto arena = PacketArena::create(1).value();
  arena[0].reset(ProgramType::xdp, std::vector<std::byte>(60), {});
  std::vector<std::byte> memory(64);
  u32 verdict = 0;
  const LoadedProgram& add = *load("add", kAdd).value();
  const std::string of_context = "program add is of type syscall, which runs on a context";
  EXPECT_EQ(refusal(app_->run(add, arena[0])), of_context);
  EXPECT_EQ(refusal(app_->run_batch(add, arena.packets(), std::span(&verdict, 1))), of_context);
  const LoadedProgram& two = *load("two", kTwo, ProgramType::xdp).value();
  EXPECT_EQ(refusal(app_->run(two, memory)), "program two is of type xdp, which runs on packets");
  EXPECT_EQ(app_->run(two, arena[0]).value(), 2u);
}

// A tail call hands the context on: a program that takes memory for it would read past a packet's.
TEST_P(ContextRun, ProgramsOfOtherTypesAreNoTargetsOfTailCalls) {
  const char* jump = "r2 = map[jumps] ll\nr3 = 1\ncall bpf_tail_call\nr0 = 1\nexit\n";
  ASSERT_TRUE(load("jump", jump, ProgramType::xdp).ok());
  EXPECT_EQ(refusal(load("target", kAdd)),
            "program target is of type syscall, and map jumps has programs of type xdp");
  auto arena = PacketArena::create(1).value();
  arena[0].reset(ProgramType::xdp, std::vector<std::byte>(60), {});
  EXPECT_TRUE(load("target", kTwo, ProgramType::xdp).ok());
  EXPECT_EQ(app_->run(*load("jump", jump, ProgramType::xdp).value(), arena[0]).value(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Tiers, ContextRun,
                         testing::Values(Tier::interpreter, Tier::jit, Tier::checked));

// ---- packets with a context
// -------------------------------------------------------------------------------------------

class PacketContexts : public testing::Test {
 protected:
  std::string refused(ProgramType type, u32 offset, u32 value, std::size_t bytes = 60) {
    auto context = plain_context(type, bytes);
    std::memcpy(context.data() + offset, &value, sizeof(value));
    return refusal(set_up(arena_[0], type, std::vector<std::byte>(bytes), context));
  }
  PacketArena arena_ = PacketArena::create(1).value();
};

TEST_F(PacketContexts, FieldsThatTheKernelRefusesAreRefusedByName) {
  EXPECT_EQ(
      refused(ProgramType::xdp, 0, 2),
      "field data of the context is 2, expected a multiple of 4 up to 216, bytes of metadata");
  EXPECT_EQ(refused(ProgramType::xdp, 0, 48),
            "field data of the context is 48, expected at most 46, so that a packet is left");
  EXPECT_EQ(refused(ProgramType::xdp, 4, 59),
            "field data_end of the context is 59, expected 60, the number of bytes with metadata");
  EXPECT_EQ(refused(ProgramType::xdp, 8, 4),
            "field data_meta of the context is 4, expected 0: metadata is the first of the bytes");
  EXPECT_EQ(refused(ProgramType::xdp, 16, 1),
            "field rx_queue_index of the context is 1, expected 0 where ingress_ifindex is 0");
  EXPECT_EQ(refused(ProgramType::xdp, 20, 1),
            "field egress_ifindex of the context is 1, expected 0");
  EXPECT_EQ(refused(ProgramType::sched_cls, SkbField::protocol, 8),
            "field protocol of the context is set, which packets are not given");
  EXPECT_EQ(refused(ProgramType::sched_cls, 96, 8),
            "the field at offset 96 of the context is set, which packets are not given");
  EXPECT_EQ(refused(ProgramType::socket_filter, SkbField::gso_size, 8),
            "field gso_size of the context is set, which packets are not given");
  EXPECT_EQ(
      refused(ProgramType::sched_cls, SkbField::wire_len, 59),
      "field wire_len of the context is 59, expected 0, or the packet's 60 bytes up to 65536");
  EXPECT_EQ(refused(ProgramType::sched_cls, SkbField::gso_segs, 65536),
            "field gso_segs of the context is 65536, expected at most 65535");
  EXPECT_EQ(refused(ProgramType::sched_cls, SkbField::wire_len, 65536), "nothing");
}

TEST_F(PacketContexts, AContextMayBeCutShortAndHaveAnEndOfZeroes) {
  const std::vector<std::byte> bytes(60), longer(200);
  EXPECT_TRUE(set_up(arena_[0], ProgramType::sched_cls, bytes, {}).ok());
  EXPECT_TRUE(set_up(arena_[0], ProgramType::sched_cls, bytes, longer).ok());
  std::vector<std::byte> wrong = longer;
  wrong[192] = std::byte{1};
  EXPECT_EQ(refusal(set_up(arena_[0], ProgramType::sched_cls, bytes, wrong)),
            "a context of 200 bytes, of which those behind the 192 bytes of struct __sk_buff are "
            "not zero");
}

TEST_F(PacketContexts, MetadataIsInFrontOfThePacket) {
  std::vector<std::byte> bytes(64, std::byte{9});
  bytes[3] = std::byte{5};
  auto context = plain_context(ProgramType::xdp, bytes.size());
  context[0] = std::byte{8};
  ASSERT_TRUE(set_up(arena_[0], ProgramType::xdp, bytes, context).ok());
  EXPECT_EQ(arena_[0].length(), 56u);
  EXPECT_EQ(*reinterpret_cast<const u8*>(arena_[0].context().data_meta + 3), 5);
  EXPECT_TRUE(std::ranges::equal(bytes_after(arena_[0]), bytes));
  EXPECT_EQ(context_after(arena_[0], context), context);
  // The next packet does not find it.
  ASSERT_TRUE(set_up(arena_[0], ProgramType::xdp, bytes, plain_context(ProgramType::xdp, 64)).ok());
  EXPECT_EQ(*(arena_[0].data() - 5), 0);
}

}  // namespace
}  // namespace skep::runtime
