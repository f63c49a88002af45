// The Report as people read it.
//
//   program.bpf.c:41: reads bytes 14 to 15 of the packet, of which only 14 bytes are proved
//     41 | if (ip->version != 4)
//     instruction 17: r2 = *(u8 *)(r1 + 14)
//     because r1 is the packet, 14 bytes proved
//     r1: read from the context (line 36, instruction 1)
//     lost at line 38, instruction 5: compared here, for 14 bytes
//     after line 38, `if (data + 14 > end)`: assuming r3 <= r2 (instruction 5)
//     this is a bug: ...
//     rule packet-bounds: ...
//     hint: ...
#include <algorithm>

#include "base/enum_array.hpp"
#include "base/text.hpp"
#include "verify/verify.hpp"

namespace skep::verify {
namespace {

// "line 9, instruction 5", or without the line.
std::string place_text(u32 line, u32 slot) {
  return line == 0 ? format("instruction {}", slot) : format("line {}, instruction {}", line, slot);
}

std::string values_text(const Report& report) {
  std::string out;
  for (const Origin& value : report.values) {
    const std::string what = value.what == "never set" ? "" : ", " + value.what;
    out += format("  {}{}: {} ({})\n", value.place, what, value.how,
                  place_text(value.line, value.slot));
  }
  for (const Step& lost : report.lost)
    out += format("  lost at {}: {}\n", place_text(lost.line, lost.slot), lost.what);
  return out;
}

// The decisions, those of one source line together.
std::string path_text(const std::vector<Step>& path) {
  std::string out;
  for (std::size_t at = 0; at < path.size();) {
    const Step& first = path[at];
    if (first.line == 0) {
      out += format("  after instruction {}: {}\n", first.slot, first.what);
      ++at;
      continue;
    }
    std::vector<std::string> what, slots;
    for (; at < path.size() && path[at].line == first.line; ++at) {
      const std::string assumed = path[at].what.substr(path[at].what.find(' ') + 1);
      const std::string slot = std::to_string(path[at].slot);
      // Rounds of a loop look alike.
      if (std::ranges::find(what, assumed) == what.end()) what.push_back(assumed);
      if (std::ranges::find(slots, slot) == slots.end()) slots.push_back(slot);
    }
    const std::string source = first.source.empty() ? "" : format(", `{}`", first.source);
    out += format("  after line {}{}: assuming {} (instruction{} {})\n", first.line, source,
                  join(what, ", "), slots.size() == 1 ? "" : "s", join(slots, ", "));
  }
  return out;
}

std::string cause_text(const Report& report) {
  switch (report.cause) {
    case Cause::undecided:
    case Cause::count_: return {};
    case Cause::bug: break;
    case Cause::imprecision:
      return "  imprecision: no input was found for which the program does this\n";
    case Cause::unsupported: return "  unsupported: the program may be right, but not here\n";
    case Cause::limit: return "  limit: the program may be right, but the proof takes too much\n";
  }
  std::string out = format("  bug: {}\n", report.ending);
  for (const std::string& each : report.input) out += format("    with {}\n", each);
  for (const Step& step : report.run) {
    const std::string place = step.line == 0 ? "" : format("line {}, ", step.line);
    out += format("    {}{}: {}\n", place, step.slot, step.what);
  }
  return out;
}

std::string edit_text(const Edit& edit) {
  return format("  suggested edit (verified), before {}: {}\n", place_text(edit.line, edit.slot),
                edit.what);
}

}  // namespace

std::string_view name_of(Cause cause) {
  static constexpr EnumArray<Cause, std::string_view> kNames({
      {Cause::undecided, ""},
      {Cause::bug, "bug"},
      {Cause::imprecision, "imprecision"},
      {Cause::unsupported, "unsupported"},
      {Cause::limit, "limit"},
  });
  return kNames[cause];
}

std::string to_text(const Report& report) {
  std::string out = report.file.empty() ? format("program {}", report.program)
                                        : format("{}:{}", report.file, report.line);
  out += format(": {}\n", report.message);
  if (!report.source.empty()) out += format("  {} | {}\n", report.line, report.source);
  out += format("  instruction {}: {}\n", report.slot, report.instruction);
  if (!report.reason.empty()) out += format("  because {}\n", report.reason);
  out += values_text(report) + path_text(report.path) + cause_text(report);
  out += format("  rule {}: {}\n", report.property, report.rule);
  if (!report.hint.empty()) out += format("  hint: {}\n", report.hint);
  if (report.edit) out += edit_text(*report.edit);
  return out;
}

}  // namespace skep::verify
