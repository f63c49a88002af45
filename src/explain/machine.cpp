#include "explain/machine.hpp"

#include "base/text.hpp"
#include "explain/objects.hpp"
#include "isa/control_flow.hpp"
#include "isa/tables.hpp"

namespace skep::explain {
namespace {

using isa::Alu;
using isa::Form;
using isa::Instruction;
using verify::Value;

constexpr std::size_t kTraceMax = 32;

void apply(Trace& trace, Alu operation, isa::Width width, u64 operand) {
  if (!trace.any()) return;
  if (trace.applied.size() == kTraceMax) {
    trace = {};
    return;
  }
  trace.applied.push_back({operation, width, operand});
}

bool commutes(Alu operation) {
  return operation == Alu::add || operation == Alu::mul || operation == Alu::or_ ||
         operation == Alu::and_ || operation == Alu::xor_;
}

u64 evaluate(const Instruction& i, u64 dst, u64 source) {
  const isa::AluRow& row = isa::kAlu[i.alu()];
  if (row.operands == isa::Operands::byte_order || i.width == isa::Width::w64)
    return row.eval64(dst, source);
  return row.eval32(static_cast<u32>(dst), static_cast<u32>(source));
}

// How the number behind the operation follows from an input.
Trace traced(const Instruction& i, const Cell& dst, const Cell& source) {
  const bool overwrites =
      i.alu() == Alu::mov || isa::kAlu[i.alu()].operands == isa::Operands::register_only;
  Trace out = overwrites ? source.trace : dst.trace;
  if (overwrites || out.any()) {
    apply(out, i.alu(), i.width, source.value);
    return out;
  }
  out = source.trace;
  if (commutes(i.alu())) {
    apply(out, i.alu(), i.width, dst.value);
  } else if (i.alu() == Alu::sub) {
    apply(out, Alu::neg, i.width, 0);
    apply(out, Alu::add, i.width, dst.value);
  } else {
    return {};
  }
  return out;
}

Cell number_cell(u64 value) { return {.is_set = true, .value = value}; }

}  // namespace

u64 Machine::number(const Cell& cell) const {
  if (!cell.is_pointer()) return cell.value;
  constexpr u32 kApart = 32;  // bits between the addresses of two objects
  return (static_cast<u64>(cell.object) + 1) << kApart | static_cast<u32>(cell.value);
}

Cell Machine::source(const Instruction& i) const {
  if (i.has_register_source()) return reg(i.src);
  return number_cell(static_cast<u64>(i.immediate));
}

bool Machine::holds(const Instruction& i) const {
  const isa::JumpRow& row = isa::kJump[i.jump()];
  const Cell a = reg(i.dst), b = source(i);
  const bool same = a.is_pointer() && a.object == b.object;
  const u64 left = same ? a.value : number(a), right = same ? b.value : number(b);
  if (i.width == isa::Width::w64) return row.eval64(left, right);
  return row.eval32(static_cast<u32>(left), static_cast<u32>(right));
}

// Pointer plus or minus a number.
bool Machine::move_pointer(const Instruction& i, Cell& dst, const Cell& by) const {
  const bool moves = i.alu() == Alu::add || (i.alu() == Alu::sub && dst.is_pointer());
  if (!moves || i.width != isa::Width::w64 || dst.is_pointer() == by.is_pointer()) return false;
  Cell pointer = dst.is_pointer() ? dst : by;
  const Cell& offset = dst.is_pointer() ? by : dst;
  if (pointer.trace.any() || !offset.trace.any()) {
    apply(pointer.trace, i.alu(), i.width, offset.value);
  } else {
    pointer.trace = offset.trace;
    if (i.alu() == Alu::sub) apply(pointer.trace, Alu::neg, i.width, 0);
    apply(pointer.trace, Alu::add, i.width, pointer.value);
  }
  pointer.value += i.alu() == Alu::sub ? u64{0} - offset.value : offset.value;
  dst = pointer;
  return true;
}

void Machine::alu(const Instruction& i) {
  Cell& dst = frames_.back()[i.dst];
  const Cell by = source(i);
  const bool moves = i.alu() == Alu::mov && i.width == isa::Width::w64;
  if (moves) {
    dst = by;
    return;
  }
  if (move_pointer(i, dst, by)) return;
  Cell out = number_cell(0);
  const bool differ = i.alu() == Alu::sub && dst.is_pointer() && dst.object == by.object;
  out.value = differ ? dst.value - by.value : evaluate(i, number(dst), number(by));
  out.trace = traced(i, dst, by);
  if ((dst.is_pointer() || by.is_pointer()) && !differ) out.trace = {};
  dst = out;
}

// Something that is not computed here: the verifier knows of which kind it is behind the
// instruction.
bool Machine::execute_into(std::size_t stop, u8 r) {
  frames_.back()[r] = made(way_.stops()[stop + 1].state.frame().registers[r], by_text(stop));
  return true;
}

bool Machine::load(std::size_t stop) {
  const Instruction& i = way_.instruction(stop);
  const Cell base = reg(i.src);
  if (!base.is_pointer()) return false;
  const s64 at = static_cast<s64>(base.value) + i.offset;
  const Object& object = objects_[static_cast<u32>(base.object)];
  const Value& known = way_.stops()[stop + 1].state.frame().registers[i.dst];
  const bool is_own = object.kind == ObjectKind::stack;
  if (known.is_pointer() && !is_own) {
    const std::string key = format("{}@{}", object.id, at);
    frames_.back()[i.dst] = made_once(key, known, by_text(stop));
    return true;
  }
  if (known.is_number() && known.number.is_constant() && !is_own) {
    frames_.back()[i.dst] = number_cell(known.number.value());
    return true;
  }
  frames_.back()[i.dst] = read(object, at, isa::bytes_of(i.width), i.form == Form::load_signed);
  return true;
}

bool Machine::store(const Instruction& i) {
  const Cell base = reg(i.dst);
  if (!base.is_pointer()) return false;
  write(objects_[static_cast<u32>(base.object)], static_cast<s64>(base.value) + i.offset,
        isa::bytes_of(i.width), source(i));
  return true;
}

// Memory gets a number, and so does the register that is told what was there.
bool Machine::atomic(std::size_t stop) {
  const Instruction& i = way_.instruction(stop);
  const bool loads = i.atomic() == isa::Atomic::load_acquire;
  const Cell base = reg(loads ? i.src : i.dst);
  if (!base.is_pointer()) return false;
  Object& object = objects_[static_cast<u32>(base.object)];
  const s64 at = static_cast<s64>(base.value) + i.offset;
  const u32 bytes = isa::bytes_of(i.width);
  const Cell before = read(object, at, bytes, false);
  const isa::AtomicRow& row = isa::kAtomic[i.atomic()];
  const bool compares = i.atomic() == isa::Atomic::cmpxchg;
  const bool replaces = !loads && (!compares || before.value == reg(isa::kR0).value);
  if (replaces) {
    write(object, at, bytes, number_cell(row.eval(before.value, number(reg(i.src)))));
  }
  if (row.fetch == isa::Fetch::source) frames_.back()[i.src] = before;
  if (row.fetch == isa::Fetch::r0) frames_.back()[isa::kR0] = before;
  if (row.fetch == isa::Fetch::destination) frames_.back()[i.dst] = before;
  return true;
}

// The instruction, whose stop is not the last. False: it cannot be done here.
bool Machine::execute(std::size_t stop) {
  const Instruction& i = way_.instruction(stop);
  switch (i.form) {
    case Form::alu: alu(i); return true;
    case Form::constant:
      if (i.constant() != isa::Constant::number) return execute_into(stop, i.dst);
      frames_.back()[i.dst] = number_cell(static_cast<u64>(i.immediate));
      return true;
    case Form::load:
    case Form::load_signed: return load(stop);
    case Form::store: return store(i);
    case Form::atomic: return atomic(stop);
    case Form::packet_load: return execute_into(stop, isa::kR0);
    case Form::call: return call(stop);
    case Form::address_space_cast: return execute_into(stop, i.dst);
    case Form::jump:
    case Form::jump_always:
    case Form::may_goto:
    case Form::exit: return true;
    case Form::unknown:
    case Form::count_: break;
  }
  return false;
}

Machine::Snapshot Machine::snapshot() const {
  Snapshot out{frames_, {}};
  for (const Object& object : objects_) out.memory.push_back(object.written);
  return out;
}

Ran Machine::run() {
  enter_frame(0);
  const std::size_t last = way_.stops().size() - 1;
  for (std::size_t stop = 0; stop < last; ++stop) {
    const Instruction& i = way_.instruction(stop);
    if (i.form == Form::jump && holds(i) != way_.is_taken(stop)) {
      return {Ran::How::left, stop, {}};
    }
    const bool repeats = rule_ == "infinite-loop" && way_.stops()[stop].at == way_.last().at;
    if (repeats) here_before_.push_back(snapshot());
    // The other way is taken after millions of rounds, which are not run here.
    const bool gives_up = i.form == Form::may_goto && way_.is_taken(stop);
    if (gives_up) return {Ran::How::lost, stop, {}};
    const bool is_shown = stop + kTraceSteps >= last;
    const std::string compared = is_shown && i.form == Form::jump ? describe_cell(i.dst) : "";
    const bool done = execute(stop) && change_frames(stop) && !impossible_;
    if (!done) return {Ran::How::lost, stop, {}};
    if (is_shown) note(stop, compared);
  }
  const std::string fault = fault_of(last);
  return {fault.empty() ? Ran::How::no_fault : Ran::How::faulted, last, fault};
}

}  // namespace skep::explain
