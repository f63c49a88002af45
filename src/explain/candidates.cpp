#include "explain/candidates.hpp"

#include <algorithm>
#include <array>

#include "explain/objects.hpp"
#include "isa/tables.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;

void add_number(const Machine& machine, const Cell& cell, u64 wanted, std::vector<Input>& out) {
  if (auto input = with_number(machine.input(), cell.trace, wanted))
    out.push_back(std::move(*input));
}

// What may be null becomes it, or the other way round.
void turn_null(const Machine& machine, const Cell& cell, std::vector<Input>& out) {
  const s32 object = cell.is_pointer() ? cell.object : cell.null_of;
  if (object < 0 || !machine.objects()[static_cast<u32>(object)].may_be_null) return;
  Input input = machine.input();
  input.choose(static_cast<u32>(object), kIsNull, cell.is_pointer() ? 1 : 0);
  out.push_back(std::move(input));
}

bool relation(const Instruction& i, u64 a, u64 b) {
  const isa::JumpRow& row = isa::kJump[i.jump()];
  if (i.width == isa::Width::w64) return row.eval64(a, b);
  return row.eval32(static_cast<u32>(a), static_cast<u32>(b));
}

// Values next to `other`, and the ends of the ranges.
std::array<u64, 12> near(u64 other) {
  constexpr u64 kHalf = u64{1} << 63, kHalf32 = u64{1} << 31;
  return {other, other + 1, other - 1, 0,           1,          ~u64{0},
          kHalf, kHalf - 1, kHalf32,   kHalf32 - 1, 0xffffffff, other | kHalf32};
}

}  // namespace

std::vector<Input> to_stay(const Way& way, const Machine& machine, std::size_t stop) {
  const Instruction& i = way.instruction(stop);
  const bool wanted = way.is_taken(stop);
  const Cell& left = machine.reg(i.dst);
  const Cell right = machine.source(i);
  std::vector<Input> out;
  turn_null(machine, left, out);
  for (const u64 value : near(right.value)) {
    if (relation(i, value, right.value) == wanted) add_number(machine, left, value, out);
  }
  for (const u64 value : near(left.value)) {
    if (relation(i, left.value, value) == wanted) add_number(machine, right, value, out);
  }
  return out;
}

namespace {

// The pointer moves past either end of what it points to, or the end moves.
void leave_object(const Machine& machine, const Cell& cell, s64 offset, s64 bytes,
                  std::vector<Input>& out) {
  if (!cell.is_pointer()) return;
  const Object& object = machine.objects()[static_cast<u32>(cell.object)];
  const s64 at = static_cast<s64>(cell.value) + offset;
  if (object.kind == ObjectKind::packet) {
    for (const s64 size : {at + bytes - 1, at, s64{0}}) {
      if (size < 0 || size > 0xffff) continue;
      Input input = machine.input();
      input.choose(object.id, kSize, static_cast<u64>(size));
      out.push_back(std::move(input));
    }
  }
  const bool is_frame = object.kind == ObjectKind::stack;
  const s64 begin = is_frame ? kFrameBegin : 0, end = is_frame ? 0 : machine.size_of(object);
  for (const s64 place : {end - bytes + 1, end, end + bytes, begin - 1, begin - bytes, s64{1} << 16,
                          s64{0x7fffffff}, s64{0xffffffff}})
    add_number(machine, cell, static_cast<u64>(place - offset), out);
}

// The number by which a pointer is moved is larger than what it points to.
void break_move(const Machine& machine, const Instruction& i, std::vector<Input>& out) {
  const Cell& dst = machine.reg(i.dst);
  const Cell by = machine.source(i);
  if (dst.is_pointer() == by.is_pointer()) return;
  const Cell& pointer = dst.is_pointer() ? dst : by;
  const Cell& moves = dst.is_pointer() ? by : dst;
  const Object& object = machine.objects()[static_cast<u32>(pointer.object)];
  const u64 size = static_cast<u64>(std::max<s64>(0, machine.size_of(object)));
  for (const u64 value : near(size + 1)) add_number(machine, moves, value, out);
  for (const u64 value : {size + 8, size * 8, u64{0xfffffff8}, u64{0xff}, u64{0xffff}})
    add_number(machine, moves, value, out);
}

void break_call(const Way& way, const Machine& machine, std::vector<Input>& out) {
  const Instruction& i = way.instruction(way.stops().size() - 1);
  const verify::Registers reads = verify::effects_of(i).reads;
  for (u8 r = isa::kR1; r <= isa::kR5; ++r) {
    if ((reads & verify::bit(r)) == 0) continue;
    const Cell& cell = machine.reg(r);
    turn_null(machine, cell, out);
    leave_object(machine, cell, 0, 1, out);
    const bool has_memory = r > isa::kR1 && machine.reg(static_cast<u8>(r - 1)).is_pointer();
    u64 size = 0;
    if (has_memory) {
      const Cell& memory = machine.reg(static_cast<u8>(r - 1));
      const Object& object = machine.objects()[static_cast<u32>(memory.object)];
      const s64 end = object.kind == ObjectKind::stack ? 0 : machine.size_of(object);
      size = static_cast<u64>(end - static_cast<s64>(memory.value));
    }
    for (const u64 value : near(size + 1)) add_number(machine, cell, value, out);
  }
}

}  // namespace

std::vector<Input> to_fault(const Way& way, const Machine& machine) {
  const Instruction& i = way.instruction(way.stops().size() - 1);
  std::vector<Input> out;
  switch (i.form) {
    case Form::load:
    case Form::load_signed:
    case Form::store:
    case Form::atomic: {
      const bool loads = i.form == Form::load || i.form == Form::load_signed;
      const Cell& cell = machine.reg(loads ? i.src : i.dst);
      turn_null(machine, cell, out);
      leave_object(machine, cell, i.offset, isa::bytes_of(i.width), out);
      break;
    }
    case Form::call: break_call(way, machine, out); break;
    case Form::alu: break_move(machine, i, out); break;
    case Form::exit:
      for (const u64 value : near(2)) add_number(machine, machine.reg(isa::kR0), value, out);
      break;
    case Form::constant:
    case Form::jump:
    case Form::jump_always:
    case Form::may_goto:
    case Form::packet_load:
    case Form::address_space_cast:
    case Form::unknown:
    case Form::count_: break;
  }
  return out;
}

}  // namespace skep::explain
