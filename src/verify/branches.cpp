// Conditional jumps: what each way teaches about the values that were compared.
#include <utility>

#include "isa/tables.hpp"
#include "verify/privileges.hpp"

namespace skep::verify {
namespace {

using isa::Jump;
using isa::Width;

// Numbers with the same id are equal but for a constant, so all of them learn what one did.
void learn(State& state, Value& place, const Scalar& number) {
  const u32 id = place.id;
  const s64 offset = place.offset;
  const bool is_low = place.is_low;
  place.number = number;
  if (id == 0) return;
  // Between a sum of 32 bits and one of 64 the relation is another where one of them wraps.
  const auto learns = [&](const Value& value) {
    const bool is_mixed = value.is_low != is_low && value.offset != 0 && offset != 0;
    return value.is_number() && value.id == id && !is_mixed;
  };
  state.change_values(learns, [&](Value& value) {
    const auto more = static_cast<u64>(value.offset - offset);
    const Width width = is_low || value.is_low ? Width::w32 : Width::w64;
    value.number = more == 0 ? number : apply(isa::Alu::add, width, number, Scalar::constant(more));
  });
}

// Where the numbers with that id are, besides the register that was compared.
void note_linked(const State& state, u32 id, Places& places) {
  if (id == 0) return;
  for (std::size_t f = 0; f < state.frames.size(); ++f) {
    const Frame& frame = state.frames[f];
    for (std::size_t r = 0; r < frame.registers.size(); ++r) {
      const Value& value = frame.registers[r];
      if (value.is_number() && value.id == id) places.registers[f] |= bit(static_cast<u8>(r));
    }
    for (std::size_t s = 0; s < frame.slots.size(); ++s) {
      const Value& value = frame.slots[s].value;
      const bool linked = frame.slots[s].spilled != 0 && value.is_number() && value.id == id;
      if (linked) places.slots[f] |= u64{1} << s;
    }
  }
}

Registers compared(const isa::Instruction& i) {
  return static_cast<Registers>(bit(i.dst) | (i.has_register_source() ? bit(i.src) : 0));
}

// The operands of a comparison on one of its ways.
struct Compared {
  Scalar left;
  Scalar right;
  bool possible = false;

