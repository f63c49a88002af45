// Packets from a capture file, one after the other.
//
// In: a pcap or pcapng file of either byte order, with times in micro- or nanoseconds, or the same
// on standard input ("-"). Out: Ethernet frames. Captures of raw IP get an Ethernet header in front
// of each packet, with zero addresses, so that one program reads both. Refused: other link types,
// by name. A file that is cut gives every whole packet first and then an error that says at which
// packet and byte it is cut. Reading is libpcap's.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

struct pcap;

namespace skep::hooks {

struct CapturedPacket {
  std::span<const std::byte> bytes;  // valid until the next one is read
  u32 wire_length = 0;               // more than bytes.size() when the capture kept only the start
  u64 time_ns = 0;                   // since the epoch
};

enum class Framing : u8 { ethernet, raw_ip };

class CaptureReader {
 public:
  static Result<CaptureReader> open(const std::string& path);

  // nullopt at the end. Errors name the file, the packet and the offset.
  Result<std::optional<CapturedPacket>> next();

  Framing framing() const { return framing_; }
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(pcap* capture) const;
  };
  CaptureReader(std::string path, std::unique_ptr<pcap, Close> capture, Framing framing)
      : path_(std::move(path)), capture_(std::move(capture)), framing_(framing) {}

  Error stopped() const;
  std::span<const std::byte> framed(std::span<const std::byte> packet);

  std::string path_;
  std::unique_ptr<pcap, Close> capture_;
  Framing framing_;
  u64 packets_ = 0;
  std::vector<std::byte> frame_;  // of raw IP: the packet behind its made-up header
};

// Bytes in front of a raw IP packet: an Ethernet header.
inline constexpr u32 kEthernetHeaderBytes = 14;

}  // namespace skep::hooks
