// How addresses, protocols and times are written, both ways.
//
// The same forms are printed by maps and events and read by `--set`, so both directions of each
// stand here. IPv6 text follows RFC 5952; an IPv4-mapped address is the IPv4 address.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/types.hpp"

namespace skep::events {

using Ipv6 = std::array<u8, 16>;

std::string ipv4_text(std::span<const u8, 4> address);
std::string ipv6_text(std::span<const u8, 16> address);  // IPv4-mapped: as IPv4
std::string mac_text(std::span<const u8, 6> address);
bool is_ipv4_mapped(std::span<const u8, 16> address);

// Either family; IPv4 comes back mapped. nullopt: not an address.
std::optional<Ipv6> parse_address(std::string_view text);
std::optional<std::array<u8, 6>> parse_mac(std::string_view text);

// "tcp", or an empty text for the numbers without a common name; and back.
std::string_view protocol_name(u8 number);
std::optional<u8> protocol_number(std::string_view name);

// A duration as "1.5 ms"; a time since the epoch as the time of day in UTC, "12:34:56.123456".
std::string nanoseconds_text(u64 ns);

}  // namespace skep::events
