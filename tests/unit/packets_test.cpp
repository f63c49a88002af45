// What the end-to-end cases cannot see: a capture that is not finished leaves nothing, and every
// verdict has one fate.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hooks/packets/capture.hpp"
#include "hooks/packets/capture_writer.hpp"
#include "hooks/packets/verdicts.hpp"

namespace skep::hooks {
namespace {

using platform::ProgramType;
namespace fs = std::filesystem;

class Captures : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }
  fs::path folder_ = fs::path(SKEP_BINARY_DIR) / "packets";
};

CapturedPacket packet(std::span<const std::byte> bytes, u64 time_ns) {
  return {bytes, static_cast<u32>(bytes.size()) + 5, time_ns};
}

TEST_F(Captures, AreReadAsTheyWereWritten) {
  std::vector<std::byte> bytes(60);
  bytes[59] = std::byte{7};
  CaptureWriter writer = CaptureWriter::create(path("x.pcap")).value();
  CaptureWriter moved = std::move(writer);
  ASSERT_TRUE(moved.write(packet(bytes, 1'714'567'890'123'456'789)).ok());
  ASSERT_TRUE(moved.finish().ok());
  CaptureReader reader = CaptureReader::open(path("x.pcap")).value();
  const auto read = reader.next().value();
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::ranges::equal(read->bytes, bytes));
  EXPECT_EQ(read->wire_length, 65u);
  EXPECT_EQ(read->time_ns, 1'714'567'890'123'456'789u);
  EXPECT_FALSE(reader.next().value());
  EXPECT_EQ(files(), 1u);
}

TEST_F(Captures, ThatAreNotFinishedLeaveNothing) {
  {
    CaptureWriter writer = CaptureWriter::create(path("x.pcap")).value();
    ASSERT_TRUE(writer.write(packet({}, 0)).ok());
    EXPECT_EQ(files(), 1u) << "the temporary neighbour";
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(Captures, OfRawIpGetAnEthernetHeader) {
  CaptureReader reader = CaptureReader::open(SKEP_SOURCE_DIR "/tests/data/raw-ip.pcap").value();
  EXPECT_EQ(reader.framing(), Framing::raw_ip);
  const auto first = reader.next().value();
  ASSERT_TRUE(first);
  const u8 version = static_cast<u8>(first->bytes[14]) >> 4;
  EXPECT_EQ(first->bytes[12], version == 6 ? std::byte{0x86} : std::byte{0x08});
  EXPECT_EQ(first->wire_length, first->bytes.size());
  for (std::size_t at = 0; at < 12; ++at) EXPECT_EQ(first->bytes[at], std::byte{0});
}

TEST(Verdicts, OfTcAreSigned) {
  EXPECT_EQ(verdict_of(ProgramType::sched_cls, 0xffffffff), -1);
  EXPECT_EQ(verdict_of(ProgramType::xdp, 0xffffffff), 0xffffffff);
}

TEST(Verdicts, AreCountedByName) {
  VerdictCounts counts(ProgramType::xdp);
  counts.count(std::array<u32, 5>{2, 1, 2, 99, 1000});
  const auto named = counts.named();
  ASSERT_EQ(named.size(), 4u);
  EXPECT_EQ(named[0].name, "XDP_DROP");
  EXPECT_EQ(named[1].name, "XDP_PASS");
  EXPECT_EQ(named[1].packets, 2u);
  EXPECT_EQ(named[3].name, "1000");
}

}  // namespace
}  // namespace skep::hooks
