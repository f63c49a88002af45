#include "kernel/trials.hpp"

#include <cerrno>
#include <cstring>

#include "kernel/bpf.hpp"
#include "kernel/trial_parts.hpp"

namespace skep::kernel {
namespace {

using platform::address_of;
using platform::AttachType;
using platform::ProgramType;

constexpr isa::Slot kReturnZero[] = {{0xb7, 0, 0, 0}, {0x95, 0, 0, 0}};
constexpr isa::Slot kReturnOne[] = {{0xb7, 0, 0, 1}, {0x95, 0, 0, 0}};
constexpr std::size_t kTrialLogBytes = 4096;

// Some of the programs for socket addresses may only allow.
std::span<const isa::Slot> smallest_code(ProgramType type) {
  return type == ProgramType::cgroup_sock_addr ? std::span(kReturnOne) : std::span(kReturnZero);
}

// What types are loaded as when nobody says; the others are given 0.
constexpr std::pair<ProgramType, AttachType> kMostly[] = {
    {ProgramType::cgroup_sock_addr, AttachType::cgroup_inet4_connect},
    {ProgramType::cgroup_sockopt, AttachType::cgroup_getsockopt},
    {ProgramType::sk_lookup, AttachType::sk_lookup},
    {ProgramType::netfilter, AttachType::netfilter},
    {ProgramType::tracing, AttachType::trace_raw_tp},
    {ProgramType::lsm, AttachType::lsm_mac},
};

std::optional<AttachType> attach_type_of(const ProgramTrial& trial) {
  if (trial.attach) return trial.attach;
  for (const auto& [type, attach] : kMostly) {
    if (type == trial.type) return attach;
  }
  return std::nullopt;
}

// A function of the kernel, or a raw tracepoint's type, that kernels have had as long as they have
// programs of that kind.
struct NamedTarget {
  AttachType attach;
  std::string_view name;
  btf::Kind kind;
};
constexpr NamedTarget kTargets[] = {
    {AttachType::trace_raw_tp, "btf_trace_sched_process_exit", btf::Kind::typedef_},
    {AttachType::trace_fentry, "bpf_fentry_test1", btf::Kind::function},
    {AttachType::trace_fexit, "bpf_fentry_test1", btf::Kind::function},
    {AttachType::trace_fsession, "bpf_fentry_test1", btf::Kind::function},
    {AttachType::modify_return, "bpf_modify_return_test", btf::Kind::function},
    {AttachType::trace_iter, "bpf_iter_task", btf::Kind::function},
    {AttachType::lsm_mac, "bpf_lsm_file_open", btf::Kind::function},
    {AttachType::lsm_cgroup, "bpf_lsm_socket_bind", btf::Kind::function},
};

// int main_program(struct xdp_md *ctx)
struct FunctionTypes {
  btf::Builder builder;
  btf::TypeId function = 0;
};
FunctionTypes function_types() {
  FunctionTypes out;
  const btf::TypeId number = add_int(out.builder);
  const btf::TypeId context = out.builder.add(
      {.name = "xdp_md", .kind = btf::Kind::structure, .size = 24}, std::span<const btf::Member>());
  const btf::TypeId pointer = out.builder.add({.kind = btf::Kind::pointer, .type = context});
  const btf::Parameter parameter{.name = "ctx", .type = pointer};
  const btf::TypeId prototype =
      out.builder.add({.kind = btf::Kind::prototype, .type = number}, std::span(&parameter, 1));
  out.function = out.builder.add({.name = "main_program",
                                  .kind = btf::Kind::function,
                                  .scope = btf::Scope::global,
                                  .type = prototype});
  return out;
}

}  // namespace

Answer answer_of(s64 returned) {
  Answer out;
  if (returned >= 0) {
    out.fd = Fd::adopt(static_cast<int>(returned));
  } else {
    out.refusal = static_cast<int>(-returned);
  }
  return out;
}

void put_name(platform::KernelName& into, const std::string& name) {
  std::memcpy(into, name.data(), std::min(name.size(), platform::kNameBytes - 1));
}

Result<Fd> load_types(btf::Builder& builder) {
  const auto bytes = TRY(builder.bytes());
  platform::LoadTypes load{};
  load.btf = address_of(bytes.data());
  load.btf_size = static_cast<u32>(bytes.size());
  return descriptor(bpf(Command::load_types, load), "load types", kBpf);
}

btf::TypeId add_int(btf::Builder& builder) {
  return builder.add({.name = "int",
                      .kind = btf::Kind::integer,
                      .encoding = btf::Encoding::signed_,
                      .size = 4,
                      .bits = 32});
}

std::optional<u32> Trials::type_id(std::string_view name, btf::Kind kind) {
  const auto found = types_.find(name, kind, "vmlinux");
  if (!found.ok() || !*found) return std::nullopt;
  return (*found)->id;
}

// The member `ssthresh` of struct tcp_congestion_ops, which takes a program that returns a number.
std::optional<Trials::Target> Trials::operations_target() {
  const auto id = type_id("tcp_congestion_ops", btf::Kind::structure);
  const auto types = types_.vmlinux();
  if (!id || !types.ok()) return std::nullopt;
  u32 number = 0;
  for (const btf::Member& member : (*types)->members(*id)) {
    if (member.name == "ssthresh") return Target{*id, number, -1};
    ++number;
  }
  return std::nullopt;
}

// An XDP program with types, so that it can be replaced; -1 when it cannot be loaded.
int Trials::replaced_program() {
  if (replaced_) return replaced_->get();
  FunctionTypes functions = function_types();
  auto types = load_types(functions.builder);
  if (!types.ok()) return -1;
  platform::FunctionInfo function{};
  function.type = functions.function;
  platform::LoadProgram load{};
  load.prog_type = platform::kernel_number(ProgramType::xdp);
  load.insns = address_of(kReturnZero);
  load.insn_cnt = static_cast<u32>(std::size(kReturnZero));
  load.license = address_of("GPL");
  load.prog_btf_fd = static_cast<u32>(types->get());
  load.func_info_rec_size = sizeof(function);
  load.func_info = address_of(&function);
  load.func_info_cnt = 1;
  const s64 returned = bpf(Command::load_program, load);
  if (returned < 0) return -1;
  replaced_ = Fd::adopt(static_cast<int>(returned));
  replaced_types_ = std::move(*types);
  return replaced_->get();
}

std::optional<Trials::Target> Trials::target_of(const ProgramTrial& trial) {
  if (trial.type == ProgramType::struct_ops) return operations_target();
  const auto attach = attach_type_of(trial);
  Target out{0, attach ? platform::kernel_number(*attach) : 0, -1};
  if (trial.type == ProgramType::ext) {
    out.program = replaced_program();
    out.id = function_types().function;
    return out.program < 0 ? std::nullopt : std::optional(out);
  }
  if (!attach) return out;
  for (const NamedTarget& named : kTargets) {
    if (named.attach != *attach) continue;
    const auto id = type_id(named.name, named.kind);
    if (!id) return std::nullopt;
    out.id = *id;
  }
  return out;
}

Answer Trials::load(const ProgramTrial& trial) {
  const auto target = target_of(trial);
  if (!target) return answer_of(-ENOENT);  // nothing to attach it to
  const std::span<const isa::Slot> code =
      trial.code.empty() ? smallest_code(trial.type) : trial.code;
  platform::LoadProgram load{};
  load.prog_type = platform::kernel_number(trial.type);
  load.insns = address_of(code.data());
  load.insn_cnt = static_cast<u32>(code.size());
  load.license = address_of(trial.license.c_str());
  load.expected_attach_type = target->attach_type;
  load.attach_btf_id = target->id;
  if (trial.type == ProgramType::syscall) load.prog_flags = platform::kSleepableFlag;
  if (target->program >= 0) {
    load.attach_btf_obj_fd = static_cast<u32>(target->program);
    load.prog_btf_fd = static_cast<u32>(replaced_types_->get());
  }
  platform::FunctionInfo function{};
  if (target->program >= 0) {
    function.type = function_types().function;
    load.func_info_rec_size = sizeof(function);
    load.func_info = address_of(&function);
    load.func_info_cnt = 1;
  }
  put_name(load.prog_name, trial.name);
  std::string log(trial.wants_log ? kTrialLogBytes : 0, '\0');
  if (trial.wants_log) {
    load.log_buf = address_of(log.data());
    load.log_size = static_cast<u32>(log.size());
    load.log_level = 1;
  }
  Answer out = answer_of(bpf(Command::load_program, load));
  out.log = std::string(log.c_str());
  return out;
}

}  // namespace skep::kernel
