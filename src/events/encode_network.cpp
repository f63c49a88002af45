#include "events/encode_network.hpp"

#include <cstring>

#include "base/text.hpp"
#include "events/notation.hpp"

namespace skep::events {
namespace {

Ipv6 masked(Ipv6 address, u64 length) {
  for (u64 bit = length; bit < 128; ++bit) {
    address[bit / 8] = static_cast<u8>(address[bit / 8] & ~(0x80u >> (bit % 8)));
  }
  return address;
}

}  // namespace

Error expected(std::string_view what, std::string_view text) {
  return Error(Fault::usage, format("expected {}, found '{}'", what, text));
}

void store(Room room, u64 value, u32 size) { std::memcpy(room.data(), &value, size); }

Result<void> encode_address(AddressFamily family, Room room, std::string_view text) {
  const auto parsed = parse_address(text);
  const bool v4 = family == AddressFamily::ipv4;
  if (!parsed || (v4 && !is_ipv4_mapped(*parsed)))
    return expected(v4 ? "an IPv4 address" : "an IPv4 or IPv6 address", text);
  std::memcpy(room.data(), parsed->data() + (v4 ? 12 : 0), v4 ? 4 : 16);
  return {};
}

Result<void> encode_prefix(const btf::Types& types, const PrefixLayout& layout, Room room,
                           std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view network = text.substr(0, slash);
  const auto parsed = parse_address(network);
  if (!parsed) return expected("a prefix, as 10.0.0.0/8 or 2001:db8::/32", text);
  const bool v4 = is_ipv4_mapped(*parsed) && network.find(':') == std::string_view::npos;
  const u64 bits_max = v4 ? 32 : 128;
  const auto length = slash == std::string_view::npos ? std::optional<u64>(bits_max)
                                                      : parse_unsigned(text.substr(slash + 1));
  if (!length || *length > bits_max)
    return expected(format("a prefix length of at most {}", bits_max), text);
  const u64 mapped_length = *length + (v4 ? 96 : 0);
  if (const auto network_of = masked(*parsed, mapped_length); network_of != *parsed) {
    return Error(Fault::usage, format("{} has bits set behind its length", text),
                 format("write {}/{}", ipv6_text(network_of), *length));
  }
  TRY(encode_address(layout.family, room.subspan(layout.address.bit_offset / 8), network));
  const u64 stored = layout.family == AddressFamily::ipv6 ? mapped_length : *length;
  const u32 size = types.resolved(layout.length.type).size;
  store(room.subspan(layout.length.bit_offset / 8), stored, size);
  return {};
}

}  // namespace skep::events
