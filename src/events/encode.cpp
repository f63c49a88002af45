#include "events/encode.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

#include "base/text.hpp"
#include "events/decode.hpp"
#include "events/encode_network.hpp"
#include "events/notation.hpp"

namespace skep::events {
namespace {

using btf::Kind;
using btf::Member;
using btf::Type;
using btf::TypeId;

// "a,{b,c},d" at the commas outside of braces and quotes.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '"') quoted = !quoted;
    if (quoted) continue;
    if (text[at] == '{') ++depth;
    if (text[at] == '}') --depth;
    if (text[at] != ',' || depth > 0) continue;
    parts.push_back(trimmed(text.substr(begin, at - begin)));
    begin = at + 1;
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

std::string_view without_braces(std::string_view text) {
  if (text.size() >= 2 && text.front() == '{' && text.back() == '}')
    return trimmed(text.substr(1, text.size() - 2));
  return text;
}

std::optional<u64> parse_duration(std::string_view text) {
  constexpr std::pair<std::string_view, u64> kUnits[] = {
      {"ns", 1}, {"us", 1000}, {"ms", 1000'000}, {"s", 1000'000'000}};
  for (const auto& [unit, scale] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto count = parse_unsigned(trimmed(text.substr(0, text.size() - unit.size())));
    u64 scaled = 0;
    if (count && !__builtin_mul_overflow(*count, scale, &scaled)) return scaled;
  }
  return parse_unsigned(text);
}

// Fills room that is zeroed and as large as the type.
struct Encoder {
  const btf::Types& types;

  Result<void> value(TypeId id, Room room, std::string_view text, std::string_view name) const {
    const TypeId plain = types.resolve(id);
    const Type& type = types.at(plain);
    switch (type.kind) {
      case Kind::integer:
      case Kind::enumeration:
      case Kind::enumeration64: return scalar(id, room, text, name);
      case Kind::pointer: return pointer(room, text);
      case Kind::floating: return floating(room, text);
      case Kind::array: return array(plain, room, text, name);
      case Kind::structure:
      case Kind::union_: return structure(plain, room, text);
      default:
        return Error(Fault::unsupported,
                     format("a value of type {} cannot be written", types.c_name(id)));
    }
  }

  Result<void> scalar(TypeId id, Room room, std::string_view text, std::string_view name) const {
    const Type& type = types.resolved(id);
    if (type.size > 8)
      return Error(Fault::unsupported, format("a value of type {} cannot be written", type.name));
    const u32 bits = type.kind == Kind::integer && type.bits != 0 ? type.bits : type.size * 8;
    u64 raw = TRY(number(id, bits, text, name));
    if (is_network_order(types, id)) raw = __builtin_bswap64(raw) >> (64 - 8 * type.size);
    store(room, raw, type.size);
    return {};
  }

  // The bits of a number, enumerator, truth value or protocol that is `bits` wide.
  Result<u64> number(TypeId id, u32 bits, std::string_view text, std::string_view name) const {
    const TypeId plain = types.resolve(id);
    const Type& type = types.at(plain);
    if (type.kind != Kind::integer) {
      for (const btf::Enumerator& each : types.enumerators(plain)) {
        if (each.name == text) return static_cast<u64>(each.value) & mask(bits);
      }
    } else if (type.encoding == btf::Encoding::boolean && (text == "true" || text == "false")) {
      return u64{text == "true"};
    } else if (type.name == "char" && text.size() == 3 && text[0] == '\'' && text[2] == '\'') {
      return u64{static_cast<u8>(text[1])};
    } else if (name.ends_with("protocol") && protocol_number(text)) {
      return u64{*protocol_number(text)};
    } else if (name.ends_with("_ns") && parse_duration(text)) {
      return *parse_duration(text);
    }
    return plain_number(plain, bits, text);
  }

  Result<u64> plain_number(TypeId id, u32 bits, std::string_view text) const {
    const bool is_signed = types.at(id).encoding == btf::Encoding::signed_;
    const u64 half = u64{1} << (bits - 1);
    if (is_signed) {
      const auto value = parse_signed(text);
      const bool fits = value && *value <= static_cast<s64>(half - 1) &&
                        *value >= -static_cast<s64>(half - 1) - 1;
      if (fits) return static_cast<u64>(*value) & mask(bits);
    } else {
      const auto value = parse_unsigned(text);
      const u64 highest = types.at(id).encoding == btf::Encoding::boolean ? 1 : mask(bits);
      if (value && *value <= highest) return *value;
    }
    return not_a_number(id, bits, text);
  }

  Error not_a_number(TypeId id, u32 bits, std::string_view text) const {
    const Type& type = types.at(id);
    if (type.kind == Kind::integer) {
      const bool is_signed = type.encoding == btf::Encoding::signed_;
      return expected(format("{} number of {} bits", is_signed ? "a signed" : "an unsigned", bits),
                      text);
    }
    std::vector<std::string> names;
    std::vector<std::string_view> known;
    for (const btf::Enumerator& each : types.enumerators(id)) {
      names.emplace_back(each.name);
      known.push_back(each.name);
    }
    Error error = expected("one of " + join(names, ", "), text);
    error.hint = did_you_mean(text, known);
    return error;
  }

  static Result<void> pointer(Room room, std::string_view text) {
    const auto value = parse_unsigned(text);
    if (!value) return expected("an address as a number", text);
    store(room, *value, 8);
    return {};
  }

  static u64 mask(u32 bits) { return bits >= 64 ? ~u64{0} : (u64{1} << bits) - 1; }

  static Result<void> floating(Room room, std::string_view text) {
    double value = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (fault != std::errc() || end != text.data() + text.size() || room.size() > 8)
      return expected("a decimal number", text);
    const auto single = static_cast<float>(value);
    if (room.size() == 4) {
      std::memcpy(room.data(), &single, 4);
    } else {
      std::memcpy(room.data(), &value, room.size());
    }
    return {};
  }

  Result<void> array(TypeId id, Room room, std::string_view text, std::string_view name) const {
    const Type& type = types.at(id);
    const Type& element = types.resolved(type.type);
    if (element.kind == Kind::integer && element.size == 1) {
      if (element.name == "char") return string(room, text);
      if (room.size() == 6 && name.ends_with("mac")) {
        const auto mac = parse_mac(text);
        if (!mac) return expected("a MAC address, as 02:00:00:00:00:01", text);
        std::memcpy(room.data(), mac->data(), 6);
        return {};
      }
    }
    const auto parts = split(without_braces(text));
    if (parts.size() != type.count)
      return expected(
          format("{} of type {}", counted(type.count, "element"), types.c_name(type.type)), text);
    const std::size_t stride = room.size() / std::max(type.count, 1u);
    for (std::size_t at = 0; at < parts.size(); ++at) {
      TRY(value(type.type, room.subspan(at * stride, stride), parts[at], name));
    }
    return {};
  }

  static Result<void> string(Room room, std::string_view text) {
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
      text = text.substr(1, text.size() - 2);
    if (text.size() >= room.size())
      return expected(format("a string of at most {} bytes", room.size() - 1), text);
    std::memcpy(room.data(), text.data(), text.size());
    return {};
  }

  Result<void> structure(TypeId id, Room room, std::string_view text) const {
    if (const auto family = address_family(types, id)) return encode_address(*family, room, text);
    if (const auto layout = prefix_layout(types, id)) {
      if (text.find('/') != std::string_view::npos || text.find(',') == std::string_view::npos)
        return encode_prefix(types, *layout, room, text);
    }
    const std::vector<Member> members = members_to_write(id);
    const auto parts = split(without_braces(text));
    if (parts.size() != members.size()) return members_expected(id, members, text);
    for (std::size_t at = 0; at < parts.size(); ++at) {
      TRY(member(members[at], room, parts[at]).within(members[at].name));
    }
    return {};
  }

  // Padding is not written; of a union, the first member is what is meant.
  std::vector<Member> members_to_write(TypeId id) const {
    std::vector<Member> members;
    for (const Member& each : types.members(id)) {
      if (!is_padding(each.name)) members.push_back(each);
    }
    if (types.at(id).kind == Kind::union_ && members.size() > 1) members.resize(1);
    return members;
  }

  Error members_expected(TypeId id, const std::vector<Member>& members,
                         std::string_view text) const {
    std::vector<std::string> names;
    for (const Member& each : members) names.emplace_back(each.name.empty() ? "{…}" : each.name);
    return expected(format("{} of {}: {}", counted(members.size(), "member"), types.c_name(id),
                           join(names, ",")),
                    text);
  }

  Result<void> member(const Member& member, Room room, std::string_view text) const {
    if (member.bit_size == 0) {
      const u32 size = TRY(types.size_of(member.type));
      return value(member.type, room.subspan(member.bit_offset / 8, size), text, member.name);
    }
    const u64 raw = TRY(number(member.type, member.bit_size, text, member.name));
    for (u32 bit = 0; bit < member.bit_size; ++bit) {
      const u32 at = member.bit_offset + bit;
      if (raw >> bit & 1) room[at / 8] |= std::byte{1} << (at % 8);
    }
    return {};
  }
};

// Without a type: a number where it fits, else pairs of hexadecimal digits.
Result<void> untyped(Room room, std::string_view text) {
  if (const auto number = parse_unsigned(text); number && room.size() <= 8) {
    if (room.size() == 8 || *number >> (8 * room.size()) == 0) {
      store(room, *number, static_cast<u32>(room.size()));
      return {};
    }
  }
  std::string digits;
  for (const char c : text) {
    if (c != ' ') digits += c;
  }
  if (digits.size() != room.size() * 2)
    return expected(format("{} as hexadecimal digits", counted(room.size(), "byte")), text);
  for (std::size_t at = 0; at < room.size(); ++at) {
    u8 byte = 0;
    const char* begin = digits.data() + at * 2;
    const auto [end, fault] = std::from_chars(begin, begin + 2, byte, 16);
    if (fault != std::errc() || end != begin + 2) return expected("hexadecimal digits", text);
    room[at] = std::byte{byte};
  }
  return {};
}

}  // namespace

Result<std::vector<std::byte>> encode(const btf::Types& types, TypeId type, u32 size,
                                      std::string_view text, std::string_view name) {
  std::vector<std::byte> bytes(size);
  text = trimmed(text);
  const auto known = types.size_of(type);
  if (types.resolve(type) == btf::kVoid || !known.ok() || *known != size) {
    TRY(untyped(bytes, text));
  } else {
    TRY(Encoder{types}.value(type, bytes, text, name));
  }
  return bytes;
}

}  // namespace skep::events
