#include "verify/iterators.hpp"

#include <algorithm>

#include "verify/sections.hpp"

namespace skep::verify {
namespace {

// Whether an iterator gave its last element (Value::range of the object).
enum class Progress : u32 { active, drained };

Refusal refuse_iterator(const State& state, const KernelCall& call, std::string_view wanted) {
  return {Property::stack_object,
          format("argument 1 of {} is to be {}", call.row.name, wanted),
          format("r1 is {}", describe(state.frame().registers[isa::kR1])),
          {}};
}

Check make_iterator(Analysis& analysis, State& state, const KernelCall& call,
                    const ObjectPlace& place) {
  if (touches_object(state, place, Kind::iterator))
    return refuse_iterator(state, call, "where no iterator is yet");
  Value object = Value::pointer(Kind::iterator);
  object.type = call.iterator;
  object.reference = analysis.new_id();
  object.range = static_cast<u32>(Progress::active);
  object.trust = Trust::reference;
  if (call.row.has(platform::kInRcuSection))
    object.trust = is_in_rcu(analysis, state) ? Trust::rcu : Trust::untrusted;
  if (auto refused = put_object(analysis, state, place, object)) return refused;
  state.held.push_back({object.reference, call.at});
  return {};
}

Held* held_of(State& state, u32 reference) {
  const auto found = std::ranges::find_if(state.held, [&](const Held& each) {
    return each.what == What::reference && each.id == reference;
  });
  return found == state.held.end() ? nullptr : &*found;
}

// Tasks of a group are walked under a lock that some hooks hold already.
bool may_walk_tasks(const Analysis& analysis) {
  return analysis.may_sleep() || analysis.program.type == platform::ProgramType::lsm ||
         analysis.attach() == platform::AttachType::trace_iter;
}

}  // namespace

bool makes_iterator(const platform::Program& program, isa::InstructionIndex at) {
  const auto* const row = kernel_row_at(program, at);
  return row != nullptr && row->has(platform::kMakesIterator);
}

bool steps_iterator(const platform::Program& program, isa::InstructionIndex at) {
  const auto* const row = kernel_row_at(program, at);
  return row != nullptr && row->has(platform::kStepsIterator);
}

Check check_iterator(Analysis& analysis, State& state, KernelCall& call,
                     const KernelParameter& of) {
  const auto bytes = analysis.kernel->size_of(of.target);
  const u32 slots = bytes.ok() ? *bytes / kSlotBytes : 0;
  const auto place = object_place(state.frame().registers[of.r], slots);
  if (call.row.name == "bpf_iter_css_task_new" && !may_walk_tasks(analysis)) {
    return Refusal{Property::kernel_function,
                   format("{} is for programs that may sleep, iterators and LSM", call.row.name),
                   "",
                   {}};
  }
  if (slots == 0 || !place) return refuse_iterator(state, call, "the place of one on the stack");
  call.iterator = of.target;
  call.place = *place;
  if (call.row.has(platform::kMakesIterator)) return make_iterator(analysis, state, call, *place);
  const Value* const found = object_at(analysis, state, *place, Kind::iterator);
  if (found == nullptr || found->type != of.target)
    return refuse_iterator(state, call, "an iterator of its kind that was made before");
  if (found->trust == Trust::untrusted) {
    return Refusal{Property::section,
                   format("{} is called outside of the RCU section of its iterator", call.row.name),
                   "", "make, step and destroy it in one section"};
  }
  call.reference = found->reference;
  call.is_rcu = found->trust == Trust::rcu;
  call.is_drained = found->range == static_cast<u32>(Progress::drained);
  if (!call.row.has(platform::kDestroysIterator)) return {};
  call.given_back = found->reference;
  if (const Held* const held = held_of(state, found->reference)) state.rounds -= held->rounds;
  remove_object(analysis, state, *place);
  return {};
}

void end_iterator(State& state, const ObjectPlace& iterator) {
  Frame& frame = state.frames[iterator.frame];
  for (u32 n = 0; n < iterator.count; ++n)
    frame.slots.edit(iterator.slot(n)).value.range = static_cast<u32>(Progress::drained);
  state.registers()[isa::kR0] = Value::of_number(Scalar::constant(0));
}

void go_on(State& state, u32 iterator) {
  Value& element = state.registers()[isa::kR0];
  element.null = Null::no;
  element.id = 0;
  ++state.rounds;
  if (Held* const held = held_of(state, iterator)) ++held->rounds;
}

void forget_rounds(State& state) {
  state.rounds = 0;
  for (Held& each : state.held) each.rounds = 0;
}

std::optional<s64> iterator_place(const isa::Code& code, isa::InstructionIndex at) {
  const auto is_of_r1 = [&](u32 number, isa::Alu operation) {
    const isa::Instruction& i = code[number];
    return i.form == isa::Form::alu && i.alu() == operation && i.dst == isa::kR1 &&
           i.width == isa::Width::w64;
  };
  // r1 = r10; r1 += PLACE; up to four moves of constants, the other arguments; the call
  constexpr u32 kBetween = 4;
  u32 number = at.value();
  for (u32 n = 0; n < kBetween && number > 1; ++n) {
    const isa::Instruction& i = code[number - 1];
    const bool is_argument =
        i.form == isa::Form::alu && i.alu() == isa::Alu::mov && i.dst != isa::kR1;
    if (!is_argument) break;
    --number;
  }
  if (number < 2 || !is_of_r1(number - 1, isa::Alu::add) || !is_of_r1(number - 2, isa::Alu::mov))
    return std::nullopt;
  const isa::Instruction &copy = code[number - 2], &sum = code[number - 1];
  const bool is_place =
      copy.has_register_source() && copy.src == isa::kFramePointer && !sum.has_register_source();
  return is_place ? std::optional(sum.immediate) : std::nullopt;
}

}  // namespace skep::verify
