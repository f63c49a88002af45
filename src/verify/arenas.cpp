// Arenas: casts between the two address spaces, arithmetic on pointers, and the kernel's functions.
//
// A pointer into the arena is the lower half of an address. It may be any number: the engines add
// it to memory in which every access is possible, so nothing is proved of it but that it is one.
// Therefore any arithmetic on it is in 32 bits, also what the program writes in 64, and casting to
// it is taking the lower half of anything. What user space sees, the other address space, is a
// number here.
//
// The rules are the kernel's (PTR_TO_ARENA in kernel/bpf/verifier.c). Two differ. An instruction
// that works on such a pointer on one path and on a number on another is refused: the kernel cuts
// the number to 32 bits and does not say so. And the functions may be called by programs of all
// types, as in Linux since 7.0: before, only by those that may sleep.
#include <algorithm>

#include "isa/tables.hpp"
#include "verify/kernel_types.hpp"

namespace skep::verify {
namespace {

using isa::Alu;
using isa::Instruction;
using isa::InstructionIndex;
using platform::UserFunction;

// The map number that a constant names, when the map is an arena.
std::optional<u32> arena_named_by(const platform::Program& program, const Instruction& i) {
  const bool names_map =
      i.form == isa::Form::constant &&
      (i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value);
  if (!names_map || i.map_number() >= program.maps->size()) return std::nullopt;
  if ((*program.maps)[i.map_number()].kind != platform::MapKind::arena) return std::nullopt;
  return i.map_number();
}

// dst = the lower half of src
Instruction lower_half(const Instruction& cast) {
  return {.form = isa::Form::alu,
          .operation = static_cast<u8>(Alu::mov),
          .width = isa::Width::w32,
          .source = isa::Source::reg,
          .dst = cast.dst,
          .src = cast.src,
          .slot = cast.slot};
}

Refusal bad_argument(const State& state, u8 r, std::string_view function, std::string_view wanted) {
  return {Property::arena,
          format("argument {} of {} is to be {}", r, function, wanted),
          format("{} is {}", register_name(r), describe(state.frame().registers[r])),
          {}};
}

// How many arguments from the third on are numbers; the second is an address, which may be
// anything.
struct Row {
  std::string_view name;
  u8 numbers;
  bool returns;
};
constexpr EnumArray<UserFunction, Row> kRows({
    {UserFunction::throw_exception, {"bpf_throw", 0, false}},  // exceptions.cpp
    {UserFunction::arena_alloc_pages, {"bpf_arena_alloc_pages", 3, true}},
    {UserFunction::arena_free_pages, {"bpf_arena_free_pages", 1, false}},
    {UserFunction::arena_reserve_pages, {"bpf_arena_reserve_pages", 1, true}},
    {UserFunction::walk_map, {"", 0, false}},  // called_back.cpp
});

Check check_arguments(const Analysis& analysis, const State& state, const Row& row) {
  const Value& map = state.frame().registers[isa::kR1];
  // What the kernel gave as a map may be an arena: its function looks.
  const bool is_kernels = map.kind == Kind::kernel && map.trust == Trust::reference &&
                          map.null == Null::no && points_to(analysis, map, "bpf_map");
  if (map.kind != Kind::map && !is_kernels) return bad_argument(state, isa::kR1, row.name, "a map");
  if (auto refused = check_readable(state, 2)) return refused;
  for (u8 r = 3; r < 3 + row.numbers; ++r) {
    if (auto refused = check_readable(state, r)) return refused;
    if (!state.frame().registers[r].is_number())
      return bad_argument(state, r, row.name, "a number");
  }
  return {};
}

Refusal refuse_mixed_alu() {
  return {Property::mixed_access,
          "the same instruction computes with a pointer into the arena on one path and with "
          "numbers or other pointers on another",
          "with the pointer it would be of 32 bits", "compute in different branches"};
}

}  // namespace

std::optional<u32> arena_of(const platform::Program& program) {
  const auto is_arena = [](const platform::MapSpec& map) {
    return map.kind == platform::MapKind::arena;
  };
  if (std::ranges::none_of(*program.maps, is_arena)) return std::nullopt;
  for (const Instruction& i : program.code) {
    if (const auto arena = arena_named_by(program, i)) return arena;
  }
  return std::nullopt;
}

std::optional<Misshapen> check_arenas(const platform::Program& program) {
  const auto first = arena_of(program);
  for (InstructionIndex at{}; at.value() < program.code.size(); at = at.next()) {
    const Instruction& i = program.code[at.value()];
    const auto arena = first ? arena_named_by(program, i) : std::nullopt;
    if (arena && arena != first) {
      return Misshapen{at,
                       {Property::arena,
                        format("the program names two arenas, {} and {}",
                               (*program.maps)[*first].name, (*program.maps)[*arena].name),
                        "a pointer does not say which arena it is of", "keep the data in one"}};
    }
    if (i.form == isa::Form::address_space_cast && !first) {
      return Misshapen{at,
                       {Property::arena, "a pointer is cast, and the program names no arena",
                        "the arena says where pointers point to",
                        "name the map once, as asm volatile(\"\" :: \"r\"(&arena)) does"}};
    }
  }
  return {};
}

Check do_cast(Analysis& analysis, State& state, InstructionIndex at) {
  const Instruction& i = analysis.program.code[at.value()];
  if (i.dst == isa::kFramePointer) {
    return Refusal{
        Property::frame_pointer, "r10 is written", "it holds the end of the stack frame", {}};
  }
  if (auto refused = check_readable(state, i.src)) return refused;
  Value& dst = state.registers()[i.dst];
  const bool to_user = i.cast() == isa::AddressSpaceCast::to_arena;
  dst = to_user ? Value::of_number(Scalar::unknown()) : Value::pointer(Kind::arena);
  const bool is_kept = to_user && (analysis.map(static_cast<s32>(*analysis.arena)).flags &
                                   platform::kNoUserConversion) == 0;
  if (!is_kept) analysis.code[at.value()] = lower_half(i);
  return {};
}

std::optional<Check> do_arena_alu(Analysis& analysis, State& state, InstructionIndex at) {
  Fact& fact = analysis.facts[at.value()];
  Instruction& i = analysis.code[at.value()];
  Value& dst = state.registers()[i.dst];
  const bool is_right = i.has_register_source() && state.registers()[i.src].kind == Kind::arena;
  const bool is_pointer = dst.kind == Kind::arena || is_right;
  if (isa::kAlu[i.alu()].operands != isa::Operands::binary) {  // a sign or an order of bytes
    if (!is_pointer) return std::nullopt;
    dst = Value::of_number(apply(i.alu(), i.width, Scalar::unknown(),
                                 Scalar::constant(static_cast<u64>(i.immediate))));
    return Check();
  }
  if (is_pointer ? fact.on_numbers : fact.region == Region::arena) return refuse_mixed_alu();
  fact.on_numbers = !is_pointer;
  if (!is_pointer) return std::nullopt;
  i.width = isa::Width::w32;
  fact.region = Region::arena;
  dst = Value::pointer(Kind::arena);
  return Check();
}

Check do_arena_call(Analysis& analysis, State& state, InstructionIndex at, UserFunction function) {
  const Row& row = kRows[function];
  if (!analysis.for_user_engine() && !analysis.may_sleep()) {
    return Refusal{Property::arena,
                   format("{} is called by a program that may not sleep", row.name), "",
                   "call it in a program of type syscall, or run this one in the user engine"};
  }
  if (auto refused = check_arguments(analysis, state, row)) return refused;
  isa::Instruction& i = analysis.code[at.value()];
  i.operation = static_cast<u8>(isa::Call::kfunc);
  i.immediate = static_cast<s64>(function);
  i.target = {};
  clear_arguments(state, at);
  state.registers()[isa::kR0] =
      row.returns ? Value::of_number(Scalar::unknown()) : Value::unset_value();
  return {};
}

}  // namespace skep::verify
