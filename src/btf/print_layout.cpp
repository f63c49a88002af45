#include "btf/print_layout.hpp"

#include <algorithm>

#include "btf/anatomy.hpp"
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u64 kCacheLineBytes = 64;
constexpr std::size_t kCommentColumn = 57;  // where pahole has its comments
constexpr std::size_t kTabWidth = 8;
constexpr std::string_view kAnonymous = "(anonymous)";  // as c_declaration() calls them

std::string right(u64 number, std::size_t width) {
  std::string text = std::to_string(number);
  text.insert(0, width > text.size() ? width - text.size() : 0, ' ');
  return text;
}

// "4 bytes", or "3 bits" when it is no whole number of bytes.
std::string amount(u64 bits) {
  return bits % 8 == 0 ? counted(bits / 8, "byte") : counted(bits, "bit");
}

std::string value_text(s64 value, bool is_signed) {
  return is_signed ? std::to_string(value) : std::to_string(static_cast<u64>(value));
}

class TextLayout {
 public:
  explicit TextLayout(const Types& types) : types_(types) {}

  Result<std::string> structure(TypeId id, std::string_view head, std::string_view tail) {
    const Anatomy anatomy = TRY(anatomy_of(types_, id));
    out_ = std::string(head) + " {\n";
    parts(anatomy.parts, 1);
    write_sums(anatomy);
    return std::move(out_) + "}" + std::string(tail) + ";\n";
  }

 private:
  void line(u32 level, std::string_view text) {
    out_.append(level, '\t').append(text).append("\n");
  }

  // From the start of the line, tabs counted as people see them.
  void declared(u32 level, std::string_view text, const std::string& place) {
    const std::size_t width = level * kTabWidth + text.size();
    const std::string gap(width < kCommentColumn ? kCommentColumn - width : 1, ' ');
    line(level, std::string(text) + gap + place);
  }

  static std::string place_of(const Part& part) {
    const std::string offset = right(part.byte_offset(), 6);
    if (part.bit_size == 0) return format("/*{} {} */", offset, right(part.bytes, 5));
    return format("/*{}:{} {} */", offset, right(part.bit_in_byte(), 2), right(part.bytes, 2));
  }

  void parts(const std::vector<Part>& all, u32 level) {
    for (const Part& each : all) {
      if (each.hole_bits != 0) {
        out_ += "\n";
        line(level, format("/* XXX {} hole, try to pack */", amount(each.hole_bits)));
        out_ += "\n";
      }
      cache_line(each, level);
      each.parts.empty() ? simple(each, level) : nested(each, level);
    }
  }

  // Where a line of the cache begins: at this part, or inside of what stands before it.
  void cache_line(const Part& part, u32 level) {
    const u64 number = part.byte_offset() / kCacheLineBytes;
    if (number <= cache_lines_) return;
    cache_lines_ = number;
    const u64 begin = number * kCacheLineBytes, ago = part.byte_offset() - begin;
    line(level, format("/* --- cacheline {} boundary ({} bytes){} --- */", number, begin,
                       ago == 0 ? "" : format(" was {} ago", counted(ago, "byte"))));
  }

  void simple(const Part& part, u32 level) {
    std::string text = types_.c_declaration(part.type, part.name);
    if (part.bit_size != 0) text += format(":{}", part.bit_size);
    declared(level, text + ";", place_of(part));
  }

  void nested(const Part& part, u32 level) {
    const std::string text = types_.c_declaration(part.type, part.name);
    const std::size_t at = std::min(text.find(kAnonymous), text.size());
    line(level, text.substr(0, at) + "{");
    parts(part.parts, level + 1);
    const std::size_t behind = std::min(at + kAnonymous.size(), text.size());
    declared(level, "}" + text.substr(behind) + ";", place_of(part));
  }

  void write_sums(const Anatomy& anatomy) {
    const Sums& sums = anatomy.sums;
    out_ += "\n";
    line(1, format("/* size: {}, cachelines: {}, members: {} */", anatomy.bytes,
                   (anatomy.bytes + kCacheLineBytes - 1) / kCacheLineBytes, anatomy.parts.size()));
    if (sums.holes != 0) {
      line(1, format("/* sum members: {}, holes: {}, sum holes: {} */", sums.member_bytes,
                     sums.holes, sums.hole_bytes));
    }
    if (sums.bit_holes != 0) {
      line(1, format("/* sum bitfield members: {} bits, bit holes: {}, sum bit holes: {} bits */",
                     sums.bit_field_bits, sums.bit_holes, sums.bit_hole_bits));
    }
    if (sums.padding_bits != 0) line(1, format("/* padding: {} */", sums.padding_bits / 8));
  }

