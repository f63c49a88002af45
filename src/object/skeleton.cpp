#include "object/skeleton.hpp"

#include <set>

#include "base/text.hpp"
#include "object/cpp_types.hpp"

namespace skep::object {
namespace {

using platform::MapKind;
using platform::MapSpec;

// A map or a variable as a member: "skep::TypedMap<types::flow_key, std::uint64_t>" "flow_table".
struct Member {
  std::string type;
  std::string name;  // in C++
  std::string of;    // in the object
};

class HeaderWriter {
 public:
  HeaderWriter(const Object& object, Bytes file, std::string_view name)
      : object_(object), types_(object.types()), file_(file), name_(name) {}

  Result<std::string> run() {
    for (const MapSpec& map : object_.maps()) TRY(add(map));
    for (const ProgramEntry& each : object_.programs()) {
      programs_.push_back({"skep::Program", identifier(each.name), each.name});
    }
    const std::string definitions = TRY(cpp_.definitions());
    out_ = format(
        "// The programs, maps and global variables of {}, typed. Made by `skep gen skeleton`.\n"
        "#pragma once\n\n#include <skep/skep.hpp>\n\n#include <array>\n#include <cstdint>\n\n",
        base_name(object_.name()));
    out_ += "namespace " + name_ + " {\n\n";
    out_ += definitions;
    structure("Programs", "const skep::App& app", "app.program({})", programs_);
    structure("Maps", "const skep::App& app", "app.named({})", maps_);
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
      const std::string record = map.value_type == 0 ? "" : TRY(cpp_.spelled(map.value_type));
      type = record.empty() ? "skep::RingBytes" : format("skep::Ring<{}>", record);
    } else if (map.kind == MapKind::perf_event_array) {
      type = "skep::RingBytes";
    } else if (map.key_size != 0 && map.value_size != 0 && map.inner == nullptr &&
               map.kind != MapKind::prog_array && map.kind != MapKind::struct_ops) {
      const std::string key = TRY(cpp_.spelled(map.key_type, map.key_size));
      type =
          format("skep::TypedMap<{}, {}>", key, TRY(cpp_.spelled(map.value_type, map.value_size)));
    }
    maps_.push_back({std::move(type), identifier(map.name), map.name});
    return {};
  }

  Result<void> add_globals(const MapSpec& map) {
    for (const btf::SectionVariable& each : types_.variables(types_.resolve(map.value_type))) {
      const btf::Type variable = types_.at(each.type);
      if (variable.name.starts_with("skep_record__") || each.size == 0) continue;
      if (!seen_.emplace(variable.name).second) continue;  // global() finds the first
      globals_.push_back({format("skep::Global<{}>", TRY(cpp_.spelled(variable.type, each.size))),
                          identifier(variable.name), std::string(variable.name)});
    }
    return {};
  }

  void structure(std::string_view title, std::string_view parameter, std::string_view made,
                 const std::vector<Member>& members) {
    out_ += "struct " + std::string(title) + " {\n";
    out_ += format("  explicit {}([[maybe_unused]] {})", title, parameter);
    for (std::size_t at = 0; at < members.size(); ++at) {
      out_ += format("{}{}({})", at == 0 ? "\n      : " : ",\n        ", members[at].name,
                     format(made, in_quotes(members[at].of)));
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
      out_ += format("{}{}(from.global({}))", at == 0 ? "\n      : " : ",\n        ",
                     globals_[at].name, in_quotes(globals_[at].of));
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
        "  // Kernel engine: every program to what its section and `place` say, as long as `links` "
        "live.\n"
        "  skep::Result<void> attach(const skep::Place& place = {}) {\n"
        "    links = TRY(app.attach_all(place));\n    return {};\n  }\n\n"
        "  skep::App app;\n  Programs programs;\n  Maps maps;\n  Globals globals;\n"
        "  std::vector<skep::Link> links{};\n};\n\n"
        "// The object, which is part of this file; its global variables may be set.\n"
        "struct Skeleton {\n"
        "  explicit Skeleton(skep::Object opened) : object(std::move(opened)), globals(object) "
        "{}\n\n"
        "  skep::Result<Loaded> load(const skep::Engine& engine,\n"
        "                            const skep::LoadOptions& options = {}) const {\n"
        "    return Loaded(TRY(engine.load(object, options)));\n  }\n\n"
        "  skep::Object object;\n  Globals globals;\n};\n\n";
    out_ += format("inline constexpr char object_bytes[] =\n{};\n\n", literal(file_));
    out_ +=
        "inline skep::Result<Skeleton> open() {\n"
        "  const std::span<const char> bytes(object_bytes, sizeof(object_bytes) - 1);\n";
    out_ += format("  return Skeleton(TRY(skep::Object::read(std::as_bytes(bytes), \"{}\")));\n",
                   base_name(object_.name()));
    out_ += "}\n\n";
  }

  const Object& object_;
  const btf::Types& types_;
  Bytes file_;
  std::string name_;
  std::string out_;
  CppTypes cpp_{types_};
  std::set<std::string> seen_;
  std::vector<Member> programs_, maps_, globals_;
};

}  // namespace

Result<std::string> skeleton(const Object& object, Bytes file, std::string_view name) {
  if (!is_identifier(name)) {
    return Error(Fault::usage, format("'{}' cannot be the name of a namespace", name),
                 "give an identifier with --name");
  }
  return HeaderWriter(object, file, name).run();
}

std::string skeleton_name(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);
  path = path.substr(0, path.find('.'));
  std::string name = identifier(path);
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) name.insert(0, "object_");
  return name;
}

}  // namespace skep::object
