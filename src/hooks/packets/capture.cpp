#include "hooks/packets/capture.hpp"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::hooks {
namespace {

// A directory opens like a file and then cannot be read: say so before libpcap says something else.
Result<void> check_is_readable(std::FILE* file, const std::string& path) {
  struct stat status {};
  if (::fstat(::fileno(file), &status) != 0) return system_error("read", path, errno);
  if (!S_ISDIR(status.st_mode)) return {};
  return Error(Fault::usage, format("cannot read {}: it is a directory", path),
               "name a capture file inside it");
}

// The file libpcap will close, or an error.
Result<std::FILE*> open_file(const std::string& path) {
  if (path == "-") return stdin;
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return system_error("open", path, errno);
  if (auto readable = check_is_readable(file, path); !readable.ok()) {
    std::fclose(file);
    return std::move(readable).error();
  }
  return file;
}

Result<Framing> framing_of(pcap* capture, const std::string& path) {
  const int link = ::pcap_datalink(capture);
  switch (link) {
    case DLT_EN10MB: return Framing::ethernet;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6: return Framing::raw_ip;
  }
  const char* name = ::pcap_datalink_val_to_name(link);
  const char* description = ::pcap_datalink_val_to_description(link);
  return Error(Fault::unsupported,
               format("{}: link type {} ({}) is not supported", path,
                      name != nullptr ? std::string(name) : std::to_string(link),
                      description != nullptr ? description : "unknown"),
               "skep reads Ethernet and raw IP captures; capture on one interface, not on 'any'");
}

bool is_too_short(const char* message) { return std::strstr(message, "truncated dump file"); }

}  // namespace

void CaptureReader::Close::operator()(pcap* capture) const { ::pcap_close(capture); }

Result<CaptureReader> CaptureReader::open(const std::string& path) {
  std::FILE* file = TRY(open_file(path));
  char message[PCAP_ERRBUF_SIZE] = {};
  pcap* raw = ::pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, message);
  if (raw == nullptr) {
    if (file != stdin) std::fclose(file);
    if (is_too_short(message))
      return Error(Fault::malformed, format("{}: not a capture: the file header is cut", path));
    return Error(Fault::malformed, format("{}: not a capture skep can read: {}", path, message),
                 "skep reads pcap and pcapng files");
  }
  std::unique_ptr<pcap, Close> capture(raw);
  const Framing framing = TRY(framing_of(raw, path));
  return CaptureReader(path, std::move(capture), framing);
}

Result<std::optional<CapturedPacket>> CaptureReader::next() {
  pcap_pkthdr* header = nullptr;
  const u_char* data = nullptr;
  const int status = ::pcap_next_ex(capture_.get(), &header, &data);
  if (status == PCAP_ERROR_BREAK) return std::optional<CapturedPacket>();
  if (status != 1) return stopped();
  ++packets_;
  CapturedPacket packet;
  packet.bytes = {reinterpret_cast<const std::byte*>(data), header->caplen};
  packet.wire_length = header->len;
  // libpcap keeps nanoseconds in tv_usec when it was asked for that precision.
  packet.time_ns =
      static_cast<u64>(header->ts.tv_sec) * 1'000'000'000 + static_cast<u64>(header->ts.tv_usec);
  if (framing_ == Framing::raw_ip) {
    packet.bytes = framed(packet.bytes);
    packet.wire_length += kEthernetHeaderBytes;
  }
  return std::optional(packet);
}

// Where it is: after what libpcap could read of the packet. A pipe has no offsets.
Error CaptureReader::stopped() const {
  const char* message = ::pcap_geterr(capture_.get());
  const long offset = std::ftell(::pcap_file(capture_.get()));
  std::string place = format("packet {}", packets_ + 1);
  if (offset >= 0) place += format(", at offset {}", static_cast<u64>(offset));
  if (is_too_short(message)) {
    return Error(Fault::malformed, format("{}: the capture is cut in {}", path_, place),
                 "the packets before it have been processed");
  }
  return Error(Fault::malformed, format("{}: {}: {}", path_, place, message));
}

// An Ethernet header with zero addresses; the type follows from the IP version.
std::span<const std::byte> CaptureReader::framed(std::span<const std::byte> packet) {
  constexpr std::size_t kTypeOffset = 12;
  const bool v6 = !packet.empty() && static_cast<u8>(packet[0]) >> 4 == 6;
  frame_.assign(kEthernetHeaderBytes, std::byte{0});
  frame_[kTypeOffset] = std::byte{v6 ? u8{0x86} : u8{0x08}};
  frame_[kTypeOffset + 1] = std::byte{v6 ? u8{0xdd} : u8{0x00}};
  frame_.insert(frame_.end(), packet.begin(), packet.end());
  return frame_;
}

}  // namespace skep::hooks
