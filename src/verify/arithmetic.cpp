// Arithmetic on what registers hold: numbers by their domain, pointers by moving them.
#include <algorithm>

#include "isa/tables.hpp"
#include "verify/privileges.hpp"
#include "verify/speculation.hpp"

namespace skep::verify {
namespace {

using isa::Alu;
using isa::Width;

constexpr s64 kOffsetMax = 1 << 29;  // of pointers, both ways; as BPF_MAX_VAR_OFF in the kernel

Refusal bad_arithmetic(std::string message, std::string reason) {
  return {Property::pointer_arithmetic, std::move(message), std::move(reason), {}};
}

bool may_be_moved(const Value& pointer) {
  return pointer.kind != Kind::packet_end && pointer.kind != Kind::map && pointer.null == Null::no;
}

// Of what moves a pointer: where it may be farther than any access reaches, no more is said than
// that, so that places never wrap. Nothing brings a pointer back from there: what moves it is below
// kOffsetMax or not known.
Scalar far_at_most(const Scalar& number) {
  constexpr s64 kFar = s64{1} << 61;
  if (number.full.smax <= kFar) return number;
  return Scalar::signed_range(std::min(number.full.smin, kFar), kFar);
}

// pointer + sign * number
Check moved_pointer(Analysis& analysis, const Value& pointer, const Scalar& number, Alu operation,
                    std::string_view name, Value& out) {
  if (pointer.null == Null::maybe) {
    return Refusal{Property::null_check,
                   format("{} may be null and is moved before it was compared with null", name),
                   format("{} is {}", name, describe(pointer)),
                   {}};
  }
  const bool stays = pointer.kind == Kind::map && operation == Alu::add && number.is_constant() &&
                     number.value() == 0;
  if (stays) {
    out = pointer;
    return {};
  }
  if (pointer.kind == Kind::stack && operation == Alu::sub && !analysis.for_user_engine()) {
    return bad_arithmetic(
        format("a number is subtracted from {}, which points into the stack", name),
        "the kernel takes additions only there");
  }
  if (!may_be_moved(pointer)) {
    return bad_arithmetic(format("{} cannot be moved", name),
                          format("it is {}", describe(pointer)));
  }
  out = pointer;
  if (pointer.kind == Kind::memory && pointer.trust == Trust::untrusted) return {};
  if (pointer.end != PacketEnd::unknown) {
    const bool goes_on = operation == Alu::add && number.is_constant() && number.full.smin >= 0;
    if (!goes_on) out.end = PacketEnd::unknown;
  }
  if (number.is_constant()) {
    const s64 amount = static_cast<s64>(number.value());
    if (amount >= kOffsetMax || amount <= -kOffsetMax) {
      return bad_arithmetic(format("{} is moved by {}, too far for any object", name, amount), "");
    }
    out.offset += operation == Alu::add ? amount : -amount;
    if (out.offset >= kOffsetMax || out.offset <= -kOffsetMax) {
      return bad_arithmetic(format("{} is moved out of range", name), "");
    }
    return {};
  }
  // The kernel refuses what is then read through it, not the pointer itself: usdt.bpf.h adds so.
  if (pointer.kind == Kind::context && analysis.for_user_engine()) {
    return bad_arithmetic("the context pointer is moved by a number that is not constant",
                          format("the number is {}", describe(number)));
  }
  if (pointer.kind == Kind::flow_keys)
    return bad_arithmetic(
        format("{} cannot be moved by what is not constant", name),
        format("it is {}, the number is {}", describe(pointer), describe(number)));
  // How far up it may go the kernel asks where it is accessed (check_reg_sane_offset in
  // kernel/bpf/verifier.c).
  const s64 up_max = analysis.for_user_engine() ? kOffsetMax : INT64_MAX;
  if (number.full.smin <= -kOffsetMax || number.full.smin >= kOffsetMax ||
      number.full.smax > up_max) {
    return Refusal{Property::pointer_arithmetic,
                   format("{} is moved by a number without bounds", name),
                   format("the number is {}", describe(number)),
                   "bound it first: `if (n > LIMIT) return ...;`, or mask it with &"};
  }
  out.number = far_at_most(apply(operation, Width::w64, pointer.number, far_at_most(number)));
  if (out.number.full.smin <= -kOffsetMax || out.number.full.smin >= kOffsetMax ||
      out.number.full.smax > up_max) {
    return bad_arithmetic(format("{} may be moved out of range", name),
                          format("by {}", describe(out.number)));
  }
  if (pointer.is_packet()) {
    out.id = analysis.new_id();
    out.range = 0;  // what was proved held for the old place
  }
  return {};
}

// `a` OPERATION= `b`, one of which is a pointer at least.
Check pointer_alu(Analysis& analysis, State& state, isa::InstructionIndex at, const Value& a,
                  const Value& b) {
  const isa::Instruction& i = analysis.program.code[at.value()];
  Value& dst = state.registers()[i.dst];
  const std::string_view name = register_name(i.dst);
  // Root may see what an address looks like.
  const bool shows_address = i.alu() == Alu::neg ||
                             isa::kAlu[i.alu()].operands == isa::Operands::byte_order ||
                             (i.width == Width::w32 && i.alu() == Alu::sub);
  if (analysis.has(platform::Right::addresses) && shows_address) {
    dst = Value::of_number(i.width == Width::w32 ? Scalar::zero_extended(Width::w32)
                                                 : Scalar::unknown());
    return {};
  }
  if (shows_address && analysis.hides_addresses())
    return leaked(format("{} is computed of an address", isa::kAlu[i.alu()].name),
                  a.is_pointer() ? a : b, a.is_pointer() ? i.dst : i.src);
  if (i.width == Width::w32 || (i.alu() != Alu::add && i.alu() != Alu::sub)) {
    if (i.alu() == Alu::sub && a.is_pointer() && b.is_pointer()) {
      dst = Value::of_number(Scalar::zero_extended(Width::w32));
      return {};
    }
    return bad_arithmetic(
        format("{} {} is not defined on pointers", i.width == Width::w32 ? "32-bit" : "64-bit",
               isa::kAlu[i.alu()].name),
        format("{} is {}", name, describe(a)));
  }
  if (a.is_pointer() && b.is_pointer()) {
    if (i.alu() == Alu::add) return bad_arithmetic("two pointers are added", "");
    if (analysis.hides_addresses())
      return leaked("the distance of two addresses is computed", b, i.src);
    dst = Value::of_number(Scalar::unknown());  // a distance
    return {};
  }
  Value moved;
  const bool left = a.is_pointer();
  if (!left && i.alu() == Alu::sub)
    return bad_arithmetic("a pointer is subtracted from a number", "");
  const Value& pointer = left ? a : b;
  const Value& number = left ? b : a;
  const u8 r = left ? i.dst : i.src;
  if (auto refused =
          moved_pointer(analysis, pointer, number.number, i.alu(), register_name(r), moved)) {
    return refused;
  }
  if (auto refused = check_move(analysis, at, {pointer, number.number, moved, r})) return refused;
  dst = moved;
  const u8 amount = left ? i.src : i.dst;
  if (!left || i.has_register_source()) analysis.demand.registers |= bit(amount);
  return {};
}

// A copy keeps what it is; a number and its copy stay linked, so that a bound on one is a bound on
// the other.
void do_move(Analysis& analysis, State& state, const isa::Instruction& i, Value& source) {
  Value& dst = state.registers()[i.dst];
  if (i.width == Width::w64 || (source.is_number() && source.number.full.umax <= 0xffffffff)) {
    analysis.link(source);
    dst = source;
    return;
  }
  if (!source.is_number()) {
    dst = Value::of_number(Scalar::zero_extended(Width::w32));  // part of an address
    return;
  }
  dst = Value::of_number(truncated(source.number, Width::w32));
}

}  // namespace

Check check_readable(const State& state, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.kind != Kind::unset) return {};
  std::string reason = "no path to here writes it";
  if (r >= isa::kR1 && r <= isa::kR5 && value.lost_at != 0) {
    reason = format("calls clear r1 to r5; the last one before this is instruction {}",
                    value.lost_at - 1);
  }
  return Refusal{Property::uninitialised_register,
                 format("{} is read but was never set", register_name(r)),
                 reason,
                 {}};
}

