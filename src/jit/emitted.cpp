#include "jit/emitted.hpp"

#include "interpret/trap.hpp"

namespace skep::jit {
Emitted emitted_of(const Unit& unit, Linked linked, const Entries& entries) {
  const auto offset = [&](Label label) { return linked.labels[label.number]; };
  Emitted out;
  out.entry = offset(entries.program);
  out.tail_entry = offset(entries.blocks);
  out.functions.reserve(unit.functions.size());
  for (const Function& each : unit.functions)
    out.functions.push_back(offset(entries.blocks + each.first_block));
  out.linked = std::move(linked);
  return out;
}

Needs needs_of(const Unit& unit) {
  constexpr Kinds kWithoutExecution = kinds_of(Kind::call_local) | kinds_of(Kind::map_lookup);
  const bool pays = unit.pays && unit.trust == Trust::verified;
  Needs needs{.tail_calls = unit.has(Kind::tail_call), .throws = unit.has(Kind::throw_exception)};
  needs.execution = pays || unit.has_per_cpu || (unit.kinds & kCalls & ~kWithoutExecution) != 0;
  needs.unwinds = pays || needs.throws;
  return needs;
}

platform::HelperBody body_of(const Operation& call, const platform::Bindings& bindings) {
  const auto id = static_cast<u64>(call.immediate);
  if (static_cast<isa::Call>(call.row) == isa::Call::kfunc) return bindings.kernel_functions[id];
  return interpret::is_bound(bindings, id) ? bindings.helpers[id] : nullptr;
}

bool falls_into(const Unit& unit, u32 block, u32 target) {
  // A run that pays does so for blocks that have become empty, too.
  if (target <= block || (unit.pays && target != block + 1)) return false;
  while (++block < target) {
    if (!unit.blocks[block].is_empty()) return false;
  }
  return true;
}

}  // namespace skep::jit
