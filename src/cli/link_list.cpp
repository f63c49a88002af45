// skep link list, skep link show: what programs are attached to by links, with bpftool's columns
// and JSON members, and who holds them.
#include "base/text.hpp"
#include "cli/link_fields.hpp"
#include "cli/loaded.hpp"
#include "cli/loaded_names.hpp"
#include "kernel/owned_links.hpp"
#include "platform/link_types.hpp"

namespace skep::cli {
namespace {

using kernel::LinkEntry;

bool is_of_map(const LinkEntry& link) {
  return platform::link_type(link.type) == platform::LinkType::struct_ops;
}

std::string places_text(const LinkEntry& link) {
  std::string out;
  for (const LinkPlace& place : link_places(link)) {
    out += format("\n\t  0x{:x}", place.at);
    if (!place.function.empty()) out += "  " + place.function;
    if (!place.module.empty()) out += format(" [{}]", place.module);
    if (place.semaphore) out += format("  ref_ctr_offset 0x{:x}", *place.semaphore);
    if (place.cookie) out += format("  cookie {}", *place.cookie);
  }
  return out;
}

// What a tracing program's link does not say itself.
std::string program_type_of(const LinkEntry& link) {
  const auto fd = kernel::open_id(kernel::Kind::program, link.program_id);
  if (!fd.ok()) return {};
  const auto program = kernel::describe_program(*fd);
  return program.ok() ? program_type_name(program->type) : std::string();
}
bool is_tracing(const LinkEntry& link) {
  return platform::link_type(link.type) == platform::LinkType::tracing;
}

std::string link_text(const LinkEntry& link, const Holders& holders) {
  std::string out = format("{}: {}  ", link.id, link_type_name(link.type));
  out += is_of_map(link) ? format("map {}  ", u32{link.facts.of_map.map_id})
                         : format("prog {}  ", link.program_id);
  std::string facts =
      is_tracing(link) ? format("prog_type {}  ", program_type_of(link)) : std::string();
  for (const LinkField& field : link_fields(link)) {
    if (!field.text.empty() && !is_of_map(link)) facts += field.text + "  ";
  }
  if (!facts.empty()) out += "\n\t" + facts;
  return out + places_text(link) + pinned_text(holders, kernel::Kind::link, link.id) +
         pids_text(holders, kernel::Kind::link, link.id) + "\n";
}

void places_json(JsonWriter& json, const LinkEntry& link) {
  if (link.places.empty()) return;
  const bool is_file = platform::link_type(link.type) == platform::LinkType::uprobe_multi;
  json.key("funcs").begin_array();
  for (const LinkPlace& place : link_places(link)) {
    json.begin_object().member(is_file ? "offset" : "addr", place.at);
    if (is_file) json.member("ref_ctr_offset", place.semaphore.value_or(0));
    if (!place.function.empty()) json.member("func", place.function);
    if (!place.module.empty()) json.member("module", place.module);
    json.member("cookie", place.cookie.value_or(0)).end_object();
  }
  json.end_array();
}

std::string link_json(const LinkEntry& link, const Holders& holders) {
  JsonWriter json;
  json.begin_object().member("id", link.id);
  number_or_name(json, "type", link.type, link_type_name(link.type));
  if (!is_of_map(link)) json.member("prog_id", link.program_id);
  if (is_tracing(link)) json.member("prog_type", program_type_of(link));
  for (const LinkField& field : link_fields(link)) {
    std::visit([&](const auto& value) { json.member(field.name, value); }, field.value);
  }
  places_json(json, link);
  holders_json(json, holders, kernel::Kind::link, link.id);
  json.end_object();
  return json.take() + "\n";
}

std::string owned_text(const kernel::OwnedLink& link) {
  const std::string id = link.id == 0 ? std::string("-") : format("{}", link.id);
  return format("{}: {} at {} {}  pid {}\n", id, link.program, link.hook, link.where, link.pid);
}

std::string owned_json(const kernel::OwnedLink& link) {
  JsonWriter json;
  json.begin_object().member("id", link.id).member("program", link.program);
  json.member("hook", link.hook).member("where", link.where).member("pid", link.pid).end_object();
  return json.take() + "\n";
}

// Those that skep attached; what the kernel has no link for too, without an id.
Result<int> list_owned(Output& out) {
  const auto links = kernel::OwnedLinks::all();
  if (links.empty()) {
    out.note("skep has nothing attached");
    return kFoundNothing;
  }
  for (const kernel::OwnedLink& each : links)
    out.write(out.is_json() ? owned_json(each) : owned_text(each));
  return 0;
}

}  // namespace

Result<int> link_list(const Arguments& arguments, Output& out) {
  if (arguments.has(Flag::mine)) return list_owned(out);
  const auto wanted = TRY(selector(kernel::Kind::link, arguments.operands()));
  const auto links = TRY(chosen<LinkEntry>(kernel::Kind::link, wanted, kernel::describe_link));
  if (links.empty()) return nothing_loaded(kernel::Kind::link, wanted, out);
  const Holders holders = read_holders(out);
  for (const LinkEntry& each : links) {
    out.write(out.is_json() ? link_json(each, holders) : link_text(each, holders));
  }
  return 0;
}

}  // namespace skep::cli
