#include "platform/instruction_sets.hpp"

namespace skep::platform {
namespace {

using namespace isa;

constexpr EnumArray<InstructionSet, InstructionSetRow> kSetRows({
    {InstructionSet::v1, {"v1", "3.18"}},
    {InstructionSet::v2, {"v2", "4.14"}},
    {InstructionSet::local_calls, {"calls of functions", "4.16"}},
    {InstructionSet::v3, {"v3", "5.1"}},
    {InstructionSet::map_values, {"global variables", "5.2"}},
    {InstructionSet::kernel_variables, {"kernel variables", "5.10"}},
    {InstructionSet::fetching_atomics, {"v3 atomics", "5.12"}},
    {InstructionSet::kernel_functions, {"kernel functions", "5.13"}},
    {InstructionSet::functions_as_values, {"callbacks", "5.13"}},
    {InstructionSet::v4, {"v4", "6.6"}},
    {InstructionSet::may_goto, {"may_goto", "6.9"}},
    {InstructionSet::address_space_casts, {"arena: addr_space_cast", "6.9"}},
    {InstructionSet::ordered_accesses, {"load_acquire and store_release", "6.15"}},
    {InstructionSet::unknown, {"unknown to skep", ""}},
});

InstructionSet of_alu(Alu operation) {
  const bool is_new = operation == Alu::sdiv || operation == Alu::smod ||
                      operation == Alu::movsx8 || operation == Alu::movsx16 ||
                      operation == Alu::movsx32 || operation == Alu::bswap;
  return is_new ? InstructionSet::v4 : InstructionSet::v1;
}

InstructionSet of_jump(const Instruction& i) {
  if (i.width == Width::w32) return InstructionSet::v3;
  const bool is_less = i.jump() == Jump::lt || i.jump() == Jump::le || i.jump() == Jump::slt ||
                       i.jump() == Jump::sle;
  return is_less ? InstructionSet::v2 : InstructionSet::v1;
}

InstructionSet of_atomic(Atomic operation) {
  if (operation == Atomic::load_acquire || operation == Atomic::store_release) {
    return InstructionSet::ordered_accesses;
  }
  return operation == Atomic::add ? InstructionSet::v1 : InstructionSet::fetching_atomics;
}

InstructionSet of_constant(Constant kind) {
  switch (kind) {
    case Constant::map_value:
    case Constant::map_value_by_index: return InstructionSet::map_values;
    case Constant::variable: return InstructionSet::kernel_variables;
    case Constant::function: return InstructionSet::functions_as_values;
    case Constant::number:
    case Constant::map:
    case Constant::map_by_index:
    case Constant::count_: break;
  }
  return InstructionSet::v1;
}

InstructionSet of_call(Call kind) {
  if (kind == Call::local) return InstructionSet::local_calls;
  return kind == Call::kfunc ? InstructionSet::kernel_functions : InstructionSet::v1;
}

}  // namespace

const InstructionSetRow& row(InstructionSet set) { return kSetRows[set]; }

InstructionSet instruction_set(const Instruction& i) {
  switch (i.form) {
    case Form::alu: return of_alu(i.alu());
    case Form::constant: return of_constant(i.constant());
    case Form::load_signed: return InstructionSet::v4;
    case Form::atomic: return of_atomic(i.atomic());
    case Form::jump: return of_jump(i);
    case Form::jump_always: return i.width == Width::w32 ? InstructionSet::v4 : InstructionSet::v1;
    case Form::may_goto: return InstructionSet::may_goto;
    case Form::call: return of_call(i.call());
    case Form::address_space_cast: return InstructionSet::address_space_casts;
    case Form::unknown: return InstructionSet::unknown;
    case Form::load:
    case Form::store:
    case Form::packet_load:
    case Form::exit:
    case Form::count_: break;
  }
  return InstructionSet::v1;
}

}  // namespace skep::platform