namespace {

// By the kernel's rules only (check_alu_op in kernel/bpf/verifier.c): RFC 9669 says what they give.
Check check_constant_operand(const Analysis& analysis, const isa::Instruction& i) {
  if (analysis.for_user_engine() || i.has_register_source()) return {};
  switch (i.alu()) {
    case Alu::div:
    case Alu::sdiv:
    case Alu::mod:
    case Alu::smod:
      if (i.immediate != 0) return {};
      return Refusal{Property::constant_operand, "a number is divided by the constant 0", "", {}};
    case Alu::lsh:
    case Alu::rsh:
    case Alu::arsh: {
      const u32 bits = isa::bits_of(i.width);
      if (i.immediate >= 0 && i.immediate < bits) return {};
      return Refusal{Property::constant_operand,
                     format("a number of {} bits is shifted by {}", bits, i.immediate),
                     "",
                     {}};
    }
    case Alu::add:
    case Alu::sub:
    case Alu::mul:
    case Alu::or_:
    case Alu::and_:
    case Alu::neg:
    case Alu::xor_:
    case Alu::mov:
    case Alu::movsx8:
    case Alu::movsx16:
    case Alu::movsx32:
    case Alu::to_le:
    case Alu::to_be:
    case Alu::bswap:
    case Alu::count_: break;
  }
  return {};
}

// How much more a number becomes than those that it was equal to, which it stays related to: by a
// constant, once (BPF_ADD_CONST32 and BPF_ADD_CONST64 in kernel/bpf/verifier.c; those of 32 bits
// and what is subtracted since 6.18.44, or before). A sum of 32 bits says something of numbers of
// 32 bits only.
std::optional<s64> added(const isa::Instruction& i, const Value& target, const Value& source) {
  const bool is_itself = i.has_register_source() && i.src == i.dst;
  const bool adds = i.alu() == Alu::add || i.alu() == Alu::sub;
  const bool relates = adds && target.id != 0 && target.offset == 0 && !is_itself;
  if (!relates || !source.number.is_constant()) return std::nullopt;
  const bool is_low = i.width == Width::w32;
  if (is_low && target.number.full.umax > UINT32_MAX) return std::nullopt;
  const s64 value =
      is_low ? static_cast<s32>(source.number.value()) : static_cast<s64>(source.number.value());
  if (value > INT32_MAX || value < INT32_MIN || (i.alu() == Alu::sub && value == INT32_MIN))
    return std::nullopt;
  return i.alu() == Alu::sub ? -value : value;
}

}  // namespace

