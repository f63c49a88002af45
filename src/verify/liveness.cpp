#include "verify/liveness.hpp"

#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "platform/helpers.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;

constexpr Registers kClobbered = kArguments | 1;  // and r0

Registers operands(const Instruction& i) {
  return static_cast<Registers>(bit(i.dst) | (i.has_register_source() ? bit(i.src) : 0));
}

Effects of_alu(const Instruction& i) {
  Effects out{.writes = bit(i.dst)};
  const bool overwrites =
      i.alu() == isa::Alu::mov || isa::kAlu[i.alu()].operands == isa::Operands::register_only;
  if (!overwrites) out.reads |= bit(i.dst);
  if (i.has_register_source()) out.reads |= bit(i.src);
  return out;
}

Effects of_atomic(const Instruction& i) {
  Effects out{.reads = static_cast<u16>(bit(i.dst) | bit(i.src))};
  switch (isa::kAtomic[i.atomic()].fetch) {
    case isa::Fetch::nothing: break;
    case isa::Fetch::source: out.writes = bit(i.src); break;
    case isa::Fetch::r0:
      out.writes = bit(isa::kR0);
      out.reads |= bit(isa::kR0);
      break;
    case isa::Fetch::destination:
      out.writes = bit(i.dst);
      out.reads = bit(i.src);
      break;
  }
  return out;
}

Effects of_call(const Instruction& i) {
  Effects out{.reads = kArguments, .writes = kClobbered};
  const platform::HelperRow* helper =
      i.call() == isa::Call::helper ? platform::find_helper(i.immediate) : nullptr;
  if (helper == nullptr) return out;
  out.reads = 0;
  for (std::size_t at = 0; at < helper->arguments.size(); ++at) {
    if (helper->arguments[at] == platform::Argument::none) break;
    out.reads |= bit(static_cast<u8>(at + 1));
  }
  return out;
}

}  // namespace

Effects effects_of(const Instruction& i) {
  switch (i.form) {
    case Form::alu: return of_alu(i);
    case Form::constant: return {.writes = bit(i.dst)};
    case Form::load:
    case Form::load_signed:
    case Form::address_space_cast: return {.reads = bit(i.src), .writes = bit(i.dst)};
    case Form::store:
    case Form::jump: return {.reads = operands(i)};
    case Form::atomic: return of_atomic(i);
    case Form::packet_load: {
      const Registers offset = i.packet() == isa::Packet::indirect ? bit(i.src) : Registers{0};
      return {.reads = static_cast<Registers>(bit(isa::kR6) | offset), .writes = kClobbered};
    }
    case Form::jump_always:
    case Form::may_goto:
    case Form::unknown: return {};
    case Form::call: return of_call(i);
    case Form::exit: return {.reads = bit(isa::kR0)};
    case Form::count_: break;
  }
  return {};
}

std::vector<Registers> live_registers(const platform::Program& program) {
  const isa::Code& code = program.code;
  struct Node {
    Registers reads;
    Registers kept;  // live before it if live behind it
    bool falls_through;
    u32 target;  // the end of the code: none
  };
  const u32 end = static_cast<u32>(code.size());
  std::vector<Node> nodes;
  nodes.reserve(end);
  bool goes_back = false;
  for (const isa::Instruction& i : code) {
    const Effects effects = effects_of(i);
    const u32 target = isa::has_jump_target(i) ? i.target.value() : end;
    goes_back = goes_back || target <= nodes.size();
    nodes.push_back(
        {effects.reads, static_cast<Registers>(~effects.writes), isa::falls_through(i), target});
  }
  std::vector<Registers> before(end + 1, bit(isa::kFramePointer));
  bool changed = true;
  while (changed) {
    changed = false;
    for (u32 at = end; at-- > 0;) {
      const Node& node = nodes[at];
      Registers after = before[node.target];
      if (node.falls_through) after |= before[at + 1];
      const auto now = static_cast<Registers>((after & node.kept) | node.reads);
      changed = changed || now != before[at];
      before[at] = now;
    }
    changed = changed && goes_back;  // otherwise all successors came before
  }
  before.resize(end);
  return before;
}

namespace {

// The slot that a load or store of eight bytes at an offset from r10 takes, as a set.
u64 slot_at(const Instruction& i, u8 base) {
  const bool whole = base == isa::kFramePointer && i.width == isa::Width::w64 && i.offset < 0 &&
                     i.offset >= -s32{isa::kStackBytes} &&
                     i.offset % static_cast<s32>(kSlotBytes) == 0;
  return whole ? u64{1} << Frame::slot_of(i.offset) : 0;
}

}  // namespace

std::vector<u64> spilled_slots(const platform::Program& program) {
  const isa::Code& code = program.code;
  std::vector<u64> before(code.size() + 1);
  for (bool changed = true; changed;) {
    changed = false;
    for (u32 at = static_cast<u32>(code.size()); at-- > 0;) {
      const Instruction& i = code[at];
      u64 now = 0;
      for (const isa::InstructionIndex next : isa::successors(code, isa::InstructionIndex(at)))
        now |= before[next.value()];
      if (i.form == Form::store) now &= ~slot_at(i, i.dst);
      if (i.form == Form::load) now |= slot_at(i, i.src);
      changed = changed || now != before[at];
      before[at] = now;
    }
  }
  before.resize(code.size());
  return before;
}

}  // namespace skep::verify
