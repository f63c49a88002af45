#include "jit/allocate.hpp"

#include "jit/dataflow.hpp"

namespace skep::jit {
namespace {

struct Usage {
  Registers used = 0;
  Registers across_calls = 0;
  bool calls = false;
};

Usage usage_of(const Unit& unit, const Function& function) {
  Usage usage;
  for (u32 at = function.first_block; at < function.end_block; ++at) {
    const Block& block = unit.blocks[at];
    for (u32 i = block.begin; i < block.end; ++i) {
      const Operation& op = unit.operations[i];
      usage.used |= reads(op, unit.trust) | writes(op);
      if (!is_call(op.kind)) continue;
      usage.calls = true;
      usage.across_calls |= op.live_after & ~writes(op);
    }
  }
  return usage;
}

}  // namespace

Allocation allocate(const Unit& unit, const Function& function, const RegisterFile& file) {
  const Usage usage = usage_of(unit, function);
  Allocation out{.used = usage.used, .calls = usage.calls};
  out.home[kTemporary] = file.temporary;
  MachineRegisters taken = 0;
  for (Register r = isa::kR0; r <= isa::kR5; ++r) {
    out.home[r] = file.fixed[r];
    if ((usage.used & set_of(r)) != 0) taken |= machine_set(file.fixed[r]);
  }
  const auto take = [&](Register r, std::span<const MachineRegister> from) {
    for (MachineRegister candidate : from) {
      if ((taken & machine_set(candidate)) != 0) continue;
      taken |= machine_set(candidate);
      out.home[r] = candidate;
      return true;
    }
    return false;
  };
  for (Register r = isa::kR6; r <= isa::kR9; ++r) {
    if ((usage.used & set_of(r)) == 0) continue;
    const bool kept = (usage.across_calls & set_of(r)) != 0;
    if (!kept && (take(r, file.volatiles) || take(r, file.fixed))) continue;
    EXPECT(take(r, file.preserved));
    out.to_save |= machine_set(out.home[r]);
  }
  return out;
}

}  // namespace skep::jit
