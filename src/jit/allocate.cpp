#include "jit/allocate.hpp"

#include <algorithm>

namespace skep::jit {
namespace {

class Allocator {
 public:
  Allocator(const RegisterUse& use, const RegisterFile& file) : use_(use), file_(file) {}

  Allocation run() {
    out_.used = use_.used;
    out_.calls = use_.calls;
    out_.home[kTemporary] = file_.temporary;
    for (Register r = isa::kR0; r <= isa::kR5; ++r) {
      out_.home[r] = file_.fixed.registers[r];
      if ((use_.used & set_of(r)) != 0) taken_ |= machine_set(out_.home[r]);
    }
    for (Register r = isa::kR6; r <= isa::kR9; ++r) place(r);
    for (Register r = kFirstSpare; r < kOperands; ++r) place(r);
    return out_;
  }

  u32 count_free(const MachineRegisterList& list) const {
    return static_cast<u32>(std::ranges::count_if(
        list, [&](MachineRegister r) { return (taken_ & machine_set(r)) == 0; }));
  }

 private:
  void place(Register r) {
    if ((use_.used & set_of(r)) == 0) return;
    const bool kept = (use_.across_calls & set_of(r)) != 0;
    if (!kept && (take(r, file_.volatiles) || take(r, file_.fixed))) return;
    EXPECT(take(r, file_.preserved));
    out_.to_save |= machine_set(out_.home[r]);
  }

  bool take(Register r, const MachineRegisterList& from) {
    for (MachineRegister candidate : from) {
      if ((taken_ & machine_set(candidate)) != 0) continue;
      taken_ |= machine_set(candidate);
      out_.home[r] = candidate;
      return true;
    }
    return false;
  }

  const RegisterUse& use_;
  const RegisterFile& file_;
  Allocation out_;
  MachineRegisters taken_ = 0;
};

}  // namespace

Allocation allocate(const RegisterUse& use, const RegisterFile& file) {
  return Allocator(use, file).run();
}

LeftOver left_over(const RegisterUse& use, const RegisterFile& file) {
  Allocator allocator(use, file);
  const Allocation found = allocator.run();
  LeftOver out{.saved = allocator.count_free(file.preserved)};
  if (!found.calls) {
    out.free = allocator.count_free(file.volatiles) + allocator.count_free(file.fixed);
  }
  return out;
}

}  // namespace skep::jit
