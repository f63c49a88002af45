// Addresses and prefixes from text to bytes: the part of events/encode.hpp that knows networks.
#pragma once

#include <span>

#include "events/decode.hpp"

namespace skep::events {

// Zeroed bytes of exactly the type's size.
using Room = std::span<std::byte>;

Error expected(std::string_view what, std::string_view text);
void store(Room room, u64 value, u32 size);

Result<void> encode_address(AddressFamily family, Room room, std::string_view text);
// "10.0.0.0/8"; without a length, a single address. Bits behind the length are refused, since such
// a prefix would hold nothing.
Result<void> encode_prefix(const btf::Types& types, const PrefixLayout& layout, Room room,
                           std::string_view text);

}  // namespace skep::events
