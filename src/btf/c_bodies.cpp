#include "btf/c_bodies.hpp"

#include <algorithm>

#include "btf/declaration.hpp"
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr SpellingLimits kLimits{.length_max = 1 << 16, .nesting_max = 16};
constexpr u64 kLengthAlways = 1 << 20, kLengthPerByte = 64;  // of a text, for bytes of BTF

u64 bytes_of(const Types& types) {
  return types.bytes().size() + (types.base() ? bytes_of(*types.base()) : 0);
}

std::string indentation(u32 level) { return std::string(level, '\t'); }

// What makes an enum as large as it is, where C would choose another size.
std::string_view enum_mode(const Type& type, const List<Enumerator>& values) {
  if (type.size == 1) return " __attribute__((mode(byte)))";
  if (type.size == 2) return " __attribute__((mode(HI)))";
  if (type.size != 8) return "";
  const bool is_signed = type.encoding == Encoding::signed_;
  const auto is_wide = [&](const Enumerator& each) {
    return is_signed ? each.value != static_cast<s32>(each.value)
                     : static_cast<u64>(each.value) > ~u32{0};
  };
  return std::ranges::any_of(values, is_wide) ? "" : " __attribute__((mode(word)))";
}

std::string value_text(const Type& type, s64 value) {
  const bool is_wide = type.kind == Kind::enumeration64;
  if (type.encoding == Encoding::signed_) return format("{}{}", value, is_wide ? "LL" : "");
  return format("{}{}", static_cast<u64>(value), is_wide ? "ULL" : "");
}

}  // namespace

CBodies::CBodies(const Types& types)
    : types_(types),
      names_(types),
      layout_(types),
      bytes_left_(kLengthAlways + kLengthPerByte * bytes_of(types)) {}

Result<void> CBodies::status() const {
  if (failure_) return *failure_;
  return {};
}

void CBodies::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

std::string CBodies::charged(std::string text) {
  if (text.size() > bytes_left_) {
    fail({Fault::exhausted, "unnamed types repeat each other without end"});
    bytes_left_ = 0;
    return {};
  }
  bytes_left_ -= text.size();
  return text;
}

std::string CBodies::reference(TypeId id) {
  const Type type = types_.at(id);
  switch (type.kind) {
    case Kind::structure: return "struct " + names_.name(id);
    case Kind::union_: return "union " + names_.name(id);
    case Kind::forward: return (type.is_union ? "union " : "struct ") + names_.name(id);
    case Kind::enumeration:
    case Kind::enumeration64: return "enum " + names_.name(id);
    case Kind::typedef_: return names_.name(id);
    case Kind::void_: return "void";
    default: return std::string(type.name);
  }
}

std::string CBodies::definition(TypeId id) {
  const Kind kind = types_.kind(id);
  if (kind == Kind::typedef_) return typedef_definition(id);
  return kind == Kind::forward ? reference(id) : body(id, 0);
}

std::string CBodies::typedef_definition(TypeId id) {
  const Type type = types_.at(id);
  // As old versions of gcc wrote it, which no compiler takes.
  if (type.type == kVoid && type.name == "__gnuc_va_list") {
    return "typedef __builtin_va_list __gnuc_va_list";
  }
  return "typedef " + declare(type.type, names_.name(id), 0);
}

// Unnamed types are written where they are used.
std::string CBodies::base(TypeId id, u32 level) {
  const Kind kind = types_.kind(id);
  const bool has_body = kind == Kind::structure || kind == Kind::union_ ||
                        kind == Kind::enumeration || kind == Kind::enumeration64;
  return has_body && types_.name(id).empty() ? body(id, level) : reference(id);
}

std::string CBodies::declare(TypeId id, std::string_view name, u32 level) {
  Declarations declarations(types_, kLimits, [&](TypeId end) { return base(end, level); });
  std::string out = declarations.declare(id, c_identifier(name));
  if (declarations.was_cut()) {
    fail({Fault::unsupported, format("the type of {} cannot be written in C: {}",
                                     name.empty() ? "a parameter" : name, types_.c_name(id))});
  }
  return out;
}

std::string CBodies::body(TypeId id, u32 level) {
  if (level > kDepthMax) {
    fail({Fault::unsupported, label(types_, id) + " is nested too deep"});
    return {};
  }
  const Kind kind = types_.kind(id);
  return charged(is_enum(kind) ? enum_body(id, level) : structure_body(id, level));
}

std::string CBodies::structure_body(TypeId id, u32 level) {
  const Type type = types_.at(id);
  const bool packed = layout_.is_packed(id);
  std::string out = type.kind == Kind::union_ ? "union" : "struct";
  if (!type.name.empty()) out += " " + names_.name(id);
  out += " {" + members(id, level + 1, packed);
  if (type.count != 0 || type.size != 0) out += "\n" + indentation(level);
  out += "}";
  if (packed) out += " __attribute__((packed))";
  return out;
}

std::string CBodies::members(TypeId id, u32 level, bool packed) {
  const Type type = types_.at(id);
  const bool is_union = type.kind == Kind::union_;
  std::string out;
  u64 end = 0;  // of the member before, in bits
  bool after_bit_field = false;
  for (const Member& member : types_.members(id)) {
    if (failure_) return {};
    const bool is_bit_field = member.bit_size != 0;
    const u32 alignment = packed ? 1 : layout_.alignment(member.type);
    if (!is_union) {
      const bool between = after_bit_field && is_bit_field;
      out += fillers({end, member.bit_offset, alignment, between, packed}, level);
    }
    out += "\n" + indentation(level) + declare(member.type, member.name, level);
    if (is_bit_field) out += format(": {}", member.bit_size);
    out += ";";
    const auto bytes = types_.size_of(member.type);
    end = member.bit_offset + (is_bit_field ? member.bit_size : bytes.ok() ? u64{*bytes} * 8 : 0);
    after_bit_field = is_bit_field;
  }
  if (!is_union)
    out += fillers({end, u64{type.size} * 8, layout_.alignment(id), false, packed}, level);
  return charged(std::move(out));
}

std::string CBodies::fillers(const Gap& gap, u32 level) {
  auto filled = fill(gap);
  if (!filled.ok()) {
    fail(std::move(filled).error());
    return {};
  }
  std::string out;
  for (const Filler& each : *filled) {
    out += format("\n{}{}: {};", indentation(level), each.type, each.bits);
  }
  return out;
}

std::string CBodies::enum_body(TypeId id, u32 level) {
  const Type type = types_.at(id);
  const auto values = types_.enumerators(id);
  std::string out = "enum";
  if (!type.name.empty()) out += " " + names_.name(id);
  if (values.empty()) return out;
  out += " {";
  for (const Enumerator& each : values) {
    out += format("\n{}{} = {},", indentation(level + 1), names_.enumerator(each.name),
                  value_text(type, each.value));
  }
  out += format("\n{}}{}", indentation(level), enum_mode(type, values));
  return out;
}

}  // namespace skep::btf
