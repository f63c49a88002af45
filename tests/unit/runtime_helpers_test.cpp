// Helpers and packets where the kernel cannot be asked: printing, time, rings, frames, legacy
// loads.
#include <gtest/gtest.h>

#include <thread>

#include "maps/map.hpp"
#include "runtime/fields.hpp"
#include "runtime/helpers/bodies.hpp"
#include "runtime/printk.hpp"

namespace skep::runtime {
namespace {

using platform::ProgramType;

TEST(Table, EveryRowOfThePlatformHasABody) {
  for (const platform::HelperRow& row : platform::helpers()) {
    if (!platform::is_provided(row) || row.effect == platform::Effect::ends_program) continue;
    // What calls functions of the program is a function itself (verify/called_back.hpp).
    if (std::ranges::find(row.arguments, platform::Argument::function) != row.arguments.end())
      continue;
    EXPECT_NE(kHelperBodies[row.id], nullptr) << row.name;
  }
  for (u32 id = 0; id < kHelperBodies.size(); ++id) {
    if (kHelperBodies[id] != nullptr) {
      const platform::HelperRow* row = platform::find_helper(id);
      EXPECT_TRUE(row != nullptr && platform::is_provided(*row)) << id;
    }
  }
}

// ---- printing
// ----------------------------------------------------------------------------------------------------

std::string printed(std::string_view format, std::initializer_list<u64> arguments) {
  std::string text;
  const std::string terminated(format);
  const s64 length = print(text, {terminated.c_str(), terminated.size() + 1}, arguments);
  return length < 0 ? "refused" : text;
}

TEST(Print, FollowsTheKernelsFormats) {
  const char* word = "word";
  const u64 address = reinterpret_cast<u64>(word);
  const u8 ip[16] = {192, 0, 2, 1};
  EXPECT_EQ(printed("plain\n", {}), "plain\n");
  EXPECT_EQ(printed("%d %i %u", {u64(-1), u64(-2), u64(-1)}), "-1 -2 4294967295");
  EXPECT_EQ(printed("%ld %lu %llx", {u64(-1), u64(-1), 0xabcdef0123}),
            "-1 18446744073709551615 abcdef0123");
  EXPECT_EQ(printed("%x|%X", {0x1beef, 0xbeef}), "1beef|BEEF");
  EXPECT_EQ(printed("%5d|%-5d|%05d", {42, 42, u64(-42)}), "   42|42   |-0042");
  EXPECT_EQ(printed("%+d|% d", {7, 7}), "+7| 7");
  EXPECT_EQ(printed("%s!|%6s|%-6s.", {address, address, address}), "word!|  word|word  .");
  EXPECT_EQ(printed("%c%%", {'x'}), "x%");
  EXPECT_EQ(printed("%p %px", {0x12, 0x34}), "0000000000000012 0000000000000034");
  EXPECT_EQ(printed("%pI4 %pi4", {reinterpret_cast<u64>(ip), reinterpret_cast<u64>(ip)}),
            "192.0.2.1 192.000.002.001");
  EXPECT_EQ(printed("%pI6", {reinterpret_cast<u64>(ip)}),
            "c000:0201:0000:0000:0000:0000:0000:0000");
  EXPECT_EQ(printed("[%s]", {8}), "[]");  // an address that is not there
  EXPECT_EQ(printed("%d", {1, 2, 3}), "1");
}

TEST(Print, RefusesWhatTheKernelRefuses) {
  EXPECT_EQ(printed("%d", {}), "refused");
  EXPECT_EQ(printed("%d %d", {1}), "refused");
  EXPECT_EQ(printed("%", {1}), "refused");
  EXPECT_EQ(printed("%f", {1}), "refused");
  EXPECT_EQ(printed("%lld%lls", {1, 2}), "refused");
  EXPECT_EQ(printed("%hd", {1}), "refused");
  EXPECT_EQ(printed("%sx", {1}), "refused");
  EXPECT_EQ(printed("%pI5", {1}), "refused");
  EXPECT_EQ(printed("%pq", {1}), "refused");
  EXPECT_EQ(printed("\x01", {}), "refused");
  std::string text;
  EXPECT_EQ(print(text, std::string_view("no end"), {}), -22);
}

TEST(Print, CutsLongTextAndSaysHowLongItWas) {
  std::string text;
  EXPECT_EQ(print(text, std::string_view("%2000d\0", 7), std::array<u64, 1>{1}), 2000);
  EXPECT_EQ(text.size(), 1023u);
}

TEST(Print, GoesToTheEnvironmentWithoutItsNewline) {
  const auto environment = deterministic_environment();
  std::string line;
  environment->trace = [&](std::string_view text) { line = text; };
  Execution execution{environment.get(), nullptr, 0};
  const char format[] = "cpu %d\n";
  const u64 length =
      helpers::trace_printk(reinterpret_cast<u64>(format), sizeof(format), 3, 0, 0, &execution);
  EXPECT_EQ(line, "cpu 3");
  EXPECT_EQ(length, 6u);
}

// ---- time, chance, strings
// ---------------------------------------------------------------------------------------

TEST(Deterministic, RepeatsAndMovesOneMicrosecondALook) {
  const auto first = deterministic_environment(), second = deterministic_environment();
  EXPECT_EQ(first->monotonic_ns(), 0u);
  EXPECT_EQ(first->boot_ns(), 1000u);
  for (int draw = 0; draw < 5; ++draw) EXPECT_EQ(first->random(), second->random());
  EXPECT_NE(first->random(), first->random());
  first->set_event_time(77);
  EXPECT_EQ(first->tai_ns(), 77u);
  first->set_event_time(0);
  EXPECT_EQ(first->monotonic_ns(), 2000u);
}

TEST(Real, ThreadsHaveSlotsOfTheirOwnAndGiveThemBack) {
  const auto environment = real_environment();
  for (int round = 0; round < 3; ++round) {
    std::array<u32, 3> slots{};
    {
      std::atomic<u32> arrived = 0;
      std::vector<std::jthread> threads;
      for (u32& slot : slots) {
        threads.emplace_back([&] {
          slot = environment->cpu();
          ++arrived;
          while (arrived != slots.size()) std::this_thread::yield();
          EXPECT_EQ(environment->cpu(), slot);
        });
      }
    }
    EXPECT_TRUE(slots[0] != slots[1] && slots[1] != slots[2] && slots[0] != slots[2]);
    for (const u32 slot : slots) EXPECT_LT(slot, maps::kCpuSlots);
  }
  const u64 before = environment->monotonic_ns();
  EXPECT_LE(before, environment->monotonic_ns());
  EXPECT_NE(environment->random(), environment->random());
}

TEST(Strncmp, ComparesUpToTheSizeOrTheEnd) {
  const auto compare = [](const char* left, u64 bytes, const char* right) {
    return static_cast<s64>(helpers::strncmp(reinterpret_cast<u64>(left), bytes,
                                             reinterpret_cast<u64>(right), 0, 0, nullptr));
  };
  EXPECT_EQ(compare("abc", 4, "abc"), 0);
  EXPECT_EQ(compare("abd", 3, "abc"), 1);
  EXPECT_EQ(compare("ab", 3, "abc"), -1);
  EXPECT_EQ(compare("abd", 2, "abc"), 0);
  EXPECT_EQ(compare("\xff", 2, "a"), 1);
}

TEST(Ring, FlagsAreCheckedAsInTheKernel) {
  platform::MapSpec spec;
  spec.kind = platform::MapKind::ringbuf;
  spec.max_entries = 4096;
  maps::Map map = maps::Map::create(spec, 0).value();
  const u64 data = 5;
  const u64 at = reinterpret_cast<u64>(&data);
  EXPECT_EQ(static_cast<s64>(helpers::ringbuf_output(map.address(), at, 8, 4, 0, nullptr)), -22);
  EXPECT_EQ(helpers::ringbuf_output(map.address(), at, 8, 3, 0, nullptr), 0u);
  EXPECT_EQ(helpers::ringbuf_reserve(map.address(), 8, 1, 0, 0, nullptr), 0u);
  const u64 record = helpers::ringbuf_reserve(map.address(), 8, 0, 0, 0, nullptr);
  EXPECT_EQ(helpers::ringbuf_query(map.address(), 0, 0, 0, 0, nullptr), 32u);
  helpers::ringbuf_discard(record, 0, 0, 0, 0, nullptr);
  EXPECT_EQ(map.drain([](std::span<const std::byte>) {}), 1u);
}

// ---- packets
// -----------------------------------------------------------------------------------------------------

struct Frames : testing::Test {
  std::vector<std::byte> counting(u32 bytes) {
    std::vector<std::byte> packet(bytes);
    for (u32 at = 0; at < bytes; ++at) packet[at] = static_cast<std::byte>(at);
    return packet;
  }
  PacketArena arena = PacketArena::create(4).value();
  std::unique_ptr<Environment> environment = deterministic_environment();
  Execution execution{environment.get(), &arena[0], 0};
};

TEST_F(Frames, WhatAProgramLeftInTheHeadroomIsGoneForTheNextPacket) {
  Packet& packet = arena[0];
  packet.reset(ProgramType::xdp, counting(60), {});
  ASSERT_EQ(helpers::xdp_adjust_head(0, static_cast<u64>(-200), 0, 0, 0, &execution), 0u);
  std::memset(packet.data(), 0xee, 200);
  ASSERT_EQ(helpers::xdp_adjust_head(0, 200, 0, 0, 0, &execution), 0u);
  packet.reset(ProgramType::xdp, counting(60), {});
  ASSERT_EQ(helpers::xdp_adjust_head(0, static_cast<u64>(-200), 0, 0, 0, &execution), 0u);
  for (u32 at = 0; at < 200; ++at) ASSERT_EQ(packet.data()[at], 0) << at;
}

TEST_F(Frames, APacketThatIsMovedLeavesNothingBehindEither) {
  Packet& packet = arena[1];
  execution.packet = &packet;
  packet.reset(ProgramType::sched_cls, std::vector<std::byte>(300, std::byte{0xee}), {});
  ASSERT_EQ(helpers::skb_change_head(0, 1000, 0, 0, 0, &execution), 0u);  // more than the headroom
  EXPECT_EQ(packet.length(), 1300u);
  std::memset(packet.data(), 0xee, packet.length());
  packet.reset(ProgramType::xdp, counting(60), {});
  ASSERT_EQ(helpers::xdp_adjust_head(0, static_cast<u64>(-216), 0, 0, 0, &execution), 0u);
  for (u32 at = 0; at < 216; ++at) ASSERT_EQ(packet.data()[at], 0) << at;
}

TEST_F(Frames, TheLargestPacketFits) {
  Packet& packet = arena[2];
  const auto bytes = counting(Packet::kLengthMax);
  for (const ProgramType type :
       {ProgramType::xdp, ProgramType::sched_cls, ProgramType::socket_filter}) {
    packet.reset(type, bytes, {});
    EXPECT_TRUE(std::ranges::equal(packet.bytes(), bytes));
  }
}

TEST_F(Frames, ACutPacketKnowsItsLengthOnTheWire) {
  Packet& packet = arena[0];
  packet.reset(ProgramType::sched_cls, counting(60), {.wire_length = 1500});
  EXPECT_EQ(packet.length(), 60u);
  EXPECT_EQ(packet.field<u32>(SkbField::len), 1500u);
  EXPECT_EQ(packet.wire_length(), 1500u);
  EXPECT_EQ(helpers::skb_change_tail(0, 100, 0, 0, 0, &execution), 0u);
  EXPECT_EQ(packet.field<u32>(SkbField::len), 100u);
  packet.reset(ProgramType::xdp, counting(60), {.wire_length = 1500});
  EXPECT_EQ(helpers::xdp_get_buff_len(0, 0, 0, 0, 0, &execution), 1500u);
}

TEST_F(Frames, RawIpHasNoLinkHeader) {
  Packet& packet = arena[0];
  std::vector<std::byte> ip(40);
  ip[0] = std::byte{0x60};
  packet.reset(ProgramType::sched_cls, ip, {.link = Link::none});
  EXPECT_EQ(packet.network_offset(), 0u);
  EXPECT_EQ(packet.field<u32>(SkbField::protocol), network_order(kEtherIpv6));
  packet.reset(ProgramType::sched_cls, {}, {.link = Link::none});
  EXPECT_EQ(packet.length(), 0u);
}

TEST_F(Frames, APushedTagIsInTheBytesOnlyOnTheWire) {
  Packet& packet = arena[0];
  packet.reset(ProgramType::sched_cls, counting(60), {});
  helpers::skb_vlan_push(0, network_order(kEtherVlan), 0x1064, 0, 0, &execution);
  EXPECT_TRUE(std::ranges::equal(packet.bytes(), counting(60)));
  ASSERT_TRUE(packet.materialise_vlan());
  EXPECT_EQ(packet.length(), 64u);
  const u8 expected[] = {10, 11, 0x81, 0x00, 0x10, 0x64, 12, 13};
  EXPECT_EQ(std::memcmp(packet.data() + 10, expected, sizeof(expected)), 0);
  EXPECT_EQ(packet.field<u32>(SkbField::vlan_present), 0u);
  ASSERT_TRUE(packet.materialise_vlan());
  EXPECT_EQ(packet.length(), 64u);
}

TEST_F(Frames, LegacyLoadsAreBigEndianAndMayCountFromHeaders) {
  arena[0].reset(ProgramType::socket_filter, counting(60), {});
  const auto load = [&](s32 offset, u32 bytes) {
    return load_from_packet(0, offset, bytes, &execution);
  };
  EXPECT_EQ(load(0, 1), 0);
  EXPECT_EQ(load(12, 2), 0x0c0d);
  EXPECT_EQ(load(56, 4), 0x38393a3b);
  EXPECT_EQ(load(57, 4), -1);
  EXPECT_EQ(load(0x7fffffff, 4), -1);
  EXPECT_EQ(load(-0x100000, 2), 0x0e0f);  // SKF_NET_OFF
  EXPECT_EQ(load(-0x100000 + 46, 1), -1);
  EXPECT_EQ(load(-0x200000 + 2, 1), 2);  // SKF_LL_OFF
  EXPECT_EQ(load(-0x200001, 1), -1);
  EXPECT_EQ(load(-1, 1), -1);
}

TEST_F(Frames, BothDirectionsOfAFlowHaveOneHash) {
  std::vector<std::byte> packet(60);
  packet[12] = std::byte{8};
  packet[14] = std::byte{0x45};
  packet[23] = std::byte{6};
  packet[29] = std::byte{1};
  packet[33] = std::byte{2};
  packet[35] = std::byte{80};
  packet[37] = std::byte{90};
  const auto hash = [&] {
    arena[0].reset(ProgramType::sched_cls, packet, {});
    return helpers::get_hash_recalc(0, 0, 0, 0, 0, &execution);
  };
  const u64 there = hash();
  std::swap(packet[29], packet[33]);
  std::swap(packet[35], packet[37]);
  EXPECT_EQ(hash(), there);
  std::swap(packet[35], packet[37]);
  EXPECT_NE(hash(), there);
  EXPECT_NE(hash(), 0u);
}

}  // namespace
}  // namespace skep::runtime
