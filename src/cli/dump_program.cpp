#include "cli/dump_program.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

namespace skep::cli {
namespace {

using object::ProgramEntry;

// ", attached as xdp, kernel function do_unlinkat, sleepable"
std::string attachment_text(const ProgramEntry& program) {
  std::string text;
  if (program.attach_type) {
    text += format(", attached as {}", platform::row(*program.attach_type).name);
  }
  if (program.target.kind != platform::TargetKind::none) {
    text += format(", {} {}", platform::name_of(program.target.kind), program.target.text);
  }
  if ((program.flags & platform::kSleepable) != 0) text += ", sleepable";
  if ((program.flags & platform::kXdpFrags) != 0) text += ", packets in several pieces";
  if (program.is_optional) text += ", only loaded when asked for";
  return text;
}

std::string program_text(const ProgramEntry& program) {
  return format("program  {}  {}  section {}, {}{}\n", program.name,
                platform::row(program.type).name, program.section, counted(program.slots, "slot"),
                attachment_text(program));
}

void write_target(JsonWriter& json, const platform::Target& target) {
  json.key("target").begin_object().member("kind", platform::name_of(target.kind));
  json.member("text", target.text).member("name", target.name);
  if (!target.place.empty()) json.member("place", target.place);
  if (!target.provider.empty()) json.member("provider", target.provider);
  if (target.offset != 0) json.member("offset", target.offset);
  json.end_object();
}

// Names of the functions that are linked into the program beside its own.
std::vector<std::string> called(const platform::Program& program) {
  std::vector<std::string> names;
  for (const platform::Function& each : program.functions) names.push_back(each.name);
  names.erase(names.begin(), names.begin() + (names.empty() ? 0 : 1));
  return names;
}

std::string program_json(const ProgramEntry& program, const platform::Program* linked) {
  JsonWriter json;
  json.begin_object().member("type", "program").member("name", program.name);
  json.member("section", program.section);
  json.member("program_type", platform::row(program.type).name).member("slots", program.slots);
  if (program.attach_type) {
    json.member("attach_type", platform::row(*program.attach_type).name);
  }
  if (program.target.kind != platform::TargetKind::none) write_target(json, program.target);
  json.member("sleepable", (program.flags & platform::kSleepable) != 0);
  json.member("optional", program.is_optional);
  if (linked != nullptr) {
    json.member("instructions", linked->code.size()).key("functions").begin_array();
    for (const std::string& name : called(*linked)) json.value(name);
    json.end_array();
  }
  json.end_object();
  return json.take() + "\n";
}

// "struct task_struct.pid: byte offset = 2468", as far as it is known.
std::string relocation_text(const object::CoreUse& use) {
  std::string slot = std::to_string(use.slot);
  slot.insert(0, slot.size() < 13 ? 13 - slot.size() : 0, ' ');
  std::string text = format("{}: {}", slot, use.text);
  if (use.value) text += format(" = {}", static_cast<s64>(*use.value));
  if (use.absent) text += format("; {}", use.absent->message);
  if (use.failure) text += format("; cannot be relocated: {}", use.failure->message);
  return text + "\n";
}

std::string relocation_json(const object::CoreUse& use, const std::string& program) {
  JsonWriter json;
  json.begin_object().member("type", "relocation").member("program", program);
  json.member("slot", use.slot).member("relocation", use.text);
  if (use.value) json.member("value", static_cast<s64>(*use.value));
  if (use.absent) json.member("absent", use.absent->message);
  if (use.failure) json.member("error", use.failure->message);
  json.end_object();
  return json.take() + "\n";
}

void write_relocations(const object::Object& object, const std::string& program,
                       const btf::Targets* targets, Output& out) {
  const auto uses = object.core_uses(program, targets);
  if (!uses.ok()) return out.note(format("no relocations are shown: {}", uses.error().message));
  for (const object::CoreUse& use : *uses)
    out.write(out.is_json() ? relocation_json(use, program) : relocation_text(use));
}

}  // namespace

void write_program(const object::Object& object, const ProgramEntry& entry, const ProgramView& view,
                   Output& out) {
  const object::Core core = view.targets == nullptr || !view.with_instructions
                                ? object::Core::leave
                                : object::Core::apply;
  const auto known = object.program(entry.name, {.targets = view.targets, .core = core});
  const auto linked =
      known.ok()
          ? known
          : object.program(entry.name,
                           {.targets = view.targets, .core = core, .unknown = isa::Unknown::keep});
  const platform::Program* program = linked.ok() ? linked->get() : nullptr;
  out.write(out.is_json() ? program_json(entry, program) : program_text(entry));
  if (program != nullptr && program->functions.size() > 1 && !out.is_json()) {
    out.write(format("           calls {}\n", join(called(*program), ", ")));
  }
  if (object.has_core()) write_relocations(object, entry.name, view.targets, out);
  if (!known.ok()) {
    const std::string& hint = known.error().hint;
    out.note(known.error().message + (hint.empty() ? "" : "; ") + hint);
  }
  if (!linked.ok() || !view.with_instructions) return;
  write_listing({.code = program->code, .program = program, .lines = Lines::with}, out);
}

}  // namespace skep::cli
