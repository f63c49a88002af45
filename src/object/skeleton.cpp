// C++ takes C's definitions as they are, but for its own keywords and for bool.
#include "object/skeleton.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "btf/print_c.hpp"

namespace skep::object {
namespace {

using btf::Kind;
using btf::TypeId;
using platform::MapKind;
using platform::MapSpec;

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

bool is_identifier(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_letter) &&
         !(text[0] >= '0' && text[0] <= '9');
}

std::string renamed(std::string_view word) {
  if (word == "_Bool") return "bool";
  const bool is_taken = std::ranges::find(kKeywords, word) != std::end(kKeywords);
  return std::string(word) + (is_taken ? "_" : "");
}

// A variable of a function is "function.variable".
std::string identifier(std::string_view name) {
  std::string out(name);
  std::ranges::replace_if(
      out, [](char c) { return !is_letter(c); }, '_');
  return renamed(out);
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

// A map or a variable as a member: "skep::TypedMap<types::flow_key, std::uint64_t>" "flow_table".
struct Member {
  std::string type;
  std::string name;  // in C++
  std::string of;    // in the object
};

class Writer {
 public:
  Writer(const Object& object, Bytes file, std::string_view name)
      : object_(object), types_(object.types()), file_(file), name_(name) {}

  Result<std::string> run() {
    for (const MapSpec& map : object_.maps()) TRY(add(map));
    for (const ProgramEntry& each : object_.programs()) {
      programs_.push_back({"skep::Program", identifier(each.name), each.name});
    }
    const std::string definitions = as_cpp(TRY(btf::print_definitions(types_, wanted_)));
    out_ = format(
        "// The programs, maps and global variables of {}, typed. Made by `skep gen skeleton`.\n"
        "#pragma once\n\n#include <skep/skep.hpp>\n\n#include <array>\n#include <cstdint>\n\n",
        base_name(object_.name()));
    out_ += "namespace " + name_ + " {\n\n";
    out_ += "namespace types {\n\n" + definitions + sizes_ + "\n}  // namespace types\n\n";
    structure("Programs", "const skep::App& app", "app.program(\"{}\")", programs_);
    structure("Maps", "const skep::App& app", "app.named(\"{}\")", maps_);
    globals();
    skeleton_class();
    out_ += format("}  // namespace {}\n", name_);
    return std::move(out_);
  }

 private:
  static std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
  }

  Result<void> add(const MapSpec& map) {
    if (map.is_globals) return add_globals(map);
    std::string type = "skep::Map";
    if (map.kind == MapKind::ringbuf) {
      const std::string record = map.value_type == 0 ? "" : TRY(spelled(map.value_type));
      type = record.empty() ? "skep::RingBytes" : format("skep::Ring<{}>", record);
    } else if (map.key_size != 0 && map.value_size != 0 && map.inner == nullptr &&
               map.kind != MapKind::prog_array && map.kind != MapKind::struct_ops) {
      const std::string key = TRY(spelled(map.key_type, map.key_size));
      type = format("skep::TypedMap<{}, {}>", key, TRY(spelled(map.value_type, map.value_size)));
    }
    maps_.push_back({std::move(type), identifier(map.name), map.name});
    return {};
  }

  Result<void> add_globals(const MapSpec& map) {
    for (const btf::SectionVariable& each : types_.variables(types_.resolve(map.value_type))) {
      const btf::Type variable = types_.at(each.type);
      if (variable.name.starts_with("skep_record__") || each.size == 0) continue;
      if (!seen_.emplace(variable.name).second) continue;  // global() finds the first
      globals_.push_back({format("skep::Global<{}>", TRY(spelled(variable.type, each.size))),
                          identifier(variable.name), std::string(variable.name)});
    }
    return {};
  }

  // The type in C++; an array of bytes where it has no name.
  Result<std::string> spelled(TypeId id, u64 bytes) {
    if (id == btf::kVoid) return bytes_type(bytes);
    const auto size = types_.size_of(id);
    if (!size.ok() || *size != bytes) return bytes_type(bytes);
    return spelled(id);
  }

  Result<std::string> spelled(TypeId id) {
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
  bool is_plain(TypeId id) const {
    const Kind kind = types_.resolved(id).kind;
    return kind == Kind::integer || kind == Kind::pointer || kind == Kind::array ||
           kind == Kind::floating;
  }

  static std::string number(const btf::Type& type, u32 bytes) {
    if (type.encoding == btf::Encoding::boolean && bytes == 1) return "bool";
    if (type.name == "char") return "char";
    if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return bytes_type(bytes);
    const bool is_signed = type.encoding == btf::Encoding::signed_;
    return format("std::{}int{}_t", is_signed ? "" : "u", bytes * 8);
  }

  // A type that the definitions have under its own name; its size is asserted once.
  std::string named(TypeId id, u32 bytes) {
    const btf::Type type = types_.at(id);
    if (type.name.empty() || types_.find(type.name, type.kind) != id) return bytes_type(bytes);
    const std::string name = renamed(type.name);
    if (std::ranges::find(wanted_, id) == wanted_.end()) {
      wanted_.push_back(id);
      sizes_ += format("static_assert(sizeof({}) == {});\n", name, bytes);
    }
    return "types::" + name;
  }

  void structure(std::string_view title, std::string_view parameter, std::string_view made,
                 const std::vector<Member>& members) {
    out_ += "struct " + std::string(title) + " {\n";
    out_ += format("  explicit {}([[maybe_unused]] {})", title, parameter);
    for (std::size_t at = 0; at < members.size(); ++at) {
      out_ += format("{}{}({})", at == 0 ? "\n      : " : ",\n        ", members[at].name,
                     format(made, members[at].of));
    }
    out_ += " {}\n\n";
    for (const Member& each : members) out_ += format("  {} {};\n", each.type, each.name);
    out_ += "};\n\n";
  }

  // The same members before and after loading.
  void globals() {
    out_ +=
        "struct Globals {\n  template <class From>\n"
        "  explicit Globals([[maybe_unused]] From& from)";
    for (std::size_t at = 0; at < globals_.size(); ++at) {
      out_ += format("{}{}(from.global(\"{}\"))", at == 0 ? "\n      : " : ",\n        ",
                     globals_[at].name, globals_[at].of);
    }
    out_ += " {}\n\n";
    for (const Member& each : globals_) out_ += format("  {} {};\n", each.type, each.name);
    out_ += "};\n\n";
  }

  void skeleton_class() {
    out_ +=
        "// What an engine has loaded.\n"
        "struct Loaded {\n"
        "  explicit Loaded(skep::App loaded)\n"
        "      : app(std::move(loaded)), programs(app), maps(app), globals(app) {}\n\n"
        "  skep::App app;\n  Programs programs;\n  Maps maps;\n  Globals globals;\n};\n\n"
        "// The object, which is part of this file; its global variables may be set.\n"
        "struct Skeleton {\n"
        "  explicit Skeleton(skep::Object opened) : object(std::move(opened)), globals(object) "
        "{}\n\n"
        "  skep::Result<Loaded> load(const skep::Engine& engine,\n"
        "                            const skep::LoadOptions& options = {}) const {\n"
        "    return Loaded(TRY(engine.load(object, options)));\n  }\n\n"
        "  skep::Object object;\n  Globals globals;\n};\n\n";
    out_ += format("inline constexpr char object_bytes[] =\n{};\n\n", literal());
    out_ +=
        "inline skep::Result<Skeleton> open() {\n"
        "  const std::span<const char> bytes(object_bytes, sizeof(object_bytes) - 1);\n";
    out_ += format("  return Skeleton(TRY(skep::Object::read(std::as_bytes(bytes), \"{}\")));\n",
                   base_name(object_.name()));
    out_ += "}\n\n";
  }

  // Octal digits, always three, so that a digit may follow.
  std::string literal() const {
    constexpr std::size_t kPerLine = 64;
    std::string text = "    \"";
    for (std::size_t at = 0; at < file_.size(); ++at) {
      if (at != 0 && at % kPerLine == 0) text += "\"\n    \"";
      const auto byte = static_cast<u8>(file_.span()[at]);
      if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\' && byte != '?') {
        text += static_cast<char>(byte);
      } else {
        text += '\\';
        for (int shift = 6; shift >= 0; shift -= 3) {
          text += static_cast<char>('0' + (byte >> shift & 7));
        }
      }
    }
    return text + "\"";
  }

  const Object& object_;
  const btf::Types& types_;
  Bytes file_;
  std::string name_;
  std::string out_;
  std::string sizes_;           // assertions on the types below
  std::vector<TypeId> wanted_;  // types that members name
  std::set<std::string> seen_;
  std::vector<Member> programs_, maps_, globals_;
};

}  // namespace

Result<std::string> skeleton(const Object& object, Bytes file, std::string_view name) {
  if (!is_identifier(name) || renamed(name) != name) {
    return Error(Fault::usage, format("'{}' cannot be the name of a namespace", name),
                 "give an identifier with --name");
  }
  return Writer(object, file, name).run();
}

std::string skeleton_name(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  path = path.substr(0, path.find('.'));
  std::string name = identifier(path);
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, "object_");
  return name;
}

}  // namespace skep::object
