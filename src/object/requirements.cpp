// A walk over programs and maps that notes each thing once.
#include "object/requirements.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "platform/helpers.hpp"
#include "platform/instruction_sets.hpp"
#include "platform/kernel_functions.hpp"

namespace skep::object {
namespace {

using platform::ExternKind;

constexpr EnumArray<RequirementKind, std::string_view> kKindNames({
    {RequirementKind::program_type, "program type"},
    {RequirementKind::attach_type, "attach type"},
    {RequirementKind::load_flag, "load flag"},
    {RequirementKind::helper, "helper"},
    {RequirementKind::kernel_function, "kernel function"},
    {RequirementKind::kernel_symbol, "kernel symbol"},
    {RequirementKind::configuration, "configuration"},
    {RequirementKind::map_kind, "map kind"},
    {RequirementKind::map_flag, "map flag"},
    {RequirementKind::instructions, "instructions"},
    {RequirementKind::field, "type"},
});

class Collector {
 public:
  Requirements run(const Object& object) {
    for (const ProgramEntry& each : object.programs()) program(object, each);
    for (const platform::MapSpec& each : object.maps()) map(each);
    std::ranges::stable_sort(out_.all, {}, &Requirement::kind);
    for (const Requirement& each : out_.all) {
      if (!each.is_optional && is_older(out_.since, each.since)) out_.since = each.since;
    }
    return std::move(out_);
  }

 private:
  Requirement& note(RequirementKind kind, std::string_view name, std::string_view since,
                    const std::string& user) {
    const auto [known, is_new] =
        numbers_.try_emplace(std::pair(kind, std::string(name)), out_.all.size());
    if (is_new) out_.all.push_back({.kind = kind, .name = std::string(name), .since = since});
    Requirement& found = out_.all[known->second];
    if (found.used_by.empty() || found.used_by.back() != user) found.used_by.push_back(user);
    return found;
  }

  void program(const Object& object, const ProgramEntry& entry) {
    const platform::ProgramTypeRow& type = platform::row(entry.type);
    note(RequirementKind::program_type, type.name, type.since, entry.name);
    const bool may_lack = (entry.flags & platform::kAttachTypeOptional) != 0;
    if (entry.attach_type && !may_lack) {
      const platform::AttachTypeRow& row = platform::row(*entry.attach_type);
      note(RequirementKind::attach_type, row.name, row.since, entry.name);
    }
    if ((entry.flags & platform::kSleepable) != 0) {
      note(RequirementKind::load_flag, "BPF_F_SLEEPABLE", "5.10", entry.name);
    }
    if ((entry.flags & platform::kXdpFrags) != 0) {
      note(RequirementKind::load_flag, "BPF_F_XDP_HAS_FRAGS", "5.18", entry.name);
    }
    const auto linked =
        object.program(entry.name, {.core = Core::leave, .unknown = isa::Unknown::keep});
    if (!linked.ok()) return out_.not_read.push_back(linked.error().message);
    for (const isa::Instruction& each : (*linked)->code) instruction(each, entry.name);
    for (const platform::ExternUse& use : (*linked)->uses) {
      external((*(*linked)->externs)[use.number], entry.name);
    }
    if (object.has_core()) fields(object, entry.name);
  }

  void fields(const Object& object, const std::string& program) {
    const auto uses = object.core_uses(program, nullptr);
    if (!uses.ok()) return out_.not_read.push_back(uses.error().message);
    for (const CoreUse& use : *uses) note(RequirementKind::field, use.text, "", program);
  }

  void instruction(const isa::Instruction& i, const std::string& program) {
    if (i.form == isa::Form::call && i.call() == isa::Call::helper) {
      const std::string_view name = platform::helper_name(i.immediate);
      if (name.empty()) return;  // a call of nothing: weak, or without an answer of CO-RE
      note(RequirementKind::helper, format("bpf_{}", name), platform::helper_since(i.immediate),
           program);
      return;
    }
    const platform::InstructionSet set = platform::instruction_set(i);
    if (set == platform::InstructionSet::v1) return;
    const platform::InstructionSetRow& row = platform::row(set);
    Requirement& noted = note(RequirementKind::instructions, row.name, row.since, program);
    if (noted.example.empty()) noted.example = format("{} at slot {}", program, i.slot.value());
  }

  void external(const platform::Extern& external, const std::string& program) {
    RequirementKind kind = RequirementKind::kernel_symbol;
    if (external.kind == ExternKind::function) kind = RequirementKind::kernel_function;
    if (external.kind == ExternKind::configuration) kind = RequirementKind::configuration;
    if (kind == RequirementKind::configuration && !external.name.starts_with("CONFIG_"))
      return;  // made up
    std::string_view since;
    if (kind == RequirementKind::kernel_function)
      since = platform::kernel_function_since(external.name);
    note(kind, external.name, since, program).is_optional = external.is_weak;
  }

  void map(const platform::MapSpec& map) {
    const platform::MapKindRow& kind = platform::row(map.kind);
    note(RequirementKind::map_kind, kind.name, kind.since, map.name);
    if (map.inner != nullptr) {
      const platform::MapKindRow& inner = platform::row(map.inner->kind);
      note(RequirementKind::map_kind, inner.name, inner.since, map.name);
    }
    if (map.is_globals) return;  // loaders leave flags out that a kernel does not know
    for (const platform::MapFlag& flag : platform::map_flags(map.flags)) {
      note(RequirementKind::map_flag, flag.name, flag.since, map.name);
    }
  }

  Requirements out_;
  std::map<std::pair<RequirementKind, std::string>, std::size_t> numbers_;
};

// Of "6.1", and of what uname -r prints: "6.1.0-57-cloud-amd64", "6.18-rc1".
std::pair<u64, u64> numbers_of(std::string_view release) {
  const std::size_t dot = std::min(release.find('.'), release.size());
  const std::string_view rest = release.substr(std::min(dot + 1, release.size()));
  const auto major = parse_unsigned(release.substr(0, dot));
  const auto minor = parse_unsigned(rest.substr(0, rest.find_first_not_of("0123456789")));
  return {major.value_or(0), minor.value_or(0)};
}

}  // namespace

std::string_view name_of(RequirementKind kind) { return kKindNames[kind]; }

bool has_release(RequirementKind kind) {
  return kind != RequirementKind::kernel_symbol && kind != RequirementKind::configuration &&
         kind != RequirementKind::field;
}

bool is_older(std::string_view left, std::string_view right) {
  return numbers_of(left) < numbers_of(right);
}

Requirements requirements_of(const Object& object) { return Collector().run(object); }

}  // namespace skep::object
