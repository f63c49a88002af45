#include "hooks/packets/capture_writer.hpp"

#include "base/bytes.hpp"
#include "hooks/packets/capture.hpp"

namespace skep::hooks {
namespace {

// The classic pcap format (draft-ietf-opsawg-pcap): little-endian, times in nanoseconds.
struct FileHeader {
  le32 magic{0xa1b23c4d};
  le16 major{2};
  le16 minor{4};
  le32 reserved[2];
  le32 snap_length{262144};
  le32 link_type{1};  // LINKTYPE_ETHERNET
};
static_assert(sizeof(FileHeader) == 24);

struct PacketHeader {
  le32 seconds;
  le32 nanoseconds;
  le32 captured_length;
  le32 wire_length;
};
static_assert(sizeof(PacketHeader) == 16);

constexpr std::size_t kBufferBytes = 1 << 18;
constexpr u64 kSecond = 1'000'000'000;

template <class T>
void append(std::vector<std::byte>& out, const T& header) {
  const auto* bytes = reinterpret_cast<const std::byte*>(&header);
  out.insert(out.end(), bytes, bytes + sizeof header);
}

}  // namespace

Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  CaptureWriter writer(TRY(NewFile::create(path)));
  append(writer.buffer_, FileHeader());
  TRY(writer.flush());  // a full disk is found before the work, not after
  return writer;
}

Result<void> CaptureWriter::write(const CapturedPacket& packet) {
  PacketHeader header;
  header.seconds = static_cast<u32>(packet.time_ns / kSecond);
  header.nanoseconds = static_cast<u32>(packet.time_ns % kSecond);
  header.captured_length = static_cast<u32>(packet.bytes.size());
  header.wire_length = packet.wire_length;
  append(buffer_, header);
  buffer_.insert(buffer_.end(), packet.bytes.begin(), packet.bytes.end());
  if (buffer_.size() >= kBufferBytes) return flush();
  return {};
}

Result<void> CaptureWriter::flush() {
  auto written = file_.write(buffer_);
  buffer_.clear();
  return written;
}

Result<void> CaptureWriter::finish() {
  TRY(flush());
  return file_.finish();
}

}  // namespace skep::hooks
