#include "object/cpp_types.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "btf/print_c.hpp"

namespace skep::object {
namespace {

using btf::Kind;
using btf::TypeId;

// Keywords of C++23 that are none of C, [lex.key] and [lex.digraph].
constexpr std::string_view kKeywords[] = {
    "alignas",   "alignof",       "and",         "and_eq",    "asm",      "bitand",
    "bitor",     "catch",         "char16_t",    "char32_t",  "char8_t",  "class",
    "co_await",  "co_return",     "co_yield",    "compl",     "concept",  "const_cast",
    "consteval", "constexpr",     "constinit",   "decltype",  "delete",   "dynamic_cast",
    "explicit",  "export",        "false",       "friend",    "mutable",  "namespace",
    "new",       "noexcept",      "not",         "not_eq",    "nullptr",  "operator",
    "or",        "or_eq",         "private",     "protected", "public",   "reinterpret_cast",
    "requires",  "static_assert", "static_cast", "template",  "this",     "thread_local",
    "throw",     "true",          "try",         "typeid",    "typename", "using",
    "virtual",   "wchar_t",       "xor",         "xor_eq"};

bool is_letter(char c) {
  return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string renamed(std::string_view word) {
  if (word == "_Bool") return "bool";
  const bool is_taken = std::ranges::find(kKeywords, word) != std::end(kKeywords);
  return std::string(word) + (is_taken ? "_" : "");
}

// Definitions in C as C++ takes them.
std::string as_cpp(std::string_view c) {
  std::string out;
  for (std::size_t at = 0; at < c.size();) {
    std::size_t end = at;
    while (end < c.size() && is_letter(c[end])) ++end;
    if (end == at) {
      out += c[at++];
    } else {
      out += renamed(c.substr(at, end - at));
      at = end;
    }
  }
  constexpr std::string_view kBool = "typedef bool bool;\n";  // what <stdbool.h> is for
  if (const auto found = out.find(kBool); found != std::string::npos) {
    out.erase(found, kBool.size());
  }
  return out;
}

std::string bytes_type(u64 bytes) { return format("std::array<std::byte, {}>", bytes); }

std::string number(const btf::Type& type, u32 bytes) {
  if (type.encoding == btf::Encoding::boolean && bytes == 1) return "bool";
  if (type.name == "char") return "char";
  if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return bytes_type(bytes);
  const bool is_signed = type.encoding == btf::Encoding::signed_;
  return format("std::{}int{}_t", is_signed ? "" : "u", bytes * 8);
}

// Octal digits, always three, so that a digit may follow.
void append_escaped(std::string& text, u8 byte) {
  if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '?') {
    text += static_cast<char>(byte);
    return;
  }
  text += '\\';
  for (int shift = 6; shift >= 0; shift -= 3) text += static_cast<char>('0' + (byte >> shift & 7));
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_letter) &&
         !(text[0] >= '0' && text[0] <= '9') && renamed(text) == text;
}

std::string identifier(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out, [](char c) { return !is_letter(c); }, '_');
  return renamed(out);
}

std::string literal(Bytes bytes) {
  constexpr std::size_t kPerLine = 64;
  std::string text = "    \"";
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at != 0 && at % kPerLine == 0) text += "\"\n    \"";
    append_escaped(text, static_cast<u8>(bytes.span()[at]));
  }
  return text + "\"";
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) append_escaped(out, static_cast<u8>(each));
  return out + "\"";
}

Result<std::string> CppTypes::spelled(TypeId id, u64 bytes) {
  if (id == btf::kVoid) return bytes_type(bytes);
  const auto size = types_.size_of(id);
  if (!size.ok() || *size != bytes) return bytes_type(bytes);
  return spelled(id);
}

Result<std::string> CppTypes::spelled(TypeId id) {
  const btf::Type type = types_.at(id);
  const u32 bytes = TRY(types_.size_of(id));
  switch (type.kind) {
    case Kind::const_:
    case Kind::volatile_:
    case Kind::restrict_:
    case Kind::type_tag: return spelled(type.type);
    case Kind::typedef_: return is_plain(id) ? spelled(types_.resolve(id)) : named(id, bytes);
    case Kind::structure:
    case Kind::union_:
    case Kind::enumeration:
    case Kind::enumeration64: return named(id, bytes);
    case Kind::integer: return number(type, bytes);
    case Kind::pointer: return std::string("std::uint64_t");
    case Kind::array:
      if (type.count == 0) return bytes_type(bytes);
      return format("std::array<{}, {}>", TRY(spelled(type.type)), type.count);
    case Kind::floating: return std::string(bytes == 4 ? "float" : "double");
    default: return bytes_type(bytes);
  }
}

// A typedef of a number or an array: these are spelled by what they are.
bool CppTypes::is_plain(TypeId id) const {
  const Kind kind = types_.resolved(id).kind;
  return kind == Kind::integer || kind == Kind::pointer || kind == Kind::array ||
         kind == Kind::floating;
}

// A type that the definitions have under its own name; its size is asserted once.
std::string CppTypes::named(TypeId id, u32 bytes) {
  const btf::Type type = types_.at(id);
  if (type.name.empty() || types_.find(type.name, type.kind) != id) return bytes_type(bytes);
  const std::string name = renamed(type.name);
  if (std::ranges::find(wanted_, id) == wanted_.end()) {
    wanted_.push_back(id);
    sizes_ += format("static_assert(sizeof({}) == {});\n", name, bytes);
  }
  return "types::" + name;
}

Result<std::string> CppTypes::definitions() const {
  return "namespace types {\n\n" + as_cpp(TRY(btf::print_definitions(types_, wanted_))) + sizes_ +
         "\n}  // namespace types\n\n";
}

}  // namespace skep::object
