// skep link: several object files to one, written whole or not at all.
#include "base/json.hpp"
#include "base/mapping.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "object/object.hpp"
#include "object/static_link.hpp"

namespace skep::cli {
namespace {

constexpr std::string_view kUsageHint = "skep link OBJECT... -o OBJECT";

struct Made {
  const std::string& path;
  const object::LinkedObject& linked;
  // Nothing when it cannot be opened yet for want of what is undefined.
  const object::Object* object;
};

std::string as_json(const Made& made) {
  JsonWriter json;
  json.begin_object().member("type", "linked").member("output", made.path);
  json.member("bytes", made.linked.file.size());
  if (made.object != nullptr) {
    json.member("programs", made.object->programs().size());
    json.member("maps", made.object->maps().size());
  }
  json.key("undefined").begin_array();
  for (const std::string& name : made.linked.undefined) json.value(name);
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string as_text(const Made& made) {
  std::string parts;
  if (made.object != nullptr) {
    parts = format("{}, {}, ", counted(made.object->programs().size(), "program"),
                   counted(made.object->maps().size(), "map"));
  }
  return format("linked  {}  {}{} bytes\n", made.path, parts, grouped(made.linked.file.size()));
}

Result<object::LinkedObject> linked(const std::vector<std::string>& paths) {
  std::vector<Mapping> mappings;
  std::vector<object::ObjectFile> files;
  for (const std::string& path : paths) {
    mappings.push_back(TRY(Mapping::of_file(path)));
    files.push_back({path, mappings.back().bytes()});
  }
  return object::link_statically(files);
}

}  // namespace

Result<int> link(const Arguments& arguments, Output& out) {
  const auto path = arguments.text(Flag::output_file);
  if (arguments.operands().empty()) {
    return Error(Fault::usage, "no object to link", std::string(kUsageHint));
  }
  if (!path) return Error(Fault::usage, "no file to write", std::string(kUsageHint));
  const object::LinkedObject made = TRY(linked(arguments.operands()));
  const auto object = object::Object::read(Bytes(made.file), *path);
  if (!object.ok() && made.undefined.empty()) return object.error();
  TRY(write_file(*path, made.file));
  if (!made.undefined.empty()) {
    out.note(format("no file defines {}", join(made.undefined, ", ")));
  }
  const Made report{*path, made, object.ok() ? &*object : nullptr};
  out.write(out.is_json() ? as_json(report) : as_text(report));
  return 0;
}

}  // namespace skep::cli
