#include "events/notation.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/text.hpp"

namespace skep::events {
namespace {

constexpr u8 kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// IANA protocol numbers that people write by name.
constexpr std::pair<u8, std::string_view> kProtocols[] = {
    {1, "icmp"}, {2, "igmp"}, {6, "tcp"},        {17, "udp"},  {41, "ipv6"}, {47, "gre"},
    {50, "esp"}, {51, "ah"},  {58, "ipv6-icmp"}, {89, "ospf"}, {132, "sctp"}};

constexpr u64 kSecond = 1'000'000'000;
// Nothing is measured for thirty years: from here on it is a time since the epoch.
constexpr u64 kEarliestTime = kSecond * 1'000'000'000;

// Three digits that count: 1.23 ms, 12.3 ms, 123 ms.
std::string scaled(double value, std::string_view unit) {
  char digits[32];
  std::snprintf(digits, sizeof digits, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  return std::string(digits) + std::string(unit);
}

std::string time_of_day(u64 ns) {
  const u64 second = ns / kSecond % 86400;
  char text[40];
  std::snprintf(text, sizeof text, "%02u:%02u:%02u.%06u", static_cast<unsigned>(second / 3600),
                static_cast<unsigned>(second / 60 % 60), static_cast<unsigned>(second % 60),
                static_cast<unsigned>(ns % kSecond / 1000));
  return text;
}

}  // namespace

std::string ipv4_text(std::span<const u8, 4> address) {
  return format("{}.{}.{}.{}", address[0], address[1], address[2], address[3]);
}

bool is_ipv4_mapped(std::span<const u8, 16> address) {
  return std::memcmp(address.data(), kMappedPrefix, sizeof kMappedPrefix) == 0;
}

std::string ipv6_text(std::span<const u8, 16> address) {
  if (is_ipv4_mapped(address)) return ipv4_text(address.subspan<12, 4>());
  // The longest run of at least two zero groups, the first of equals, becomes "::" (RFC 5952, 4.2).
  u32 groups[8];
  for (std::size_t at = 0; at < 8; ++at) {
    groups[at] = u32{address[2 * at]} << 8 | address[2 * at + 1];
  }
  int best = -1, best_length = 1;
  for (int at = 0; at < 8;) {
    int end = at;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - at > best_length) best = at, best_length = end - at;
    at = end == at ? at + 1 : end;
  }
  std::string out;
  for (int at = 0; at < 8;) {
    if (at == best) {
      out += "::";
      at += best_length;
      continue;
    }
    if (!out.empty() && !out.ends_with(':')) out += ':';
    out += format("{:x}", groups[at++]);
  }
  return out;
}

std::string mac_text(std::span<const u8, 6> address) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1],
                address[2], address[3], address[4], address[5]);
  return text;
}

std::optional<Ipv6> parse_address(std::string_view text) {
  const std::string terminated(text);
  Ipv6 address{};
  if (::inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  std::memcpy(address.data(), kMappedPrefix, sizeof kMappedPrefix);
  if (::inet_pton(AF_INET, terminated.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

std::optional<std::array<u8, 6>> parse_mac(std::string_view text) {
  std::array<u8, 6> address{};
  if (text.size() != 17) return std::nullopt;
  for (std::size_t at = 0; at < 6; ++at) {
    const char* begin = text.data() + at * 3;
    const auto [end, fault] = std::from_chars(begin, begin + 2, address[at], 16);
    if (fault != std::errc() || end != begin + 2) return std::nullopt;
    if (at < 5 && *end != ':') return std::nullopt;
  }
  return address;
}

std::string_view protocol_name(u8 number) {
  for (const auto& [known, name] : kProtocols) {
    if (known == number) return name;
  }
  return {};
}

std::optional<u8> protocol_number(std::string_view name) {
  for (const auto& [number, known] : kProtocols) {
    if (known == name) return number;
  }
  return std::nullopt;
}

std::string nanoseconds_text(u64 ns) {
  if (ns >= kEarliestTime) return time_of_day(ns);
  const auto value = static_cast<double>(ns);
  if (ns < 1000) return format("{}ns", ns);
  if (ns < 1'000'000) return scaled(value / 1e3, "us");
  if (ns < kSecond) return scaled(value / 1e6, "ms");
  return scaled(value / 1e9, "s");
}

}  // namespace skep::events
