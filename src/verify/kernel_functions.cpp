#include "verify/kernel_functions.hpp"

#include <algorithm>

#include "verify/locks.hpp"
#include "verify/own_objects.hpp"
#include "verify/sections.hpp"

namespace skep::verify {
namespace {

using btf::TypeId;
using btf::Types;

Refusal refuse(std::string message, std::string hint = {}) {
  return {Property::kernel_function, std::move(message), "", std::move(hint)};
}

Refusal no_types(std::string_view name) {
  return {Property::unsupported,
          format("{} is verified against the types of a kernel, and none are there", name), "",
          "name them: --btf FILE, or run it where /sys/kernel/btf/vmlinux is"};
}

// The prototype of a function; its number was found before, or it is looked for by its name.
TypeId prototype_of(const Types& types, const platform::Extern& external) {
  const std::string_view name = external.essential_name();
  auto id = static_cast<TypeId>(external.value);
  const auto is_it = [&] {
    const btf::Type type = types.at(id);
    return type.kind == btf::Kind::function && type.name == name;
  };
  if (external.value > types.count() || !is_it())
    id = types.find(name, btf::Kind::function).value_or(btf::kVoid);
  return id == btf::kVoid ? id : types.at(id).type;
}

// What the call says of pointers into the packet, and of what was given back.
void forget(Analysis& analysis, State& state, const KernelCall& call) {
  analysis.may_change_packet = true;
  if (call.row.has(platform::kMovesPacket)) forget_packet(analysis, state, call.at);
  if (call.given_back != 0) forget_reference(analysis, state, call.given_back, call.at);
}

}  // namespace

const platform::Extern* kernel_function_at(const platform::Program& program,
                                           isa::InstructionIndex at) {
  const isa::Instruction& i = program.code[at.value()];
  if (i.form != isa::Form::call || i.call() != isa::Call::kfunc) return nullptr;
  const auto use = std::ranges::lower_bound(program.uses, at, {}, &platform::ExternUse::at);
  if (use == program.uses.end() || use->at != at) return nullptr;
  const platform::Extern& external = (*program.externs)[use->number];
  return external.state == platform::ExternState::absent ? nullptr : &external;
}

const platform::KernelFunctionRow* kernel_row_at(const platform::Program& program,
                                                 isa::InstructionIndex at) {
  const platform::Extern* const external = kernel_function_at(program, at);
  return external == nullptr ? nullptr : platform::find_kernel_function(external->essential_name());
}

Check check_may_call(const Analysis& analysis, isa::InstructionIndex at,
                     const platform::KernelFunctionRow*& row) {
  const platform::Extern* external = kernel_function_at(analysis.program, at);
  if (external == nullptr) return refuse("a function of the kernel is called that has no name");
  const std::string_view name = external->essential_name();
  if (name == "__bpf_trap") {
    return refuse("a path leads to where the compiler found nothing that the source means",
                  "it is called where code cannot be reached, or a variable has no value: "
                  "initialise it, and return on every path");
  }
  row = platform::find_kernel_function(name);
  if (row == nullptr) {
    return Refusal{Property::unsupported,
                   format("the kernel function {} is not one that skep knows", name), "",
                   "the kernel can say what it thinks of it: skep run --engine kernel"};
  }
  if (!platform::may_call(*row, analysis.program.type, analysis.attach())) {
    return refuse(format("{} is not allowed in {} programs", name, analysis.type().name));
  }
  if (!analysis.program.gpl_compatible) {
    return Refusal{
        Property::gpl_only,
        format("{} is for GPL-compatible programs only, as all the kernel's functions", name),
        "",
        {}};
  }
  if (row->has(platform::kOfDevice))
    return refuse(format("{} is for programs that are bound to a device", name));
  if (row->has(platform::kMaySleep) && !analysis.may_sleep()) {
    return refuse(format("{} may sleep, and the program may not", name),
                  "make the program sleepable: its section ends in .s");
  }
  return {};
}

Check find_kernel_call(const Analysis& analysis, isa::InstructionIndex at,
                       std::optional<KernelCall>& call) {
  const platform::KernelFunctionRow* row = nullptr;
  if (auto refused = check_may_call(analysis, at, row)) return refused;
  if (analysis.kernel == nullptr) return no_types(row->name);
  const TypeId prototype =
      prototype_of(*analysis.kernel, *kernel_function_at(analysis.program, at));
  if (analysis.kernel->kind(prototype) != btf::Kind::prototype)
    return refuse(format("the kernel's types have no function {}", row->name));
  call.emplace(*row, at, prototype);
  return {};
}

Check run_kernel_call(Analysis& analysis, State& state, KernelCall& call) {
  const platform::KernelFunctionRow& row = call.row;
  if (!may_be_called_locked(row.name)) {
    if (auto refused = check_not_locked(analysis, state, row.name)) return refused;
  }
  if (auto refused = check_kernel_arguments(analysis, state, call)) return refused;
  if (row.has(platform::kMaySleep)) {
    if (auto refused = check_may_sleep(state, row.name)) return refused;
  }
  if (auto refused = change_sections(state, row.name, call.at)) return refused;
  if (auto refused = finish_own_call(analysis, state, call)) return refused;
  if (row.has(platform::kInRcuSection) && !is_in_rcu(analysis, state)) {
    return Refusal{Property::section, format("{} is called outside of an RCU section", row.name),
                   "", "call it between bpf_rcu_read_lock() and bpf_rcu_read_unlock()"};
  }
  forget(analysis, state, call);
  clear_arguments(state, call.at);
  return set_kernel_result(analysis, state, call);
}

Check do_kernel_call(Analysis& analysis, State& state, isa::InstructionIndex at) {
  std::optional<KernelCall> call;
  if (auto refused = find_kernel_call(analysis, at, call)) return refused;
  return run_kernel_call(analysis, state, *call);
}

}  // namespace skep::verify