Check do_alu(Analysis& analysis, State& state, isa::InstructionIndex at) {
  const isa::Instruction& i = analysis.program.code[at.value()];
  auto& registers = state.registers();
  if (i.dst == isa::kFramePointer) {
    return Refusal{
        Property::frame_pointer, "r10 is written", "it holds the end of the stack frame", {}};
  }
  const isa::AluRow& row = isa::kAlu[i.alu()];
  const bool overwrites = i.alu() == Alu::mov || row.operands == isa::Operands::register_only;
  if (!overwrites) {
    if (auto refused = check_readable(state, i.dst)) return refused;
  }
  if (i.has_register_source()) {
    if (auto refused = check_readable(state, i.src)) return refused;
  }
  if (auto refused = check_constant_operand(analysis, i)) return refused;
  if (i.alu() == Alu::mov && i.has_register_source()) {
    if (i.width == Width::w32) {
      if (auto refused = check_no_leak(analysis, state, i.src, "a part of an address is copied"))
        return refused;
    }
    do_move(analysis, state, i, registers[i.src]);
    return {};
  }
  const Value constant = i.has_register_source()
                             ? Value()
                             : Value::of_number(Scalar::constant(static_cast<u64>(i.immediate)));
  const Value& source = i.has_register_source() ? registers[i.src] : constant;
  Value& target = registers[i.dst];
  if (!overwrites && analysis.arena) {
    if (auto done = do_arena_alu(analysis, state, at)) return *done;
  }
  if (!overwrites && (target.is_pointer() || source.is_pointer())) {
    return pointer_alu(analysis, state, at, Value(target), Value(source));
  }
  if (overwrites && source.is_pointer()) {
    if (auto refused = check_no_leak(analysis, state, i.src, "a part of an address is copied"))
      return refused;
    target = Value::of_number(apply(i.alu(), i.width, Scalar::unknown(), Scalar::unknown()));
    return {};
  }
  if (auto refused = check_number_addition(analysis, at)) return refused;
  const u32 lost_at = target.lost_at != 0 ? target.lost_at : source.lost_at;
  const std::optional<s64> more = added(i, target, source);
  const u32 id = more ? target.id : 0;
  target = Value::of_number(apply(i.alu(), i.width, target.number, source.number));
  target.id = id;
  target.offset = more.value_or(0);
  target.is_low = target.offset != 0 && i.width == Width::w32;
  target.lost_at = overwrites ? 0 : lost_at;
  return {};
}

