#include "hooks/packets/capture_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.hpp"
#include "base/text.hpp"
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

enum class Place : u8 { file, stream };

Result<Place> place_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return Place::file;
  if (S_ISDIR(status.st_mode)) {
    return Error(Fault::usage, format("cannot write {}: it is a directory", path),
                 "name a file inside it");
  }
  return S_ISREG(status.st_mode) ? Place::file : Place::stream;
}

}  // namespace

Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  const Place place = TRY(place_of(path));
  const std::string temporary =
      place == Place::stream ? std::string() : format("{}.{}.part", path, ::getpid());
  const int flags = place == Place::stream ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC;
  const std::string& target = place == Place::stream ? path : temporary;
  const int raw = ::open(target.c_str(), flags | O_CLOEXEC, 0666);
  if (raw < 0) return system_error("write", path, errno);
  CaptureWriter writer(path, temporary, Fd::adopt(raw));
  append(writer.buffer_, FileHeader());
  TRY(writer.flush());  // a full disk is found before the work, not after
  return writer;
}

CaptureWriter::~CaptureWriter() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
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
  auto written = write_all(fd_, path_, buffer_);
  buffer_.clear();
  return written;
}

Result<void> CaptureWriter::finish() {
  TRY(flush());
  if (temporary_.empty()) return {};
  // Some file systems report a lack of space only now.
  if (::fsync(fd_.get()) != 0 && errno != EINVAL && errno != EROFS)
    return system_error("write", path_, errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0)
    return system_error("write", path_, errno);
  temporary_.clear();
  return {};
}

}  // namespace skep::hooks
