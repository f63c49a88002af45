#include "cli/printer.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/decode.hpp"
#include "events/report.hpp"
#include "events/show.hpp"

namespace skep::cli {
namespace {

bool is_ring(const platform::MapSpec& spec) { return spec.kind == platform::MapKind::ringbuf; }

// Constants are what the program was compiled with, not what it found.
bool is_constant(const platform::MapSpec& spec) {
  return spec.is_globals && spec.name.contains(".rodata");
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

void Printer::drain_rings() {
  for (maps::Map& map : app_.maps()) {
    if (!is_ring(map.spec())) continue;
    const btf::TypeId type = events::record_type(map.spec(), types_);
    map.drain([&](std::span<const std::byte> bytes) { record(map.spec().name, type, bytes); });
  }
}

void Printer::maps() {
  const events::TextStyle style{
      rows_max_, out_.has_color() ? events::Emphasis::terminal : events::Emphasis::none};
  for (const maps::Map& map : app_.maps()) {
    if (is_constant(map.spec()) && out_.volume() != Volume::verbose) continue;
    const auto contents = events::read_contents(map, types_);
    if (!contents) continue;
    if (out_.is_json()) {
      out_.write(events::contents_json(*contents, rows_max_));
    } else {
      out_.write(events::contents_text(*contents, style) + "\n");
    }
  }
}

void Printer::verdicts(std::string_view program, const hooks::RunSummary& summary) {
  out_.write(out_.is_json() ? verdicts_json(program, summary) : verdicts_text(summary));
}

void Printer::losses() {
  u64 ring_events = 0, map_full = 0;
  for (const maps::Map& map : app_.maps()) {
    (is_ring(map.spec()) ? ring_events : map_full) += map.lost();
  }
  if (!out_.is_json()) {
    return out_.write(format("lost         ring events {} · map full {} · skipped {}\n",
                             ring_events, map_full, app_.skipped()));
  }
  JsonWriter json;
  json.begin_object().member("type", "lost").member("ring_events", ring_events);
  json.member("map_full", map_full).member("skipped", app_.skipped()).end_object();
  out_.write(json.take() + "\n");
}

}  // namespace skep::cli
