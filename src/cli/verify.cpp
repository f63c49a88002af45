// skep verify: the verdict on each program of an object, with what it cost; the report where one is
// rejected.
#include "verify/verify.hpp"

#include <unistd.h>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/loading.hpp"
#include "cli/verify_cost.hpp"

namespace skep::cli {
namespace {

constexpr int kRejected = 4;

void write_report(JsonWriter& json, const verify::Report& report) {
  json.key("report").begin_object().member("property", report.property);
  json.member("message", report.message).member("reason", report.reason);
  json.member("hint", report.hint).member("slot", report.slot);
  json.member("instruction", report.instruction);
  json.member("file", report.file).member("line", report.line).member("source", report.source);
  json.key("path").begin_array();
  for (const verify::Step& step : report.path) {
    json.begin_object().member("slot", step.slot).member("line", step.line);
    json.member("what", step.what);
    json.end_object();
  }
  json.end_array().end_object();
}

constexpr std::size_t kHotLines = 10;

void write_costs(JsonWriter& json, const platform::Program& program, const verify::Work& work) {
  json.key("hot").begin_array();
  for (const LineCost& line : costs_of(program, work, kHotLines)) {
    json.begin_object().member("place", line.place).member("source", line.text);
    json.member("visits", line.visits).member("states", line.states).end_object();
  }
  json.end_array();
}

std::string costs_text(const platform::Program& program, const verify::Work& work) {
  constexpr std::size_t kColumn = 10;
  const auto column = [](std::string text) { return padded(std::move(text), kColumn); };
  std::string text = "  " + column("visits") + column("states") + "line\n";
  for (const LineCost& line : costs_of(program, work, kHotLines)) {
    text += "  " + column(grouped(line.visits)) + column(grouped(line.states)) +
            format("{}  {}\n", line.place, line.text);
  }
  return text;
}

std::string verdict_json(const object::Object& object, const platform::Program& program,
                         const verify::Verdict& verdict, bool hot) {
  JsonWriter json;
  json.begin_object().member("object", object.name()).member("section", program.section);
  json.member("program", program.name);
  json.member("verdict", verdict.accepted() ? "accepted" : "rejected");
  json.key("time_us").rounded(static_cast<double>(verdict.work.time_ns) / 1000, 1);
  json.member("instructions", program.code.size()).member("visited", verdict.work.visited);
  if (hot) write_costs(json, program, verdict.work);
  if (!verdict.accepted()) write_report(json, std::get<verify::Report>(verdict.outcome));
  json.end_object();
  return json.take() + "\n";
}

std::string milliseconds(u64 ns) {
  JsonWriter number;  // two digits behind the point
  number.rounded(static_cast<double>(ns) / 1e6, 2);
  return number.take();
}

std::string verdict_text(const platform::Program& program, const verify::Verdict& verdict, bool hot,
                         const Output& out) {
  const std::string_view color = verdict.accepted() ? "\033[32m" : "\033[31m";
  std::string text = format(
      "{}{}{}  {}  {}  {}, {} visited, {} ms\n", out.has_color() ? color : "",
      verdict.accepted() ? "accepted" : "rejected", out.has_color() ? "\033[0m" : "", program.name,
      platform::row(program.type).name, counted(program.code.size(), "instruction"),
      verdict.work.visited, milliseconds(verdict.work.time_ns));
  if (!verdict.accepted()) text += verify::to_text(std::get<verify::Report>(verdict.outcome));
  if (!text.ends_with('\n')) text += '\n';
  if (hot) text += costs_text(program, verdict.work);
  return text;
}

Result<std::vector<std::string>> wanted_programs(const object::Object& object,
                                                 const Arguments& arguments, Output& out) {
  std::vector<std::string> names;
  if (arguments.has(Flag::program)) {
    names.push_back(TRY(choose_program(object, arguments, out)).name);
  } else {
    for (const object::ProgramEntry& each : object.programs()) names.push_back(each.name);
  }
  return names;
}

verify::Rules wanted_rules(const Arguments& arguments) {
  const bool user =
      arguments.text(Flag::rules) == "user";  // else kernel: the parser knows no other
  return user ? verify::Rules::user_engine : verify::Rules::kernel;
}

// The first that --btf names, or this kernel's; null without either.
Result<std::shared_ptr<const btf::Types>> types_of_kernel(const ChosenTargets& types) {
  if (types.targets() != nullptr) return types.targets()->all().front().types;
  if (::access(btf::kKernelTypes, R_OK) != 0) return std::shared_ptr<const btf::Types>();
  return std::make_shared<const btf::Types>(TRY(btf::Types::open(btf::kKernelTypes)));
}

}  // namespace

Result<int> verify(const Arguments& arguments, Output& out) {
  const verify::Rules rules = wanted_rules(arguments);
  const auto object = TRY(open_object(arguments, Externs::kernel, out));
  const auto names = TRY(wanted_programs(object, arguments, out));
  if (names.empty()) {
    out.note(format("{} has no programs", object.name()));
    return kFoundNothing;
  }
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  const auto kernel_types = TRY(types_of_kernel(types));
  int code = 0;
  for (const std::string& name : names) {
    const auto program = TRY(object.program(name, types.link()));
    const bool hot = arguments.has(Flag::hot);
    const verify::Verdict verdict =
        verify::verify(program, {.paths = hot ? verify::Paths::pruned : verify::Paths::merged,
                                 .rules = rules,
                                 .kernel_types = kernel_types.get()});
    out.write(out.is_json() ? verdict_json(object, *program, verdict, hot)
                            : verdict_text(*program, verdict, hot, out));
    if (!verdict.accepted()) code = kRejected;
  }
  return code;
}

}  // namespace skep::cli
