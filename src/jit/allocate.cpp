#include "jit/allocate.hpp"

namespace skep::jit {
Allocation allocate(const Function& function, const RegisterFile& file) {
  Allocation out{.used = function.used, .calls = (function.kinds & kCalls) != 0};
  out.home[kTemporary] = file.temporary;
  MachineRegisters taken = 0;
  for (Register r = isa::kR0; r <= isa::kR5; ++r) {
    out.home[r] = file.fixed[r];
    if ((function.used & set_of(r)) != 0) taken |= machine_set(file.fixed[r]);
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
    if ((function.used & set_of(r)) == 0) continue;
    const bool kept = (function.across_calls & set_of(r)) != 0;
    if (!kept && (take(r, file.volatiles) || take(r, file.fixed))) continue;
    EXPECT(take(r, file.preserved));
    out.to_save |= machine_set(out.home[r]);
  }
  return out;
}

}  // namespace skep::jit
