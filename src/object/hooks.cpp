// What to look for is a table by the kind of target; names in BTF follow include/trace/bpf_probe.h,
// include/linux/bpf_lsm.h and include/linux/bpf.h (DEFINE_BPF_ITER_FUNC) of Linux.
#include "object/hooks.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace skep::object {
namespace {

using platform::TargetKind;

struct Lookup {
  btf::Kind kind = btf::Kind::void_;  // void: BTF does not tell
  std::string_view prefix{};          // in front of the target's name
  std::string_view what{};            // for people
  HookState when_not_found = HookState::absent;
};

// clang-format off
constexpr EnumArray<TargetKind, Lookup> kLookups({
    {TargetKind::none, {}},
    {TargetKind::kernel_function, {btf::Kind::function, "", "function"}},
    {TargetKind::kernel_pattern, {btf::Kind::function, "", "function that matches"}},
    {TargetKind::user_function, {}},
    {TargetKind::user_pattern, {}},
    {TargetKind::system_call, {btf::Kind::function, "", "system call"}},
    {TargetKind::usdt, {}},
    {TargetKind::tracepoint, {btf::Kind::typedef_, "btf_trace_", "tracepoint", HookState::unknown}},
    {TargetKind::raw_tracepoint, {btf::Kind::typedef_, "btf_trace_", "tracepoint"}},
    {TargetKind::lsm_hook, {btf::Kind::function, "bpf_lsm_", "LSM hook"}},
    {TargetKind::iterator, {btf::Kind::function, "bpf_iter_", "iterator"}},
    {TargetKind::program, {}},
    {TargetKind::operation, {}},
});
// clang-format on

// How the functions of system calls are named, by architecture (SYSCALL_DEFINEx of Linux).
constexpr std::string_view kSystemCallPrefixes[] = {"__x64_sys_",   "__arm64_sys_", "__s390x_sys_",
                                                    "__riscv_sys_", "__ia32_sys_",  "__se_sys_",
                                                    "sys_",         "__do_sys_"};

constexpr EnumArray<HookState, std::string_view> kStateNames({
    {HookState::present, "present"},
    {HookState::absent, "absent"},
    {HookState::unknown, "unknown"},
});

bool has(const btf::Targets& kernel, std::string_view name, btf::Kind kind) {
  return std::ranges::any_of(kernel.all(), [&](const btf::TargetTypes& each) {
    return each.types->find(name, kind).has_value();
  });
}

bool has_match(const btf::Targets& kernel, std::string_view pattern) {
  for (const btf::TargetTypes& each : kernel.all()) {
    for (btf::TypeId id = each.types->first(); id < each.types->count(); ++id) {
      if (each.types->kind(id) == btf::Kind::function &&
          matches_pattern(each.types->name(id), pattern))
        return true;
    }
  }
  return false;
}

bool is_there(const btf::Targets& kernel, const platform::Target& target, const Lookup& lookup) {
  if (target.kind == TargetKind::kernel_pattern) return has_match(kernel, target.name);
  if (target.kind != TargetKind::system_call) {
    return has(kernel, std::string(lookup.prefix) + target.name, lookup.kind);
  }
  return std::ranges::any_of(kSystemCallPrefixes, [&](std::string_view prefix) {
    return has(kernel, std::string(prefix) + target.name, lookup.kind);
  });
}

// Whether an enum of the kernel has a number; nothing when it has no such enum. The last enumerator
// only counts the others.
std::optional<bool> has_number(const btf::Targets& kernel, std::string_view name, s64 number) {
  const btf::Types& types = *kernel.all()[0].types;
  const auto found = types.find(name, btf::Kind::enumeration);
  if (!found) return std::nullopt;
  for (const btf::Enumerator& each : types.enumerators(*found)) {
    if (each.value == number && !each.name.starts_with("__MAX")) return true;
  }
  return false;
}

// The types of programs and attachments that the kernel knows, whatever the target.
Hook find_types(const ProgramEntry& program, const btf::Targets& kernel) {
  const auto type = has_number(kernel, "bpf_prog_type", s64{platform::kernel_number(program.type)});
  if (!type) return {HookState::unknown, format("{} is not of a kernel", kernel.name())};
  if (!*type) {
    return {HookState::absent, format("{} has no programs of type {}", kernel.name(),
                                      platform::row(program.type).name)};
  }
  if (!program.attach_type) return {HookState::present, ""};
  const auto attach =
      has_number(kernel, "bpf_attach_type", s64{platform::kernel_number(*program.attach_type)});
  if (attach.value_or(true)) return {HookState::present, ""};
  return {HookState::absent, format("{} does not attach programs as {}", kernel.name(),
                                    platform::row(*program.attach_type).name)};
}

}  // namespace

std::string_view name_of(HookState state) { return kStateNames[state]; }

std::optional<BtfName> name_in_btf(const platform::Target& target) {
  const Lookup& lookup = kLookups[target.kind];
  const bool is_one = lookup.kind != btf::Kind::void_ && !target.name.empty() &&
                      target.kind != TargetKind::kernel_pattern &&
                      target.kind != TargetKind::system_call;
  if (!is_one) return std::nullopt;
  return BtfName{std::string(lookup.prefix) + target.name, lookup.kind};
}

Hook find_hook(const ProgramEntry& program, const btf::Targets& kernel) {
  Hook hook = find_types(program, kernel);
  const platform::Target& target = program.target;
  if (hook.state == HookState::absent || target.kind == TargetKind::none) return hook;
  const Lookup& lookup = kLookups[target.kind];
  const std::string_view kind = platform::name_of(target.kind);
  if (lookup.kind == btf::Kind::void_) {
    return {HookState::unknown, format("BTF does not tell of {} {}", kind, target.text)};
  }
  if (is_there(kernel, target, lookup)) return {HookState::present, ""};
  if (lookup.when_not_found == HookState::unknown) {
    return {HookState::unknown, format("BTF does not tell of {} {}", kind, target.text)};
  }
  return {HookState::absent, format("{} has no {} {}", kernel.name(), lookup.what, target.name)};
}

}  // namespace skep::object
