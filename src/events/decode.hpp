// From bytes to a Value, by the types that the object carries.
//
// BTF says most of it; the rest are conventions on names that bpf/skep.bpf.h documents for the
// authors of programs: struct in6_addr is an address, __be16 a number in network order, `*_ns` a
// time, `pad` nothing. Bytes without a type, or with one that does not fit them, become a Word of
// hexadecimal digits: there is no input that cannot be shown.
#pragma once

#include "base/bytes.hpp"
#include "btf/types.hpp"
#include "events/value.hpp"

namespace skep::events {

// `name` is that of the field the value stands in; empty for a whole key, value or record.
Value decode(const btf::Types& types, btf::TypeId type, Bytes bytes, std::string_view name = {});

// Bytes as hexadecimal digits in pairs, "0a ff".
std::string hexadecimal(Bytes bytes);

// ---- the conventions, for whoever reads the other way (events/encode.hpp) ----

bool is_padding(std::string_view field);
// Whether a typedef on the way to the plain type has this name.
bool is_called(const btf::Types& types, btf::TypeId type, std::string_view name);
// Whether numbers of this type are kept in network order.
bool is_network_order(const btf::Types& types, btf::TypeId type);

enum class AddressFamily : u8 { ipv4, ipv6 };
std::optional<AddressFamily> address_family(const btf::Types& types, btf::TypeId type);

// A structure of an address and a number of bits: 10.0.0.0/8.
struct PrefixLayout {
  btf::Member address;
  btf::Member length;
  AddressFamily family;
};
std::optional<PrefixLayout> prefix_layout(const btf::Types& types, btf::TypeId type);

// The integer of `size` bytes at most 8, in the machine's order.
u64 load_integer(Bytes bytes, u32 size);

}  // namespace skep::events
