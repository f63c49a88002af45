#include "verify/liveness.hpp"

#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "platform/helpers.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::Instruction;

constexpr u16 kArguments = 0b111110;        // r1 to r5
constexpr u16 kClobbered = kArguments | 1;  // and r0
constexpr u16 bit(u8 r) { return static_cast<u16>(1u << r); }

struct Effects {
  u16 reads = 0;
  u16 writes = 0;
  u16 decides = 0;  // of `reads`: whose number matters whatever becomes of the result
  u16 flows = 0;    // of `reads`: whose number matters when a written register's does
};

Effects of_alu(const Instruction& i) {
  Effects out{.writes = bit(i.dst)};
  const bool overwrites =
      i.alu() == isa::Alu::mov || isa::kAlu[i.alu()].operands == isa::Operands::register_only;
  if (!overwrites) out.reads |= bit(i.dst);
  if (i.has_register_source()) out.reads |= bit(i.src);
  out.flows = out.reads;
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
  out.decides = out.reads;
  return out;
}

Effects of_call(const Instruction& i) {
  Effects out{.reads = kArguments, .writes = kClobbered, .decides = kArguments};
  const platform::HelperRow* helper =
      i.call() == isa::Call::helper ? platform::find_helper(i.immediate) : nullptr;
  if (helper == nullptr) return out;
  out.reads = out.decides = 0;
  for (u8 at = 0; at < helper->arguments.size(); ++at) {
    const platform::Argument argument = helper->arguments[at];
    if (argument == platform::Argument::none) break;
    out.reads |= bit(static_cast<u8>(at + 1));
    const bool any =
        argument == platform::Argument::number || argument == platform::Argument::anything;
    if (!any) out.decides |= bit(static_cast<u8>(at + 1));
  }
  return out;
}

Effects effects_of(const Instruction& i) {
  switch (i.form) {
    case Form::alu: return of_alu(i);
    case Form::constant: return {.writes = bit(i.dst)};
    case Form::load:
    case Form::load_signed:
      return {.reads = bit(i.src), .writes = bit(i.dst), .decides = bit(i.src)};
    case Form::store: {
      const u16 stored = i.has_register_source() ? bit(i.src) : u16{0};
      const u16 reads = bit(i.dst) | stored;
      return {.reads = reads, .decides = reads};  // what is stored may be filled again
    }
    case Form::atomic: return of_atomic(i);
    case Form::packet_load: {
      const u16 reads = bit(isa::kR6) | (i.packet() == isa::Packet::indirect ? bit(i.src) : u16{0});
      return {.reads = reads, .writes = kClobbered, .decides = bit(isa::kR6)};
    }
    case Form::jump: {
      const u16 reads = bit(i.dst) | (i.has_register_source() ? bit(i.src) : u16{0});
      return {.reads = reads, .decides = reads};
    }
    case Form::jump_always:
    case Form::may_goto: return {};
    case Form::call: return of_call(i);
    case Form::exit: return {.reads = bit(isa::kR0), .decides = bit(isa::kR0)};
    case Form::count_: break;
  }
  return {};
}

}  // namespace

std::vector<Relevance> relevance_of(const platform::Program& program) {
  const isa::Code& code = program.code;
  std::vector<Relevance> before(code.size(),
                                Relevance{.live = bit(isa::kFramePointer), .precise = 0});
  bool changed = true;
  while (changed) {
    changed = false;
    for (std::size_t at = code.size(); at-- > 0;) {
      Relevance after{.live = bit(isa::kFramePointer), .precise = 0};
      for (const isa::InstructionIndex next : isa::successors(code, isa::InstructionIndex(at))) {
        after.live |= before[next.value()].live;
        after.precise |= before[next.value()].precise;
      }
      const Effects effects = effects_of(code[at]);
      Relevance now;
      now.live = static_cast<u16>((after.live & ~effects.writes) | effects.reads);
      const bool result_matters = (after.precise & effects.writes) != 0;
      now.precise = static_cast<u16>((after.precise & ~effects.writes) | effects.decides |
                                     (result_matters ? effects.flows : u16{0}));
      if (now.live == before[at].live && now.precise == before[at].precise) continue;
      before[at] = now;
      changed = true;
    }
  }
  return before;
}

}  // namespace skep::verify
