// skep feature: what this kernel and this user's privileges allow, and what to do about what is
// missing.
//
// Answers are tried, and kept until the next boot (kernel/feature_cache.hpp). Without the right to
// try, it is the table of what needs no privilege: what the user engine has.
#include <algorithm>
#include <map>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "kernel/feature_cache.hpp"

namespace skep::cli {
namespace {

using kernel::Feature;
using kernel::Section;
using kernel::There;

constexpr EnumArray<Section, std::string_view> kHeadings({
    {Section::system_config, "settings"},
    {Section::syscall_config, "system call"},
    {Section::program_types, "program types"},
    {Section::map_types, "map kinds"},
    {Section::attach_types, "attach types"},
    {Section::link_types, "kinds of links"},
    {Section::helpers, "helpers"},
    {Section::instructions, "instruction sets"},
    {Section::misc, "further"},
});

std::string_view word(There there) {
  switch (there) {
    case There::yes: return "yes";
    case There::no: return "no";
    case There::unknown: return "?";
  }
  return "";
}

std::string feature_json(const Feature& feature, std::string_view engine) {
  JsonWriter json;
  json.begin_object().member("section", kernel::name_of(feature.section));
  if (!feature.of.empty()) json.member("program_type", feature.of);
  json.member("name", feature.name).member("engine", engine).key("available");
  if (feature.there == There::unknown) {
    json.null();
  } else {
    json.value(feature.there == There::yes);
  }
  if (!feature.value.empty()) json.member("value", feature.value);
  if (!feature.since.empty()) json.member("since", feature.since);
  if (!feature.reason.empty()) json.member("reason", feature.reason);
  if (!feature.hint.empty()) json.member("hint", feature.hint);
  json.end_object();
  return json.take() + "\n";
}

std::string feature_text(const Feature& feature) {
  std::string out =
      format("  {}  {}", padded(std::string(word(feature.there)), 3), padded(feature.name, 26));
  if (!feature.value.empty()) out += "  " + feature.value;
  if (!feature.since.empty()) out += format("  since {}", feature.since);
  out = out.substr(0, out.find_last_not_of(' ') + 1) + "\n";
  if (feature.there == There::yes) return out;
  if (!feature.reason.empty()) out += format("       {}\n", feature.reason);
  if (!feature.hint.empty()) out += format("       {}\n", feature.hint);
  return out;
}

// Helpers are many: a line a program type, with -v the names.
std::string helpers_text(const std::vector<Feature>& features, Volume volume) {
  std::vector<std::string> types;  // in the order in which they come
  std::map<std::string, std::vector<std::string>> there;
  for (const Feature& each : features) {
    if (each.section != Section::helpers) continue;
    if (types.empty() || types.back() != each.of) types.push_back(each.of);
    if (each.there == There::yes) there[each.of].push_back(each.name);
  }
  std::string out;
  for (const std::string& type : types) {
    out += format("  {} {}\n", padded(type, 26), there[type].size());
    if (volume != Volume::verbose) continue;
    for (const std::string& name : there[type]) out += format("    bpf_{}\n", name);
  }
  return out;
}

void write_text(const std::vector<Feature>& features, Output& out) {
  for (const Section section : every<Section>()) {
    std::string rows;
    for (const Feature& each : features) {
      if (each.section == section && section != Section::helpers) rows += feature_text(each);
    }
    if (section == Section::helpers) rows = helpers_text(features, out.volume());
    if (!rows.empty()) out.write(format("{}\n{}\n", kHeadings[section], rows));
  }
}

std::vector<Feature> known_features(const Arguments& arguments) {
  const std::string path = kernel::feature_cache_path();
  if (!arguments.has(Flag::no_cache)) {
    if (auto kept = kernel::read_feature_cache(path)) return std::move(*kept);
  }
  std::vector<Feature> features = kernel::probe_features();
  kernel::write_feature_cache(path, features);
  return features;
}

}  // namespace

Result<int> feature(const Arguments& arguments, Output& out) {
  if (!arguments.operands().empty() && arguments.operands()[0] != "probe") {
    return Error(Fault::usage, format("unexpected '{}'", arguments.operands()[0]),
                 "usage: skep feature [probe] [options]");
  }
  const std::string lacking = kernel::missing(kernel::kBpf);
  const bool is_user = arguments.text(Flag::engine) == "user" ||
                       (arguments.text(Flag::engine) != "kernel" && !lacking.empty());
  if (is_user && !lacking.empty()) {
    out.note(
        format("{} is missing: this is what is possible without it, in the user engine; as root, "
               "skep feature "
               "tells what the kernel can do",
               lacking));
  }
  const std::vector<Feature> features =
      is_user ? kernel::features_without_privilege() : known_features(arguments);
  if (!out.is_json()) {
    write_text(features, out);
    return 0;
  }
  for (const Feature& each : features) out.write(feature_json(each, is_user ? "user" : "kernel"));
  return 0;
}

}  // namespace skep::cli
