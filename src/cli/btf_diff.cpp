// skep btf diff: what is not the same in two sets of types, or what of it an object would notice.
//
// A line begins with `-` for what only the first has, `+` for what only the second has, and `~` for
// what is another; members that have only moved are gathered in runs that moved equally far. That
// there are differences is an answer and no failure: the exit code is 0 with and without.
#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "btf/difference.hpp"
#include "btf/targets.hpp"
#include "cli/btf_types.hpp"
#include "object/hooks.hpp"

namespace skep::cli {
namespace {

using btf::Change;
using btf::Difference;
using btf::Kind;
using btf::MemberChange;
using btf::MemberPlace;

constexpr std::string_view kMember = "    ";

std::string_view sign(Change change) {
  switch (change) {
    case Change::removed: return "- ";
    case Change::added: return "+ ";
    default: return "~ ";
  }
}

std::string place_text(const MemberPlace& place) {
  const std::string at = format("{} at {}", place.declaration, place.bit_offset / 8);
  return place.bit_offset % 8 == 0 ? at : format("{}, bit {}", at, place.bit_offset % 8);
}

std::string member_text(const MemberChange& each) {
  const std::string start = std::string(kMember) + std::string(sign(each.change));
  if (!each.before) return format("{}{}\n", start, place_text(*each.after));
  if (!each.after) return format("{}{}\n", start, place_text(*each.before));
  return format("{}{} -> {}\n", start, place_text(*each.before), place_text(*each.after));
}

s64 distance(const MemberChange& each) {
  return static_cast<s64>(each.after->bit_offset) - static_cast<s64>(each.before->bit_offset);
}

std::string distance_text(s64 bits) {
  const u64 far = static_cast<u64>(bits < 0 ? -bits : bits);
  return format("{} {}", bits < 0 ? "back" : "on",
                far % 8 == 0 ? counted(far / 8, "byte") : counted(far, "bit"));
}

// Long runs are shortened to their ends, unless -v.
std::string run_text(std::span<const MemberChange> run, Volume volume) {
  constexpr std::size_t kNamesMax = 6;
  std::vector<std::string> names;
  for (const MemberChange& each : run) names.push_back(each.name);
  const std::string start = format("{}moved {}: ", kMember, distance_text(distance(run[0])));
  if (names.size() <= kNamesMax || volume == Volume::verbose) {
    return format("{}{}\n", start, join(names, ", "));
  }
  return format("{}{} ... {} ({})\n", start, names.front(), names.back(),
                counted(names.size(), "member"));
}

std::string members_text(const std::vector<MemberChange>& all, Volume volume) {
  std::string out;
  for (std::size_t at = 0; at < all.size();) {
    if (all[at].change != Change::moved) {
      out += member_text(all[at++]);
      continue;
    }
    std::size_t end = at;
    while (end < all.size() && all[end].change == Change::moved &&
           distance(all[end]) == distance(all[at])) {
      ++end;
    }
    out += run_text(std::span(all).subspan(at, end - at), volume);
    at = end;
  }
  return out;
}

std::string values_text(const std::vector<btf::ValueChange>& all) {
  std::string out;
  for (const btf::ValueChange& each : all) {
    out += format("{}{}{} = {}", kMember, sign(each.change), each.name,
                  each.before ? *each.before : *each.after);
    out += each.before && each.after ? format(" -> {}\n", *each.after) : "\n";
  }
  return out;
}

std::string heading(const Difference& each) {
  if (each.name.empty()) return "enumerators of enums without a name";
  const btf::Version& shown = each.before ? *each.before : *each.after;
  return shown.declaration.empty() ? format("{} {}", btf::name_of(each.kind), each.name)
                                   : shown.declaration;
}

std::string bytes_text(const Difference& each) {
  const auto size = [](const std::optional<btf::Version>& version) {
    return version && version->bytes ? std::to_string(*version->bytes) : std::string();
  };
  const std::string before = size(each.before), after = size(each.after);
  if (before == after || (before.empty() && after.empty())) return {};
  if (before.empty() || after.empty()) return format(" ({} bytes)", before + after);
  return format(": {} -> {} bytes", before, after);
}

std::string difference_text(const Difference& each, Volume volume) {
  std::string out = std::string(sign(each.change)) + heading(each) + bytes_text(each) + "\n";
  if (each.before && each.after && each.before->declaration != each.after->declaration) {
    out += format("{}now {}\n", kMember, each.after->declaration);
  }
  out += members_text(each.members, volume) + values_text(each.values);
  if (each.change == Change::changed && out.find('\n') + 1 == out.size() &&
      bytes_text(each).empty()) {
    out += format("{}in types without a name that it refers to\n", kMember);
  }
  return out;
}

void version_json(JsonWriter& json, std::string_view key,
                  const std::optional<btf::Version>& version) {
  if (!version) return;
  json.key(key).begin_object();
  if (version->bytes) json.member("size", *version->bytes);
  if (!version->declaration.empty()) json.member("declaration", version->declaration);
  json.end_object();
}

void place_json(JsonWriter& json, std::string_view key, const std::optional<MemberPlace>& place) {
  if (!place) return;
  json.key(key).begin_object().member("type", place->type);
  json.member("bit_offset", place->bit_offset).member("size", place->bytes);
  if (place->bit_size != 0) json.member("bits", place->bit_size);
  json.end_object();
}

std::string difference_json(const Difference& each) {
  JsonWriter json;
  json.begin_object().member("change", btf::name_of(each.change));
  json.member("kind", btf::name_of(each.kind)).member("name", each.name);
  version_json(json, "before", each.before);
  version_json(json, "after", each.after);
  if (!each.members.empty()) {
    json.key("members").begin_array();
    for (const MemberChange& member : each.members) {
      json.begin_object().member("change", btf::name_of(member.change));
      json.member("name", member.name);
      place_json(json, "before", member.before);
      place_json(json, "after", member.after);
      json.end_object();
    }
    json.end_array();
  }
  if (!each.values.empty()) {
    json.key("values").begin_array();
    for (const btf::ValueChange& value : each.values) {
      json.begin_object().member("change", btf::name_of(value.change)).member("name", value.name);
      if (value.before) json.member("before", *value.before);
      if (value.after) json.member("after", *value.after);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return json.take() + "\n";
}

// Something that an object asks of a kernel, and the two answers.
struct Reading {
  std::string_view kind;  // "relocation" or "hook"
  std::string text, before, after;
  std::vector<std::string> programs{};
};

std::string reading_text(const Reading& each) {
  return format("~ {}: {} -> {}  ({})\n", each.text, each.before, each.after,
                join(each.programs, ", "));
}

std::string reading_json(const Reading& each) {
  JsonWriter json;
  json.begin_object().member("change", "changed").member("kind", each.kind);
  json.member("name", each.text).member("before", each.before).member("after", each.after);
  json.key("programs").begin_array();
  for (const std::string& program : each.programs) json.value(program);
  json.end_array().end_object();
  return json.take() + "\n";
}

void add(std::vector<Reading>& all, Reading reading, const std::string& program) {
  if (reading.before == reading.after) return;
  auto found = std::ranges::find_if(all, [&](const Reading& each) {
    return each.text == reading.text && each.before == reading.before &&
           each.after == reading.after;
  });
  if (found == all.end()) found = all.insert(all.end(), std::move(reading));
  if (std::ranges::find(found->programs, program) == found->programs.end()) {
    found->programs.push_back(program);
  }
}

// Numbers of types differ from kernel to kernel and mean nothing; only whether there is one does.
std::string answer_text(const object::CoreUse& use) {
  if (use.failure) return "cannot be told";
  if (!use.value) return "not there";
  const bool is_id =
      use.kind == btf::CoreKind::type_id_target || use.kind == btf::CoreKind::type_id_local;
  if (is_id) return *use.value == 0 ? "not there" : "there";
  return std::to_string(*use.value);
}

// Both sides, as CO-RE takes them.
struct Kernels {
  btf::Targets before, after;
};

Result<std::vector<Reading>> readings_of(const object::Object& object, const Kernels& kernels) {
  std::vector<Reading> all;
  for (const object::ProgramEntry& program : object.programs()) {
    const auto hook = [&](const btf::Targets& kernel) {
      return std::string(object::name_of(object::find_hook(program, kernel).state));
    };
    add(all, {"hook", "hook " + program.section, hook(kernels.before), hook(kernels.after)},
        program.name);
    const auto before = TRY(object.core_uses(program.name, &kernels.before));
    const auto after = TRY(object.core_uses(program.name, &kernels.after));
    for (std::size_t at = 0; at < std::min(before.size(), after.size()); ++at) {
      add(all, {"relocation", before[at].text, answer_text(before[at]), answer_text(after[at])},
          program.name);
    }
  }
  return all;
}

// The kernel's functions and variables that the object calls, reads or is attached to.
std::set<std::string, std::less<>> names_of(const object::Object& object) {
  std::set<std::string, std::less<>> names;
  for (const platform::Extern& each : object.externs()) names.emplace(each.essential_name());
  for (const object::ProgramEntry& each : object.programs()) {
    if (each.target.kind == platform::TargetKind::kernel_function) names.insert(each.target.name);
  }
  return names;
}

bool is_symbol(Kind kind) { return kind == Kind::function || kind == Kind::variable; }

void write(const std::vector<Difference>& all, Output& out) {
  for (const Difference& each : all) {
    if (out.is_closed()) break;
    out.write(out.is_json() ? difference_json(each) : difference_text(each, out.volume()));
  }
}

void note_counts(const std::vector<Difference>& all, const std::vector<Reading>& readings,
                 Output& out) {
  if (all.empty() && readings.empty()) return out.note("no differences");
  const auto count = [&](Change change) {
    return std::ranges::count(all, change, &Difference::change);
  };
  out.note(format("{} only in the first, {} only in the second, {} changed", count(Change::removed),
                  count(Change::added),
                  count(Change::changed) + static_cast<std::ptrdiff_t>(readings.size())));
}

// What of the differences the object can notice.
Result<std::vector<Reading>> keep_what_is_read(const std::string& path, const Kernels& kernels,
                                               std::vector<Difference>& all) {
  const auto object = TRY(object::Object::open(path));
  const auto names = names_of(object);
  std::erase_if(all, [&](const Difference& each) {
    return !is_symbol(each.kind) || !names.contains(each.name);
  });
  return readings_of(object, kernels);
}

}  // namespace

Result<int> btf_diff(const Arguments& arguments, Output& out) {
  const std::vector<std::string>& paths = arguments.operands();
  TypeFiles files(Check::yes);
  const SharedTypes before = TRY(files.open(paths[0], arguments.text(Flag::base)));
  const SharedTypes after = TRY(files.open(paths[1], arguments.text(Flag::base)));
  std::vector<Difference> all = TRY(btf::differences(*before, *after));
  std::vector<Reading> readings;
  if (const auto object = arguments.text(Flag::object)) {
    Kernels kernels;
    kernels.before.add(paths[0], before);
    kernels.after.add(paths[1], after);
    readings = TRY(keep_what_is_read(*object, kernels, all));
  }
  for (const Reading& each : readings) {
    out.write(out.is_json() ? reading_json(each) : reading_text(each));
  }
  write(all, out);
  note_counts(all, readings, out);
  return 0;
}

}  // namespace skep::cli