  Compared(const isa::Instruction& i, Holds holds, const Scalar& a, const Scalar& b)
      : left(a), right(b) {
    possible = assume(i.jump(), holds, i.width, left, right);
  }
};

// Both ways of a comparison of numbers. `b` is a register or stands for the immediate.
void compare_numbers(Analysis& analysis, State&& state, const isa::Instruction& i, const Scalar& b,
                     Ways& ways) {
  const Scalar& a = state.registers()[i.dst].number;
  const Compared passed(i, Holds::no, a, b);
  const Compared taken(i, Holds::yes, a, b);
  if (!passed.possible || !taken.possible) analysis.demand.registers |= compared(i);
  const auto way = [&](const Compared& known, State&& from) {
    learn(from, from.registers()[i.dst], known.left);
    if (i.has_register_source()) {
      learn(from, from.registers()[i.src], i.src == i.dst ? known.left : known.right);
    }
    return std::move(from);
  };
  if (passed.possible && taken.possible) ways.taken = way(taken, State(state));
  if (passed.possible) {
    ways.passed = way(passed, std::move(state));
  } else if (taken.possible) {
    ways.taken = way(taken, std::move(state));
  }
}

auto may_be_null_with(u32 id) {
  return [id](const Value& value) {
    return value.is_pointer() && value.null == Null::maybe && value.id == id;
  };
}

void make_null(State& state, u32 id) {
  state.change_values(may_be_null_with(id),
                      [&](Value& value) { value = Value::of_number(Scalar::constant(0)); });
  // What is null was not acquired; other views of what is held have ids of their own.
  std::erase_if(state.held,
                [&](const Held& held) { return held.what == What::reference && held.id == id; });
}

// A lock is known by the value that it is in, so that such values keep being told apart.
void make_pointer(const Analysis& analysis, State& state, u32 id) {
  state.change_values(may_be_null_with(id), [&](Value& value) {
    value.null = Null::no;
    if (!analysis.has_lock(value)) value.id = 0;
  });
}

}  // namespace

// What the kernel reads for a
// program, unless it is trusted; and by the kernel's rules all that its reg_type_not_null() does
// not list, though only the compiler's dead code compares those.
bool may_be_null(const Analysis& analysis, const Value& value) {
  switch (value.kind) {
    case Kind::kernel: return value.trust != Trust::reference;
    case Kind::own: return value.reference == 0;
    case Kind::map:
    case Kind::map_value:
    case Kind::map_key:
    case Kind::memory:
    case Kind::record:
    case Kind::socket:
    case Kind::socket_common:
    case Kind::tcp_socket: return false;
    default: return !analysis.for_user_engine();
  }
}

namespace {

// if (pointer == 0) or if (pointer != 0)
void compare_with_null(const Analysis& analysis, State&& state, const isa::Instruction& i, u8 r,
                       Ways& ways) {
  const Value value = state.registers()[r];
  std::optional<State>& null_way = i.jump() == Jump::eq ? ways.taken : ways.passed;
  std::optional<State>& other_way = i.jump() == Jump::eq ? ways.passed : ways.taken;
  if (value.null == Null::maybe) {
    null_way = state;
    make_null(*null_way, value.id);
  }
  if (value.null == Null::no && may_be_null(analysis, value)) null_way = state;
  other_way = std::move(state);
  if (value.null == Null::maybe) make_pointer(analysis, *other_way, value.id);
}

// `edge` is one past what may be read behind `pointer`: all pointers of its family learn how far
// they may.
void prove_range(State& state, const Value& pointer, u32 extra) {
  constexpr s64 kPacketMax = 0xffff;
  if (pointer.offset < 0 || pointer.number.full.smin < 0 ||
      pointer.number.full.smax + pointer.offset > kPacketMax) {
    return;
  }
  const u32 proved = static_cast<u32>(pointer.offset) + extra;
  const auto learns = [&, kind = pointer.kind, id = pointer.id](const Value& value) {
    return value.kind == kind && value.id == id && value.range < proved;
  };
  state.change_values(learns, [&](Value& value) { value.range = proved; });
}

bool is_edge_for(const Value& pointer, const Value& edge) {
  if (pointer.kind == Kind::packet && edge.kind == Kind::packet_end) return true;
  const bool start = edge.kind == Kind::packet && edge.offset == 0 && edge.number.is_constant() &&
                     edge.number.value() == 0;
  return pointer.kind == Kind::packet_meta && start;
}

// What `pointer RELATION edge` says of the bytes before the edge.
void learn_range(State& state, Jump relation, const Value& pointer) {
  if (relation == Jump::le || relation == Jump::eq) prove_range(state, pointer, 0);
  if (relation == Jump::lt) prove_range(state, pointer, 1);
}

// Whether `pointer RELATION end of the packet`, where an earlier comparison says so
// (is_pkt_ptr_branch_taken in kernel/bpf/verifier.c).
std::optional<bool> known_at_end(Jump relation, PacketEnd end) {
  if (end == PacketEnd::unknown) return std::nullopt;
  if (relation == Jump::ge || relation == Jump::lt) return relation == Jump::ge;
  if (end == PacketEnd::reached) return std::nullopt;
  if (relation == Jump::gt || relation == Jump::le) return relation == Jump::gt;
  return std::nullopt;
}

// What `pointer RELATION end of the packet` says of register `r`, which is that pointer; not of
// others that are the same, as in the kernel: states are alike more often so.
void learn_end(State& state, Jump relation, u8 r) {
  Value& pointer = state.registers()[r];
  if (relation == Jump::gt) pointer.end = PacketEnd::passed;
  if (relation == Jump::ge && pointer.end == PacketEnd::unknown) pointer.end = PacketEnd::reached;
}

void compare_with_edge(State&& state, Jump relation, u8 r, Ways& ways) {
  const Value pointer = state.registers()[r];
  const Jump otherwise = isa::kJump[relation].negated;
  const std::optional<bool> known = known_at_end(relation, pointer.end);
  if (known != false) ways.taken = state;
  if (known != true) ways.passed = std::move(state);
  const bool has_end = pointer.kind == Kind::packet;
  if (ways.taken) {
    learn_range(*ways.taken, relation, pointer);
    if (has_end) learn_end(*ways.taken, relation, r);
  }
  if (ways.passed) {
    learn_range(*ways.passed, otherwise, pointer);
    if (has_end) learn_end(*ways.passed, otherwise, r);
  }
}

// Two pointers of which one alone may be null: where they are equal, it is not. By the kernel's
// rules those to its structures learn nothing.
bool shows_not_null(const Value& a, const Value& b) {
  return a.is_pointer() && b.is_pointer() && a.null != b.null && a.kind != Kind::kernel &&
         b.kind != Kind::kernel;
}

void compare_pointers(const Analysis& analysis, State&& state, const isa::Instruction& i,
                      Ways& ways) {
  const Value& a = state.registers()[i.dst];
  const u32 id = a.null == Null::maybe ? a.id : state.registers()[i.src].id;
  ways.taken = state;
  ways.passed = std::move(state);
  make_pointer(analysis, i.jump() == Jump::eq ? *ways.taken : *ways.passed, id);
}

// To the kernel only a comparison with the constant 0 asks whether a pointer is null, not one with
// a register that holds it.
bool hides_null(const Analysis& analysis, const Value& value, const isa::Instruction& i) {
  return !analysis.for_user_engine() && i.has_register_source() && value.null == Null::maybe;
}

bool is_zero(const Value& value) {
  return value.is_number() && value.number.is_constant() && value.number.value() == 0;
}

}  // namespace

Places linked_with(const State& state, const isa::Instruction& i) {
  Places out;
  const Value& a = state.registers()[i.dst];
  if (!i.has_register_source()) {
    if (a.is_number()) note_linked(state, a.id, out);
    return out;
  }
  const Value& b = state.registers()[i.src];
  if (!a.is_number() || !b.is_number()) return out;
  note_linked(state, a.id, out);
  note_linked(state, b.id, out);
  return out;
}

Check do_jump(Analysis& analysis, State&& state, const isa::Instruction& i, Ways& ways) {
  if (auto refused = check_readable(state, i.dst)) return refused;
  if (i.has_register_source()) {
    if (auto refused = check_readable(state, i.src)) return refused;
  }
  const auto& registers = state.registers();
  if (registers[i.dst].is_number() && !i.has_register_source()) {
    const Scalar constant = Scalar::constant(static_cast<u64>(i.immediate));
    compare_numbers(analysis, std::move(state), i, constant, ways);
    return {};
  }
  const Value a = registers[i.dst];
  const Value b = i.has_register_source()
                      ? registers[i.src]
                      : Value::of_number(Scalar::constant(static_cast<u64>(i.immediate)));
  if (auto refused = check_comparison(analysis, i, a, b)) return refused;
  if (a.is_number() && b.is_number()) {
    compare_numbers(analysis, std::move(state), i, b.number, ways);
    return {};
  }
  // Any half of an address can be zero.
  if (a.kind == Kind::arena || b.kind == Kind::arena) {
    ways.taken = state;
    ways.passed = std::move(state);
    return {};
  }
  const bool wide = i.width == Width::w64;
  const bool equality = i.jump() == Jump::eq || i.jump() == Jump::ne;
  if (wide && equality && (is_zero(b) || is_zero(a)) && (a.is_pointer() != b.is_pointer()) &&
      !(hides_null(analysis, a, i) || hides_null(analysis, b, i))) {
    if (i.has_register_source()) analysis.demand.registers |= bit(a.is_pointer() ? i.src : i.dst);
    compare_with_null(analysis, std::move(state), i, a.is_pointer() ? i.dst : i.src, ways);
    return {};
  }
  if (wide && equality && shows_not_null(a, b)) {
    compare_pointers(analysis, std::move(state), i, ways);
    return {};
  }
  if (wide && is_edge_for(a, b)) {
    compare_with_edge(std::move(state), i.jump(), i.dst, ways);
    return {};
  }
  if (wide && is_edge_for(b, a)) {
    compare_with_edge(std::move(state), isa::kJump[i.jump()].mirrored, i.src, ways);
    return {};
  }
  ways.taken = state;
  ways.passed = std::move(state);
  return {};
}

}  // namespace skep::verify
