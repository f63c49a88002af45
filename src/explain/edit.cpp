#include "explain/edit.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "explain/editor.hpp"

namespace skep::explain {

std::vector<Changed> possible_edits(const Way& way, const Program& program,
                                    const verify::Report& report) {
  return Editor(way, program, report).edits();
}

namespace {

constexpr u32 kRoundsMax = 3;         // edits one after the other
constexpr std::size_t kTriesMax = 8;  // of each round
constexpr u64 kTimeMaxMs = 500;       // of each verification

std::optional<verify::Edit> find_edit(const Program& program, const verify::Limits& limits,
                                      const verify::Report& report, u32 round) {
  const std::vector<Stop> stops = retrace(program, limits, report);
  if (stops.empty()) return std::nullopt;
  std::vector<Changed> edits = possible_edits(Way(*program, stops), program, report);
  if (edits.size() > kTriesMax) edits.resize(kTriesMax);
  std::vector<verify::Report> refused;
  for (const Changed& each : edits) {
    verify::Verdict verdict = verify::verify(each.program, limits);
    if (verdict.accepted()) return each.edit;
    refused.push_back(std::move(std::get<verify::Report>(verdict.outcome)));
  }
  if (round == kRoundsMax) return std::nullopt;
  for (std::size_t n = 0; n < edits.size() && n < 2; ++n) {
    const bool is_same = refused[n].message == report.message;
    auto more = is_same ? std::nullopt : find_edit(edits[n].program, limits, refused[n], round + 1);
    if (!more) continue;
    verify::Edit out = edits[n].edit;
    out.what += more->line == 0 ? "; and " : format("; and before line {}: ", more->line);
    out.what += more->what;
    std::ranges::move(more->instructions, std::back_inserter(out.instructions));
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::optional<verify::Edit> find_edit(const Program& program, const verify::Limits& limits,
                                      const verify::Report& report) {
  verify::Limits short_ones = limits;
  short_ones.time_max_ms = std::min(limits.time_max_ms, kTimeMaxMs);
  short_ones.observer = nullptr;
  return find_edit(program, short_ones, report, 1);
}

}  // namespace skep::explain
