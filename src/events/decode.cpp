#include "events/decode.hpp"

#include <algorithm>
#include <cstring>

#include "events/notation.hpp"

namespace skep::events {
namespace {

using btf::Kind;
using btf::Type;
using btf::TypeId;

u64 mask_of(u32 bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

s64 extend_sign(u64 value, u32 bits) {
  if (bits == 0 || bits >= 64) return static_cast<s64>(value);
  const u64 sign = u64{1} << (bits - 1);
  return static_cast<s64>(((value & mask_of(bits)) ^ sign) - sign);
}

u64 swap_bytes(u64 value, u32 size) { return __builtin_bswap64(value) >> (64 - 8 * size); }

template <std::size_t size>
std::span<const u8, size> octets(Bytes bytes) {
  return std::span<const u8, size>(reinterpret_cast<const u8*>(bytes.data()), size);
}

// Bytes of a whole type, and what is asked of a part of it.
struct Decoder {
  const btf::Types& types;

  Value value(TypeId id, Bytes bytes, std::string_view name) const {
    const auto size = types.size_of(id);
    if (!size.ok() || *size > bytes.size() || *size == 0) return {Word{hexadecimal(bytes)}};
    bytes = Bytes(bytes.span().first(*size));
    const TypeId plain = types.resolve(id);
    switch (types.at(plain).kind) {
      case Kind::integer:
      case Kind::enumeration:
      case Kind::enumeration64: return scalar(id, bytes, name);
      case Kind::pointer: return {Word{format("0x{:x}", load_integer(bytes, 8))}};
      case Kind::array: return array(plain, bytes, name);
      case Kind::structure:
      case Kind::union_: return structure(plain, bytes);
      case Kind::floating: return floating(bytes);
      case Kind::variable: return value(types.at(plain).type, bytes, name);
      case Kind::section: return section(plain, bytes);
      default: return {Word{hexadecimal(bytes)}};
    }
  }

  // Integers and enums of at most eight bytes, all bits of them.
  Value scalar(TypeId id, Bytes bytes, std::string_view name) const {
    const Type& type = types.resolved(id);
    if (type.size > 8) return {Word{hexadecimal(bytes)}};
    u64 raw = load_integer(bytes, type.size);
    if (is_network_order(types, id)) raw = swap_bytes(raw, type.size);
    const u32 bits = type.kind == Kind::integer && type.bits != 0 ? type.bits : type.size * 8;
    return number(id, raw & mask_of(bits), bits, name);
  }

  Value number(TypeId id, u64 raw, u32 bits, std::string_view name) const {
    const TypeId plain = types.resolve(id);
    const Type& type = types.at(plain);
    const bool is_signed = type.encoding == btf::Encoding::signed_;
    if (type.kind != Kind::integer) return enumerator(plain, raw, bits, is_signed);
    if (type.encoding == btf::Encoding::boolean) return {raw != 0};
    if (name.ends_with("_ns") && type.size == 8) return {Nanoseconds{raw}};
    if (name.ends_with("protocol") && type.size == 1 &&
        !protocol_name(static_cast<u8>(raw)).empty())
      return {Word{std::string(protocol_name(static_cast<u8>(raw)))}};
    if (is_signed) return {extend_sign(raw, bits)};
    return {raw};
  }

  Value enumerator(TypeId id, u64 raw, u32 bits, bool is_signed) const {
    for (const btf::Enumerator& each : types.enumerators(id)) {
      if ((static_cast<u64>(each.value) & mask_of(bits)) == raw)
        return {Word{std::string(each.name)}};
    }
    if (is_signed) return {extend_sign(raw, bits)};
    return {raw};
  }

  Value floating(Bytes bytes) const {
    if (bytes.size() == 4) return {static_cast<double>(std::move(bytes.read<float>(0)).take())};
    if (bytes.size() == 8) return {std::move(bytes.read<double>(0)).take()};
    return {Word{hexadecimal(bytes)}};
  }

  Value array(TypeId id, Bytes bytes, std::string_view name) const {
    const Type& type = types.at(id);
    const Type& element = types.resolved(type.type);
    if (element.kind == Kind::integer && element.size == 1) {
      if (element.name == "char" || element.encoding == btf::Encoding::character)
        return text(bytes);
      if (bytes.size() == 6 && name.ends_with("mac")) return {Word{mac_text(octets<6>(bytes))}};
      return {Word{hexadecimal(bytes)}};
    }
    List list;
    const u64 stride = bytes.size() / std::max(type.count, 1u);
    for (u64 at = 0; at < type.count; ++at) {
      list.push_back(value(type.type, Bytes(bytes.span().subspan(at * stride, stride)), name));
    }
    return {std::move(list)};
  }

  static Value text(Bytes bytes) {
    std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {Text{std::string(all.substr(0, all.find('\0')))}};
  }

  Value structure(TypeId id, Bytes bytes) const {
    if (const auto family = address_family(types, id)) return address(*family, bytes);
    if (const auto layout = prefix_layout(types, id)) return prefix(*layout, bytes);
    Record record;
    add_members(record, id, bytes);
    return {std::move(record)};
  }

  static Value address(AddressFamily family, Bytes bytes) {
    if (family == AddressFamily::ipv4) return {Address{ipv4_text(octets<4>(bytes))}};
    return {Address{ipv6_text(octets<16>(bytes))}};
  }

  Value prefix(const PrefixLayout& layout, Bytes bytes) const {
    const Bytes network = part(bytes, layout.address);
    u64 length = load_integer(part(bytes, layout.length), types.resolved(layout.length.type).size);
    const bool mapped = layout.family == AddressFamily::ipv6 && is_ipv4_mapped(octets<16>(network));
    const std::string text = std::get<Address>(address(layout.family, network).of).text;
    if (mapped && length >= 96) length -= 96;
    return {Word{format("{}/{}", text, length)}};
  }

  static Bytes part(Bytes bytes, const btf::Member& member) {
    return Bytes(bytes.span().subspan(member.bit_offset / 8));
  }

  void add_members(Record& record, TypeId id, Bytes bytes) const {
    for (const btf::Member& member : types.members(id)) {
      if (is_padding(member.name)) continue;
      const Type& type = types.resolved(member.type);
      const bool nested = type.kind == Kind::structure || type.kind == Kind::union_;
      if (member.name.empty() && nested) {
        add_members(record, types.resolve(member.type), part(bytes, member));
      } else if (!member.name.empty()) {
        record.push_back({std::string(member.name), member_value(member, bytes)});
      }
    }
  }

  Value member_value(const btf::Member& member, Bytes bytes) const {
    if (member.bit_size == 0) return value(member.type, part(bytes, member), member.name);
    u64 raw = 0;
    for (u32 bit = 0; bit < member.bit_size && bit < 64; ++bit) {
      const u32 at = member.bit_offset + bit;
      if (at / 8 >= bytes.size()) break;
      raw |= (static_cast<u64>(bytes.data()[at / 8]) >> (at % 8) & 1) << bit;
    }
    return number(member.type, raw, member.bit_size, member.name);
  }

  // The variables of .data or .bss.
  Value section(TypeId id, Bytes bytes) const {
    Record record;
    for (const btf::SectionVariable& variable : types.variables(id)) {
      if (variable.offset > bytes.size()) continue;
      const Type& declared = types.at(variable.type);
      const Bytes rest(bytes.span().subspan(variable.offset));
      record.push_back({std::string(declared.name), value(declared.type, rest, declared.name)});
    }
    return {std::move(record)};
  }
};

}  // namespace

std::string hexadecimal(Bytes bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const std::byte byte : bytes.span()) {
    if (!out.empty()) out += ' ';
    out += kHex[static_cast<u8>(byte) >> 4];
    out += kHex[static_cast<u8>(byte) & 0xf];
  }
  return out;
}

u64 load_integer(Bytes bytes, u32 size) {
  u64 value = 0;
  std::memcpy(&value, bytes.data(), std::min<u64>({size, bytes.size(), 8}));
  return value;
}

bool is_padding(std::string_view field) {
  field.remove_prefix(std::min(field.find_first_not_of('_'), field.size()));
  if (!field.starts_with("pad")) return false;
  field.remove_prefix(3);
  return field == "ding" || field.find_first_not_of("0123456789_") == std::string_view::npos;
}

bool is_called(const btf::Types& types, TypeId type, std::string_view name) {
  const TypeId plain = types.resolve(type);
  while (type != plain) {
    if (types.at(type).kind == Kind::typedef_ && types.at(type).name == name) return true;
    type = types.at(type).type;
  }
  return false;
}

bool is_network_order(const btf::Types& types, TypeId type) {
  return is_called(types, type, "__be16") || is_called(types, type, "__be32") ||
         is_called(types, type, "__be64");
}

std::optional<AddressFamily> address_family(const btf::Types& types, TypeId type) {
  const Type& plain = types.resolved(type);
  if (plain.kind != Kind::structure) return std::nullopt;
  if (plain.name == "in6_addr" && plain.size == 16) return AddressFamily::ipv6;
  if (plain.name == "in_addr" && plain.size == 4) return AddressFamily::ipv4;
  return std::nullopt;
}

std::optional<PrefixLayout> prefix_layout(const btf::Types& types, TypeId type) {
  std::optional<btf::Member> address, length;
  for (const btf::Member& member : types.members(types.resolve(type))) {
    if (is_padding(member.name)) continue;
    const Type& plain = types.resolved(member.type);
    const bool is_length = plain.kind == Kind::integer && plain.size <= 8 && member.bit_size == 0 &&
                           (member.name.starts_with("prefix") || member.name == "length");
    if (is_length && !length) {
      length = member;
    } else if (address_family(types, member.type) && !address) {
      address = member;
    } else {
      return std::nullopt;
    }
  }
  if (!address || !length) return std::nullopt;
  return PrefixLayout{*address, *length, *address_family(types, address->type)};
}

Value decode(const btf::Types& types, TypeId type, Bytes bytes, std::string_view name) {
  if (types.resolve(type) == btf::kVoid) return {Word{hexadecimal(bytes)}};
  return Decoder{types}.value(type, bytes, name);
}

}  // namespace skep::events
