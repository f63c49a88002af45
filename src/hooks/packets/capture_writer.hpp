// Writes Ethernet frames to a capture that is either whole or not there (base/new_file.hpp).
//
// The format is pcap with nanoseconds, so that no time loses a digit. What is buffered becomes a
// file with finish() only.
#pragma once

#include <vector>

#include "base/new_file.hpp"

namespace skep::hooks {

struct CapturedPacket;

class CaptureWriter {
 public:
  static Result<CaptureWriter> create(const std::string& path);

  Result<void> write(const CapturedPacket& packet);
  Result<void> finish();

 private:
  explicit CaptureWriter(NewFile file) : file_(std::move(file)) {}
  Result<void> flush();

  NewFile file_;
  std::vector<std::byte> buffer_;
};

}  // namespace skep::hooks
