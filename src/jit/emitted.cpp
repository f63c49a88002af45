#include "jit/emitted.hpp"

#include <algorithm>

#include "interpret/trap.hpp"

namespace skep::jit {
namespace {

bool needs_execution(const Operation& op, const platform::Bindings& bindings) {
  if (op.kind == Kind::array_lookup) {
    return bindings.arrays[static_cast<std::size_t>(op.immediate)].cpu_stride != 0;
  }
  return is_call(op.kind) && op.kind != Kind::call_local && op.kind != Kind::map_lookup;
}

}  // namespace

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

Needs needs_of(const Unit& unit, const platform::Bindings& bindings) {
  Needs needs;
  for (const Operation& op : unit.operations) {
    needs.tail_calls |= op.kind == Kind::tail_call;
    needs.throws |= op.kind == Kind::throw_exception;
    needs.execution |= needs_execution(op, bindings);
  }
  needs.execution |= unit.pays && unit.trust == Trust::verified;
  needs.unwinds = needs.throws || (unit.pays && unit.trust == Trust::verified);
  return needs;
}

platform::HelperBody body_of(const Operation& call, const platform::Bindings& bindings) {
  const auto id = static_cast<u64>(call.immediate);
  if (static_cast<isa::Call>(call.row) == isa::Call::kfunc) return bindings.kernel_functions[id];
  return interpret::is_bound(bindings, id) ? bindings.helpers[id] : nullptr;
}

bool contains(const Unit& unit, const Function& function, Kind kind) {
  const auto first = unit.operations.begin() + unit.blocks[function.first_block].begin;
  const auto end = unit.operations.begin() + unit.blocks[function.end_block - 1].end;
  return std::any_of(first, end, [&](const Operation& op) { return op.kind == kind; });
}

bool falls_into(const Unit& unit, u32 block, u32 target) {
  // A run that pays does so for blocks that have become empty, too.
  if (target <= block || (unit.pays && target != block + 1)) return false;
  while (++block < target) {
    if (unit.blocks[block].begin != unit.blocks[block].end) return false;
  }
  return true;
}

}  // namespace skep::jit
