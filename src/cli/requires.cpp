// skep requires: what a kernel must have for an object to be loaded, and since when it has it.
#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/loading.hpp"
#include "object/requirements.hpp"

namespace skep::cli {
namespace {

using object::Requirement;

std::string requirement_text(const Requirement& each) {
  std::string since = object::has_release(each.kind) ? "unknown release" : "";
  if (!each.since.empty()) since = format("since {}", each.since);
  if (each.is_optional) since = "optional";
  std::string text = padded(std::string(object::name_of(each.kind)), 17);
  text += padded(each.name, 32) + padded(std::move(since), 17);
  return text + (each.example.empty() ? join(each.used_by, ", ") : each.example) + "\n";
}

std::string requirement_json(const Requirement& each) {
  JsonWriter json;
  json.begin_object().member("type", "requirement");
  json.member("kind", object::name_of(each.kind)).member("name", each.name);
  if (!each.since.empty()) json.member("since", each.since);
  json.member("optional", each.is_optional).key("used_by").begin_array();
  for (const std::string& user : each.used_by) json.value(user);
  json.end_array();
  if (!each.example.empty()) json.member("example", each.example);
  json.end_object();
  return json.take() + "\n";
}

std::string summary(const object::Requirements& requirements, const Output& out) {
  if (!out.is_json()) {
    const bool more = std::ranges::any_of(requirements.all, [](const Requirement& each) {
      return each.since.empty() && !each.is_optional && object::has_release(each.kind);
    });
    return format("altogether       Linux {} or later{}\n", requirements.since,
                  more ? ", if it has what is of an unknown release" : "");
  }
  JsonWriter json;
  json.begin_object().member("type", "requirements").member("since", requirements.since);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace

Result<int> requires_(const Arguments& arguments, Output& out) {
  const auto object = TRY(open_object(arguments, Externs::given, out));
  const object::Requirements requirements = object::requirements_of(object);
  for (const std::string& each : requirements.not_read) out.note("not looked into: " + each);
  for (const Requirement& each : requirements.all) {
    out.write(out.is_json() ? requirement_json(each) : requirement_text(each));
  }
  if (!requirements.since.empty()) out.write(summary(requirements, out));
  return 0;
}

}  // namespace skep::cli
