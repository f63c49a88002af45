// skep dump: what is inside an object, without loading anything.
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/dump_map.hpp"
#include "cli/dump_program.hpp"
#include "cli/loading.hpp"
#include "events/decode.hpp"
#include "events/show.hpp"

namespace skep::cli {
namespace {

using platform::MapSpec;

std::string target_text(const btf::Targets& targets, const Output& out) {
  if (!out.is_json()) return format("types    {}, for CO-RE relocations\n", targets.name());
  JsonWriter json;
  json.begin_object().member("type", "target").member("name", targets.name()).end_object();
  return json.take() + "\n";
}

// One variable of .data, .bss or .rodata with the value it starts with.
struct Global {
  std::string section;
  std::string name;
  btf::TypeId type;
  events::Value value;
};

std::vector<Global> globals_of(const object::Object& object) {
  const btf::Types& types = object.types();
  std::vector<Global> globals;
  for (const MapSpec& map : object.maps()) {
    if (!map.is_globals) continue;
    const Bytes initial(map.initial);
    for (const btf::SectionVariable& each : types.variables(types.resolve(map.value_type))) {
      const btf::Type& variable = types.at(each.type);
      const auto bytes = initial.slice(each.offset, each.size);
      if (!bytes.ok() || variable.name.starts_with("skep_record__")) continue;
      globals.push_back({map.name, std::string(variable.name), variable.type,
                         events::decode(types, variable.type, *bytes, variable.name)});
    }
  }
  return globals;
}

std::string global_text(const Global& global, const btf::Types& types) {
  return format("global   {} = {}  in {}\n", types.c_declaration(global.type, global.name),
                events::to_text(global.value), global.section);
}

std::string global_json(const Global& global, const btf::Types& types) {
  JsonWriter json;
  json.begin_object().member("type", "global").member("name", global.name);
  json.member("section", global.section).member("c_type", types.c_name(global.type));
  events::to_json(json.key("value"), global.value);
  json.end_object();
  return json.take() + "\n";
}

// " = 250", or that it is weak or was looked for in vain.
std::string state_text(const platform::Extern& external) {
  if (external.state == platform::ExternState::absent) return ", not there";
  if (external.state == platform::ExternState::unresolved) return {};
  if (external.kind == platform::ExternKind::address) return format(", at 0x{:x}", external.value);
  return ", there";
}

std::string c_type(const platform::Extern& external, const btf::Types& types) {
  const btf::Type declared = types.at(external.type);
  return types.c_declaration(declared.type, external.name);
}

std::string extern_text(const platform::Extern& external, const btf::Types& types) {
  return format("extern   {}  {}{}{}\n", c_type(external, types), platform::name_of(external.kind),
                external.is_weak ? ", weak" : "", state_text(external));
}

std::string extern_json(const platform::Extern& external, const btf::Types& types) {
  static constexpr EnumArray<platform::ExternKind, std::string_view> kKinds({
      {platform::ExternKind::configuration, "configuration"},
      {platform::ExternKind::address, "symbol"},
      {platform::ExternKind::variable, "variable"},
      {platform::ExternKind::function, "function"},
  });
  JsonWriter json;
  json.begin_object().member("type", "extern").member("name", external.name);
  json.member("kind", kKinds[external.kind]).member("weak", external.is_weak);
  json.member("declaration", c_type(external, types));
  if (external.state != platform::ExternState::unresolved) {
    json.member("found", external.state == platform::ExternState::found);
  }
  json.end_object();
  return json.take() + "\n";
}

std::string object_json(const object::Object& object) {
  JsonWriter json;
  json.begin_object().member("type", "object").member("name", object.name());
  json.member("license", object.license()).member("types", object.types().count() - 1);
  json.end_object();
  return json.take() + "\n";
}

std::string object_text(const object::Object& object) {
  return format("object   {}  license \"{}\", {} BTF types\n", object.name(),
                events::escaped(object.license()), object.types().count() - 1);
}

}  // namespace

Result<int> dump(const Arguments& arguments, Output& out) {
  const auto object = TRY(open_object(arguments, Externs::given, out));
  const btf::Types& types = object.types();
  const bool json = out.is_json();
  const ChosenTargets target = TRY(ChosenTargets::of(object, arguments, out));
  const auto only = arguments.text(Flag::program);
  if (only) TRY(choose_program(object, arguments, out));
  out.write(json ? object_json(object) : object_text(object));
  if (target.targets() != nullptr) out.write(target_text(*target.targets(), out));
  const ProgramView view{.targets = target.targets(),
                         .with_instructions = arguments.has(Flag::source)};
  for (const object::ProgramEntry& each : object.programs()) {
    if (!only || *only == each.name) write_program(object, each, view, out);
  }
  if (only) return 0;
  for (const MapSpec& each : object.maps())
    out.write(json ? map_json(each, object) : map_text(each, object, out));
  for (const Global& each : globals_of(object))
    out.write(json ? global_json(each, types) : global_text(each, types));
  for (const platform::Extern& each : object.externs())
    out.write(json ? extern_json(each, types) : extern_text(each, types));
  return 0;
}

}  // namespace skep::cli
