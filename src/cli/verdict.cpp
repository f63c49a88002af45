#include "cli/verdict.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/verify_cost.hpp"

namespace skep::cli {
namespace {

void write_steps(JsonWriter& json, std::string_view name, const std::vector<verify::Step>& steps) {
  json.key(name).begin_array();
  for (const verify::Step& step : steps) {
    json.begin_object().member("slot", step.slot).member("line", step.line);
    json.member("what", step.what).member("source", step.source).end_object();
  }
  json.end_array();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_values(JsonWriter& json, const std::vector<verify::Origin>& values) {
  json.key("values").begin_array();
  for (const verify::Origin& value : values) {
    json.begin_object().member("place", value.place).member("what", value.what);
    json.member("how", value.how).member("slot", value.slot).member("line", value.line);
    json.end_object();
  }
  json.end_array();
}

// What explain::explain() found.
void write_explanation(JsonWriter& json, const verify::Report& report) {
  write_values(json, report.values);
  write_steps(json, "lost", report.lost);
  json.member("kind", verify::name_of(report.cause));
  if (report.cause == verify::Cause::bug) {
    json.key("counterexample").begin_object().member("ending", report.ending);
    write_texts(json, "input", report.input);
    write_steps(json, "run", report.run);
    json.end_object();
  }
  if (!report.edit) return;
  json.key("edit").begin_object().member("what", report.edit->what);
  json.member("slot", report.edit->slot).member("line", report.edit->line);
  write_texts(json, "instructions", report.edit->instructions);
  json.end_object();
}

void write_report(JsonWriter& json, const verify::Report& report) {
  json.key("report").begin_object().member("property", report.property);
  json.member("message", report.message).member("reason", report.reason);
  json.member("hint", report.hint).member("slot", report.slot);
  json.member("instruction", report.instruction);
  json.member("file", report.file).member("line", report.line).member("source", report.source);
  write_steps(json, "path", report.path);
  write_explanation(json, report);
  json.end_object();
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

}  // namespace

std::string verdict_json(const object::Object& object, const platform::Program& program,
                         const verify::Verdict& verdict, const WantedVerdict& asked) {
  JsonWriter json;
  json.begin_object().member("object", object.name()).member("section", program.section);
  json.member("program", program.name);
  json.member("verdict", verdict.accepted() ? "accepted" : "rejected");
  json.key("time_us").rounded(static_cast<double>(verdict.work.time_ns) / 1000, 1);
  json.member("instructions", program.code.size()).member("visited", verdict.work.visited);
  if (asked.hot) write_costs(json, program, verdict.work);
  if (!asked.log.empty()) json.member("log", asked.log);
  if (!verdict.accepted()) write_report(json, std::get<verify::Report>(verdict.outcome));
  json.end_object();
  return json.take() + "\n";
}

std::string milliseconds(u64 ns) {
  JsonWriter number;  // two digits behind the point
  number.rounded(static_cast<double>(ns) / 1e6, 2);
  return number.take();
}

std::string verdict_text(const platform::Program& program, const verify::Verdict& verdict,
                         const WantedVerdict& asked, const Output& out) {
  const std::string_view color = verdict.accepted() ? "\033[32m" : "\033[31m";
  std::string text =
      asked.log + format("{}{}{}  {}  {}  {}, {} visited, {} ms\n", out.has_color() ? color : "",
                         verdict.accepted() ? "accepted" : "rejected",
                         out.has_color() ? "\033[0m" : "", program.name,
                         platform::row(program.type).name,
                         counted(program.code.size(), "instruction"), verdict.work.visited,
                         milliseconds(verdict.work.time_ns));
  if (!verdict.accepted()) text += verify::to_text(std::get<verify::Report>(verdict.outcome));
  if (!text.ends_with('\n')) text += '\n';
  if (asked.hot) text += costs_text(program, verdict.work);
  return text;
}

}  // namespace skep::cli
