#include "jit/usage.hpp"

namespace skep::jit {

Registers read_by_rules(const Operation& op, Trust trust) {
  const Registers operands =
      optional_set(op.left) | optional_set(op.right) | optional_set(op.index);
  switch (op.kind) {
    case Kind::array_lookup:
      return op.row == static_cast<u8>(Key::in_memory) ? set_of(Register{2}) : operands;
    case Kind::call_local: return trust == Trust::confined ? kEveryRegister : kArguments;
    case Kind::select: return operands | optional_set(op.moved) | set_of(op.dst);
    case Kind::atomic:
      return operands | (op.atomic() == isa::Atomic::cmpxchg ? set_of(isa::kR0) : Registers{0});
    default: return operands;
  }
}

}  // namespace skep::jit
