#include "cli/hex.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace skep::cli {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> read_all(int fd, const std::string& name, u64 bytes_max) {
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count == 0) return text;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EISDIR)
      return Error(Fault::usage, format("cannot read {}: it is a directory", name),
                   "name a file inside it");
    if (count < 0) return system_error("read", name, errno);
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > bytes_max)
      return Error(Fault::exhausted, format("{} is longer than {} bytes", name, bytes_max));
  }
}

}  // namespace

Result<std::vector<std::byte>> parse_hexadecimal(std::string_view text) {
  std::vector<std::byte> bytes;
  int high = -1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (std::strchr(" \t\r\n", text[at]) != nullptr && text[at] != '\0') continue;
    const int digit = digit_of(text[at]);
    if (digit < 0)
      return Error(Fault::malformed, format("not a hexadecimal digit at character {}", at + 1));
    if (high < 0) {
      high = digit;
    } else {
      bytes.push_back(static_cast<std::byte>(high << 4 | digit));
      high = -1;
    }
  }
  if (high >= 0) return Error(Fault::malformed, "an odd number of hexadecimal digits");
  return bytes;
}

std::string to_hexadecimal(std::span<const std::byte> bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : bytes) {
    out += kHex[static_cast<u8>(byte) >> 4];
    out += kHex[static_cast<u8>(byte) & 0xf];
  }
  return out;
}

Result<std::vector<isa::Slot>> parse_slots(std::string_view hexadecimal) {
  const auto bytes = TRY(parse_hexadecimal(hexadecimal));
  if (bytes.empty()) return Error(Fault::malformed, "a program needs at least one instruction");
  if (bytes.size() % sizeof(isa::Slot) != 0) {
    return Error(Fault::malformed, format("{} are not a whole number of 8-byte instructions",
                                          counted(bytes.size(), "byte")));
  }
  std::vector<isa::Slot> slots(bytes.size() / sizeof(isa::Slot));
  std::memcpy(slots.data(), bytes.data(), bytes.size());
  return slots;
}

Result<std::string> read_input(const std::string& path, u64 bytes_max) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", bytes_max);
  const Fd fd = TRY(Fd::open(path, O_RDONLY));
  return read_all(fd.get(), path, bytes_max);
}

}  // namespace skep::cli
