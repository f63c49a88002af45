#include "events/report.hpp"

#include <algorithm>
#include <numeric>

#include "base/text.hpp"
#include "events/show.hpp"

namespace skep::events {
namespace {

constexpr u64 kBarWidth = 40;

std::string heading(std::string_view name, std::string_view rest, const TextStyle& style) {
  const bool bold = style.emphasis == Emphasis::terminal;
  return format("{}{}{} ({})\n", bold ? "\033[1m" : "", name, bold ? "\033[0m" : "", rest);
}

// Characters, not bytes: columns line up for any UTF-8.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<u8>(c) & 0xc0) != 0x80; }));
}

enum class Side : u8 { left, right };

std::string padded(std::string_view text, std::size_t width, Side side) {
  const std::string space(width - std::min(width, width_of(text)), ' ');
  return side == Side::left ? std::string(text) + space : space + std::string(text);
}

u64 rows_shown(const Table& table, u64 rows_max) {
  return rows_max == 0 ? table.entries.size() : std::min<u64>(rows_max, table.entries.size());
}

// Rows of cells with their heading first. All entries of a map have the same fields.
using Rows = std::vector<std::vector<Cell>>;

Rows rows_of(const Table& table, u64 count) {
  Rows rows;
  for (u64 at = 0; at < count; ++at) {
    std::vector<Cell> cells = to_cells(table.entries[at].key, "key");
    for (Cell& cell : to_cells(table.entries[at].value, "value")) cells.push_back(std::move(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

std::string aligned(const Rows& rows) {
  const std::size_t columns = rows[0].size();
  std::vector<std::size_t> widths(columns);
  for (std::size_t column = 0; column < columns; ++column) {
    widths[column] = width_of(rows[0][column].name);
    for (const auto& row : rows) {
      if (column < row.size())
        widths[column] = std::max(widths[column], width_of(row[column].text));
    }
  }
  std::string out;
  const auto line = [&](const std::vector<Cell>& row, std::string Cell::*part) {
    std::string text;
    for (std::size_t column = 0; column < std::min(columns, row.size()); ++column) {
      const Side side = rows[0][column].is_number ? Side::right : Side::left;
      text += "  " + padded(row[column].*part, widths[column], side);
    }
    text.resize(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(rows[0], &Cell::name);
  for (const auto& row : rows) line(row, &Cell::text);
  return out;
}

// `name = value`, a line each.
std::string vertical(const std::vector<Cell>& cells) {
  std::size_t width = 0;
  for (const Cell& cell : cells) width = std::max(width, width_of(cell.name));
  std::string out;
  for (const Cell& cell : cells)
    out += format("  {} = {}\n", padded(cell.name, width, Side::left), cell.text);
  return out;
}

std::string table_text(const Contents& contents, const Table& table, const TextStyle& style) {
  const bool is_array = table.untouched + table.entries.size() == table.entries_max &&
                        contents.kind.find("array") != std::string_view::npos;
  std::string out = heading(
      contents.map,
      format("{}, {} of {}{}", contents.kind,
             table.entries.size() == 1 ? "1 entry" : format("{} entries", table.entries.size()),
             table.entries_max, is_array && table.untouched > 0 ? " in use" : ""),
      style);
  if (table.entries.empty()) return out + "  empty\n";
  const Value& value = table.entries[0].value;
  // One structure of counts reads better downwards than as a single wide row.
  if (table.entries_max == 1 && std::holds_alternative<Record>(value.of))
    return out + vertical(to_cells(value, "value"));
  const u64 count = rows_shown(table, style.rows_max);
  out += aligned(rows_of(table, count));
  if (count < table.entries.size())
    out += format("  … and {} more (--limit 0 shows all)\n", table.entries.size() - count);
  return out;
}

// ---- histograms ----

struct Bounds {
  std::size_t first = 0;
  std::size_t end = 0;  // one behind the last slot that is not zero
};

Bounds bounds_of(const Histogram& histogram) {
  const auto used = [](u64 count) { return count != 0; };
  const auto& slots = histogram.slots;
  const auto first = std::ranges::find_if(slots, used);
  const auto last = std::find_if(slots.rbegin(), slots.rend(), used);
  return {static_cast<std::size_t>(first - slots.begin()),
          static_cast<std::size_t>(slots.rend() - last)};
}

u64 lower_bound_of(std::size_t slot) { return slot == 0 ? 0 : u64{1} << std::min<u64>(slot, 63); }

// 65536 as 64K.
std::string power_text(u64 value) {
  constexpr std::string_view kUnits[] = {"", "K", "M", "G", "T", "P", "E"};
  std::size_t unit = 0;
  while (value >= 1024) value /= 1024, ++unit;
  return format("{}{}", value, kUnits[unit]);
}

std::string range_text(const Histogram& histogram, std::size_t slot) {
  const std::string from = power_text(lower_bound_of(slot));
  if (slot + 1 == histogram.slots.size()) return format("[{}, ...)", from);
  return format("[{}, {})", from, power_text(lower_bound_of(slot + 1)));
}

std::string histogram_text(const Contents& contents, const Histogram& histogram,
                           const TextStyle& style) {
  const u64 total = std::accumulate(histogram.slots.begin(), histogram.slots.end(), u64{0});
  std::string out =
      heading(contents.map,
              format("{}, log2 histogram of {}", contents.kind, counted(total, "value")), style);
  if (total == 0) return out + "  empty\n";
  const u64 highest = std::ranges::max(histogram.slots);
  const Bounds bounds = bounds_of(histogram);
  const std::size_t count_width = std::to_string(highest).size();
  for (std::size_t slot = bounds.first; slot < bounds.end; ++slot) {
    const u64 count = histogram.slots[slot];
    const auto share = static_cast<double>(count) / static_cast<double>(highest);
    const auto length = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
    out += format("  {} {} |{}|\n", padded(range_text(histogram, slot), 14, Side::left),
                  padded(std::to_string(count), count_width, Side::right),
                  padded(std::string(length, '@'), kBarWidth, Side::left));
  }
  return out;
}

std::string globals_text(const Contents& contents, const Globals& globals, const TextStyle& style) {
  std::string out =
      heading(contents.map, counted(globals.variables.size(), "global variable"), style);
  return out + vertical(to_cells({globals.variables}, "value"));
}

// ---- JSON ----

void write(JsonWriter& json, const Table& table, const Contents& contents, u64 rows_max) {
  json.member("type", "map").member("map", contents.map).member("kind", contents.kind);
  json.key("entries").begin_array();
  for (u64 at = 0; at < rows_shown(table, rows_max); ++at) {
    json.begin_object();
    to_json(json.key("key"), table.entries[at].key);
    to_json(json.key("value"), table.entries[at].value);
    json.end_object();
  }
  json.end_array();
}

void write(JsonWriter& json, const Histogram& histogram, const Contents& contents, u64) {
  json.member("type", "histogram").member("map", contents.map);
  json.key("buckets").begin_array();
  const Bounds bounds = bounds_of(histogram);
  for (std::size_t slot = bounds.first; slot < bounds.end; ++slot) {
    json.begin_object().member("min", lower_bound_of(slot));
    if (slot + 1 < histogram.slots.size()) json.member("max", lower_bound_of(slot + 1) - 1);
    json.member("count", histogram.slots[slot]).end_object();
  }
  json.end_array();
}

void write(JsonWriter& json, const Globals& globals, const Contents& contents, u64) {
  json.member("type", "globals").member("map", contents.map);
  to_json(json.key("values"), {globals.variables});
}

}  // namespace

std::string contents_text(const Contents& contents, const TextStyle& style) {
  return std::visit(
      Overloaded{
          [&](const Table& table) { return table_text(contents, table, style); },
          [&](const Histogram& histogram) { return histogram_text(contents, histogram, style); },
          [&](const Globals& globals) { return globals_text(contents, globals, style); }},
      contents.of);
}

std::string contents_json(const Contents& contents, u64 rows_max) {
  JsonWriter json;
  json.begin_object();
  std::visit([&](const auto& of) { write(json, of, contents, rows_max); }, contents.of);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace skep::events
