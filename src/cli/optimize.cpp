// skep optimize: an object whose programs the kernel's compiler makes quicker code of, written
// whole or not at all.
#include "optimize/optimize.hpp"

#include "base/json.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/loading.hpp"
#include "cli/output.hpp"

namespace skep::cli {
namespace {

using optimize::FunctionReport;

std::string as_json(const FunctionReport& report) {
  JsonWriter json;
  json.begin_object().member("type", report.is_program ? "program" : "function");
  json.member("name", report.name).member("section", report.section);
  json.member("before", report.before).member("after", report.after);
  json.key("changes").begin_object();
  for (const optimize::Change change : every<optimize::Change>()) {
    const u32 count = report.changes[static_cast<std::size_t>(change)];
    if (count != 0) json.member(optimize::key_of(change), count);
  }
  json.end_object();
  if (!report.refusal.empty()) json.member("refusal", report.refusal);
  json.end_object();
  return json.take() + "\n";
}

std::string changes_of(const FunctionReport& report) {
  std::vector<std::string> parts;
  for (const optimize::Change change : every<optimize::Change>()) {
    const u32 count = report.changes[static_cast<std::size_t>(change)];
    if (count != 0) parts.push_back(format("{} {}", count, optimize::name_of(change)));
  }
  return join(parts, ", ");
}

std::string as_text(const FunctionReport& report, Volume volume) {
  std::string out =
      format("{}  {}  {}  {} -> {} instructions\n", report.is_program ? "program " : "function",
             report.name, report.section, report.before, report.after);
  if (volume != Volume::verbose) return out;
  const std::string changes = changes_of(report);
  if (!changes.empty()) out += "  " + changes + "\n";
  if (!report.refusal.empty()) out += "  left as it was: " + report.refusal + "\n";
  return out;
}

}  // namespace

Result<int> optimize_(const Arguments& arguments, Output& out) {
  const auto path = arguments.text(Flag::output_file);
  if (!path) return Error(Fault::usage, "no file to write", "skep optimize OBJECT -o OBJECT");
  const auto object = TRY(open_object(arguments, Externs::given, out));
  const optimize::Optimized made = TRY(optimize::optimize(object).within(object.name()));
  TRY(object::Object::read(Bytes(made.file), *path));
  TRY(write_file(*path, made.file));
  if (!made.refusal.empty()) {
    out.note(format("{} is left as it is: {}", object.name(), made.refusal));
  }
  for (const FunctionReport& each : made.functions) {
    out.write(out.is_json() ? as_json(each) : as_text(each, out.volume()));
  }
  return 0;
}

}  // namespace skep::cli
