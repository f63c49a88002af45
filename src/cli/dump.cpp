// skep dump: what is inside an object, without loading anything.
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/loading.hpp"
#include "events/contents.hpp"
#include "events/decode.hpp"
#include "events/show.hpp"

namespace skep::cli {
namespace {

using platform::MapSpec;

std::string program_text(const object::ProgramEntry& program) {
  return format("program  {}  {}  section {}, {}\n", program.name, platform::row(program.type).name,
                program.section, counted(program.slots, "slot"));
}

std::string program_json(const object::ProgramEntry& program) {
  JsonWriter json;
  json.begin_object().member("type", "program").member("name", program.name);
  json.member("section", program.section);
  json.member("program_type", platform::row(program.type).name).member("slots", program.slots);
  json.end_object();
  return json.take() + "\n";
}

std::string type_name(const btf::Types& types, btf::TypeId type) {
  return types.resolve(type) == btf::kVoid ? std::string() : types.c_name(type);
}

btf::TypeId value_type(const MapSpec& map, const btf::Types& types) {
  return map.kind == platform::MapKind::ringbuf ? events::record_type(map, types) : map.value_type;
}

// "key 40 bytes, value 16 bytes, 10240 entries"; a ring has bytes only.
std::string sizes_text(const MapSpec& map) {
  if (map.kind == platform::MapKind::ringbuf) return counted(map.max_entries, "byte");
  return format("key {}, value {}, {} {}", counted(map.key_size, "byte"),
                counted(map.value_size, "byte"), map.max_entries,
                map.max_entries == 1 ? "entry" : "entries");
}

std::string map_text(const MapSpec& map, const btf::Types& types, const Output& out) {
  std::string text =
      format("map      {}  {}  {}\n", map.name, platform::row(map.kind).name, sizes_text(map));
  if (out.volume() != Volume::verbose) return text;
  const std::string key = type_name(types, map.key_type);
  const std::string value = type_name(types, value_type(map, types));
  if (!key.empty()) text += format("           key    {}\n", key);
  if (!value.empty()) text += format("           value  {}\n", value);
  for (const auto& [index, program] : map.initial_programs)
    text += format("           {} calls {}\n", index, program);
  return text;
}

std::string map_json(const MapSpec& map, const btf::Types& types) {
  JsonWriter json;
  json.begin_object().member("type", "map").member("name", map.name);
  json.member("kind", platform::row(map.kind).name).member("key_size", map.key_size);
  json.member("value_size", map.value_size).member("max_entries", map.max_entries);
  json.member("flags", map.flags).member("key_type", type_name(types, map.key_type));
  json.member("value_type", type_name(types, value_type(map, types)));
  if (!map.initial_programs.empty()) {
    json.key("programs").begin_object();
    for (const auto& [index, program] : map.initial_programs)
      json.member(std::to_string(index), program);
    json.end_object();
  }
  json.end_object();
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
  const auto object = TRY(object::Object::open(arguments.operands()[0]));
  const btf::Types& types = object.types();
  const bool json = out.is_json();
  out.write(json ? object_json(object) : object_text(object));
  for (const object::ProgramEntry& each : object.programs())
    out.write(json ? program_json(each) : program_text(each));
  for (const MapSpec& each : object.maps())
    out.write(json ? map_json(each, types) : map_text(each, types, out));
  for (const Global& each : globals_of(object))
    out.write(json ? global_json(each, types) : global_text(each, types));
  return 0;
}

}  // namespace skep::cli