  const Types& types_;
  std::string out_;
  u64 cache_lines_ = 0;
};

std::string enum_text(const Types& types, TypeId id, std::string_view head, std::string_view tail) {
  const Type type = types.at(id);
  std::string out = std::string(head) + " {\n";
  for (const Enumerator& each : types.enumerators(id)) {
    out += format("\t{} = {},\n", each.name,
                  value_text(each.value, type.encoding == Encoding::signed_));
  }
  out += format("\n\t/* size: {}, enumerators: {} */\n", type.size, type.count);
  return out + "}" + std::string(tail) + ";\n";
}

// What has a body, behind `head` ("struct path", or "typedef struct") and before `tail`.
Result<std::string> body_text(const Types& types, TypeId id, std::string_view head,
                              std::string_view tail) {
  if (is_enum(types.kind(id))) return enum_text(types, id, head, tail);
  return TextLayout(types).structure(id, head, tail);
}

std::string size_comment(const Types& types, TypeId id) {
  const auto size = types.size_of(id);
  return size.ok() ? format("  /* size: {} */", *size) : std::string();
}

// What is shown with the type: itself, or the structure without a name that a typedef names.
TypeId shown_with(const Types& types, TypeId id) {
  const Type type = types.at(id);
  return type.kind == Kind::typedef_ && types.name(type.type).empty() ? type.type : id;
}

Result<std::string> typedef_text(const Types& types, TypeId id) {
  const Type type = types.at(id);
  const Kind kind = types.kind(shown_with(types, id));
  if (is_structure(kind) || is_enum(kind)) {
    const std::string_view word = is_enum(kind) ? "enum" : name_of(kind);
    return body_text(types, type.type, format("typedef {}", word), format(" {}", type.name));
  }
  return format("typedef {};{}\n", types.c_declaration(type.type, type.name),
                size_comment(types, id));
}

void parts_json(const Types& types, const std::vector<Part>& parts, JsonWriter& json) {
  json.key("members").begin_array();
  for (const Part& each : parts) {
    json.begin_object().member("name", each.name).member("type", types.c_name(each.type));
    json.member("offset", each.byte_offset()).member("size", each.bytes);
    if (each.bit_size != 0) {
      json.member("bit_offset", each.bit_in_byte()).member("bits", each.bit_size);
    }
    if (each.hole_bits != 0) json.member("hole_bits", each.hole_bits);
    if (!each.parts.empty()) parts_json(types, each.parts, json);
    json.end_object();
  }
  json.end_array();
}

void values_json(const Types& types, TypeId id, JsonWriter& json) {
  const bool is_signed = types.at(id).encoding == Encoding::signed_;
  json.key("values").begin_array();
  for (const Enumerator& each : types.enumerators(id)) {
    json.begin_object().member("name", each.name);
    is_signed ? json.member("value", each.value)
              : json.member("value", static_cast<u64>(each.value));
    json.end_object();
  }
  json.end_array();
}

}  // namespace

Result<std::string> layout_text(const Types& types, TypeId id) {
  const Type type = types.at(id);
  if (type.kind == Kind::typedef_) return typedef_text(types, id);
  if (is_structure(type.kind) || is_enum(type.kind)) {
    return body_text(types, id, types.c_name(id), "");
  }
  const bool is_declared = type.kind == Kind::function || type.kind == Kind::variable;
  return format("{};{}\n",
                is_declared ? types.c_declaration(type.type, type.name) : types.c_name(id),
                size_comment(types, id));
}

Result<void> layout_json(const Types& types, TypeId id, JsonWriter& json) {
  const Type type = types.at(id);
  const auto size = types.size_of(id);
  json.member("kind", name_of(type.kind)).member("name", type.name);
  if (size.ok()) json.member("size", *size);
  if (type.kind == Kind::typedef_) json.member("type", types.c_name(type.type));
  const TypeId body = shown_with(types, id);
  if (is_structure(types.kind(body))) {
    const Anatomy anatomy = TRY(anatomy_of(types, body));
    json.member("padding_bits", anatomy.sums.padding_bits);
    parts_json(types, anatomy.parts, json);
  } else if (is_enum(types.kind(body))) {
    values_json(types, body, json);
  } else if (type.kind == Kind::function || type.kind == Kind::variable) {
    json.member("declaration", types.c_declaration(type.type, type.name));
  }
  return {};
}

}  // namespace skep::btf