Check do_constant(Analysis& analysis, State& state, const isa::Instruction& i) {
  Value& dst = state.registers()[i.dst];
  if (i.dst == isa::kFramePointer) {
    return Refusal{
        Property::frame_pointer, "r10 is written", "it holds the end of the stack frame", {}};
  }
  const bool names_map =
      i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value;
  if (i.constant() == isa::Constant::number) {
    dst = Value::of_number(Scalar::constant(static_cast<u64>(i.immediate)));
    return {};
  }
  if (i.constant() == isa::Constant::function) {
    const auto function =
        std::ranges::find(analysis.program.functions, i.target, &platform::Function::begin);
    dst = Value::pointer(Kind::function);
    dst.map = static_cast<s32>(function - analysis.program.functions.begin());
    return {};
  }
  if (i.constant() == isa::Constant::variable && !analysis.for_user_engine())
    return load_variable(analysis, static_cast<u32>(i.immediate), dst);
  if (!names_map) {
    return Refusal{Property::unsupported,
                   "a 64-bit constant names a variable of the kernel",
                   "the user engine has no kernel to take it from",
                   {}};
  }
  if (i.map_number() >= analysis.program.maps->size()) {
    return Refusal{
        Property::helper_argument, format("map number {} does not exist", i.map_number()), "", {}};
  }
  const s32 number = static_cast<s32>(i.map_number());
  dst = Value::pointer(i.constant() == isa::Constant::map ? Kind::map : Kind::map_value);
  dst.map = number;
  if (dst.kind == Kind::map) return {};
  const platform::MapSpec& map = analysis.map(number);
  if (map.kind == platform::MapKind::arena) {
    dst = Value::of_number(Scalar::unknown());  // as user space sees it
    const u64 bytes = platform::memory_of(map).bytes;
    if (i.map_value_offset() <= bytes) return {};
    return Refusal{
        Property::arena,
        format("the address of byte {} of arena {} is taken", i.map_value_offset(), map.name),
        format("it has {}", counted(bytes, "byte")), "give it more pages: max_entries"};
  }
  if (map.kind != platform::MapKind::array || i.map_value_offset() >= map.value_size) {
    return Refusal{
        Property::map_value_bounds,
        format("the address of byte {} of map {} is taken", i.map_value_offset(), map.name),
        format("its value has {}", counted(map.value_size, "byte")),
        {}};
  }
  dst.offset = i.map_value_offset();
  return {};
}

}  // namespace skep::verify
