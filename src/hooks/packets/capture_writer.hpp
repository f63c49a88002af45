// Writes a capture that is either whole or not there.
//
// Frames go to a temporary neighbour of the file, in pcap with nanoseconds, link type Ethernet;
// finish() makes sure that they are on their way to the disk and renames it. Without finish(), after
// an error, or when the disk is full, nothing is left behind and what stood there before stays.
// Devices and pipes cannot be renamed over and are written directly.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace skep::hooks {

struct CapturedPacket;

class CaptureWriter {
 public:
  static Result<CaptureWriter> create(const std::string& path);
  CaptureWriter(CaptureWriter&& other) noexcept
      : path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, {})),
        fd_(std::move(other.fd_)),
        buffer_(std::move(other.buffer_)) {}
  ~CaptureWriter();

  Result<void> write(const CapturedPacket& packet);
  Result<void> finish();

  const std::string& path() const { return path_; }

 private:
  CaptureWriter(std::string path, std::string temporary, Fd fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  Result<void> flush();

  std::string path_;
  std::string temporary_;  // empty: written directly, or renamed already
  Fd fd_;
  std::vector<std::byte> buffer_;
};

}  // namespace skep::hooks
