// skep btf from-dwarf: the types of an application, from its debug information.
#include "base/json.hpp"
#include "base/mapping.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/inflate.hpp"
#include "cli/output.hpp"
#include "dwarf/dwarf.hpp"

namespace skep::cli {
namespace {

std::string outcome_json(const dwarf::Outcome& outcome, const dwarf::Notes& notes) {
  JsonWriter json;
  json.begin_object().member("type", "from-dwarf").member("types", outcome.types);
  json.member("units", outcome.units).member("bytes", outcome.btf.size());
  json.key("notes").begin_array();
  for (const dwarf::Notes::Line& line : notes.lines()) {
    json.begin_object().member("what", line.what).member("count", line.count).end_object();
  }
  json.end_array().end_object();
  return json.take() + "\n";
}

std::string outcome_text(const dwarf::Outcome& outcome, std::string_view path) {
  return format("{}: {} types from {}, {} bytes\n", path, grouped(outcome.types),
                counted(outcome.units, "unit"), grouped(outcome.btf.size()));
}

}  // namespace

Result<int> btf_from_dwarf(const Arguments& arguments, Output& out) {
  const std::string& path = arguments.operands()[0];
  const auto target = arguments.text(Flag::output_file);
  if (!target) {
    return Error(Fault::usage, "btf from-dwarf needs a file to write",
                 format("give it: skep btf from-dwarf {} -o {}.btf", path, path));
  }
  const bool c_names = arguments.has(Flag::c_names), functions = arguments.has(Flag::functions);
  const dwarf::Options options{
      .around = {.path = path},
      .inflate = inflate,
      .functions = functions ? dwarf::Functions::yes : dwarf::Functions::no,
      .naming = c_names ? dwarf::Naming::c_identifiers : dwarf::Naming::scoped};
  const Mapping file = TRY(Mapping::of_file(path));
  dwarf::Notes notes;
  const auto outcome = TRY(dwarf::types_of(file.bytes(), options, notes).within(path));
  TRY(write_file(*target, outcome.btf));
  for (const dwarf::Notes::Line& line : notes.lines()) {
    out.note(format("{}: {}", line.what, grouped(line.count)));
  }
  out.write(out.is_json() ? outcome_json(outcome, notes) : outcome_text(outcome, *target));
  return 0;
}

}  // namespace skep::cli
