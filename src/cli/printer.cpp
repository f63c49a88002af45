#include "cli/printer.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/decode.hpp"
#include "events/report.hpp"
#include "events/show.hpp"

namespace skep::cli {
namespace {

// Constants are what the program was compiled with, not what it found.
bool is_constant(const platform::MapSpec& spec) {
  return spec.is_globals && (spec.flags & platform::kReadOnlyForProgram) != 0;
}

std::string verdicts_json(std::string_view program, const hooks::RunSummary& summary) {
  JsonWriter json;
  json.begin_object().member("type", "verdicts").member("program", program);
  json.member("packets", summary.packets).member("bytes", summary.bytes);
  json.member("truncated", summary.truncated).member("written", summary.written);
  json.key("verdicts").begin_object();
  for (const hooks::VerdictCount& each : summary.verdicts) json.member(each.name, each.packets);
  json.end_object().end_object();
  return json.take() + "\n";
}

std::string verdicts_text(const hooks::RunSummary& summary) {
  std::string out = "verdicts   ";
  for (const hooks::VerdictCount& each : summary.verdicts)
    out += format("  {} {}", each.name, each.packets);
  if (summary.verdicts.empty()) out += "  no packets";
  out += "\n";
  if (summary.truncated > 0) {
    out += format("truncated    {} of {}: the capture kept only their start\n",
                  counted(summary.truncated, "packet"), summary.packets);
  }
  return out;
}

}  // namespace

void Printer::trace_line(std::string_view line) {
  if (!out_.is_json()) return out_.write(format("trace  {}\n", events::escaped(line)));
  JsonWriter json;
  json.begin_object().member("type", "trace").member("line", line).end_object();
  out_.write(json.take() + "\n");
}

void Printer::record(const std::string& ring, btf::TypeId type, std::span<const std::byte> bytes) {
  const events::Value value = events::decode(types_, type, Bytes(bytes));
  if (!out_.is_json()) return out_.write(format("{}  {}\n", ring, events::to_line(value)));
  JsonWriter json;
  json.begin_object().member("type", "event").member("ring", ring);
  events::to_json(json.key("record"), value);
  json.end_object();
  out_.write(json.take() + "\n");
}

void Printer::map(const maps::View& map) {
  if (is_constant(map.spec()) && out_.volume() != Volume::verbose) return;
  const events::TextStyle style{
      rows_max_, out_.has_color() ? events::Emphasis::terminal : events::Emphasis::none};
  const auto contents = events::read_contents(map, types_);
  if (!contents) return;
  if (contents->cut_short) out_.note(format("not all is shown: {}", contents->cut_short->what()));
  if (out_.is_json()) {
    out_.write(events::contents_json(*contents, rows_max_));
  } else {
    out_.write(events::contents_text(*contents, style) + "\n");
  }
}

void Printer::verdicts(std::string_view program, const hooks::RunSummary& summary) {
  out_.write(out_.is_json() ? verdicts_json(program, summary) : verdicts_text(summary));
}

void Printer::losses(const Losses& losses) {
  struct Loss {
    std::string_view text, member;
    std::optional<u64> count;
  };
  const Loss all[] = {{"ring events", "ring_events", losses.ring_events},
                      {"perf events", "perf_events", losses.perf_events},
                      {"map full", "map_full", losses.map_full},
                      {"skipped", "skipped", losses.skipped}};
  std::vector<std::string> texts;
  JsonWriter json;
  json.begin_object().member("type", "lost");
  for (const Loss& each : all) {
    if (!each.count) continue;
    texts.push_back(format("{} {}", each.text, *each.count));
    json.member(each.member, *each.count);
  }
  json.end_object();
  out_.write(out_.is_json() ? json.take() + "\n" : format("lost         {}\n", join(texts, " · ")));
}

}  // namespace skep::cli
