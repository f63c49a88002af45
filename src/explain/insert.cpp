#include "explain/insert.hpp"

#include "isa/control_flow.hpp"

namespace skep::explain {
namespace {

using isa::InstructionIndex;

bool has_target(const isa::Instruction& i) {
  const bool names_function =
      i.form == isa::Form::constant && i.constant() == isa::Constant::function;
  return isa::has_jump_target(i) || isa::is_local_call(i) || names_function;
}

InstructionIndex moved(InstructionIndex index, u32 first, u32 by) {
  return index.value() < first ? index : InstructionIndex(index.value() + by);
}

}  // namespace

Program with_inserted(const Program& program, const Insertion& insertion) {
  auto out = std::make_shared<platform::Program>(*program);
  const u32 at = insertion.before.value(), by = static_cast<u32>(insertion.code.size());
  // What begins at `at` begins with the new instructions, unless only falling through leads there.
  const u32 first_target = insertion.comes == Comes::everyone ? at + 1 : at;
  for (isa::Instruction& i : out->code) {
    if (!has_target(i)) continue;
    const bool is_jump = isa::has_jump_target(i);
    i.target = moved(i.target, is_jump ? first_target : at + 1, by);
  }
  isa::Code code = insertion.code;
  for (isa::Instruction& i : code) {
    if (isa::has_jump_target(i)) i.target = InstructionIndex(i.target.value() + at);
  }
  out->code.insert(out->code.begin() + at, code.begin(), code.end());
  isa::assign_slots(out->code);
  for (platform::Function& function : out->functions) {
    function.begin = moved(function.begin, at + 1, by);
    function.end = moved(function.end, at + 1, by);
  }
  for (platform::SourceLine& line : out->lines) line.at = moved(line.at, at + 1, by);
  for (platform::Unresolved& each : out->unresolved) each.at = moved(each.at, at, by);
  for (platform::ExternUse& use : out->uses) use.at = moved(use.at, at, by);
  return out;
}

// A block of its own at the end of the function, to which the jump goes and which goes on to where
// the jump went.
Program with_inserted_on_jump(const Program& program, InstructionIndex at,
                              std::span<const isa::Instruction> code) {
  const platform::Function* function = program->function_at(at);
  const u32 end =
      function == nullptr ? static_cast<u32>(program->code.size()) : function->end.value();
  const InstructionIndex target = program->code[at.value()].target;
  Insertion insertion{.before = InstructionIndex(end), .comes = Comes::falling_through};
  insertion.code.assign(code.begin(), code.end());
  isa::Instruction back;
  back.form = isa::Form::jump_always;
  insertion.code.push_back(back);
  auto out = std::make_shared<platform::Program>(*with_inserted(program, insertion));
  out->code[end + code.size()].target = moved(target, end, static_cast<u32>(code.size() + 1));
  out->code[at.value()].target = InstructionIndex(end);
  for (isa::Instruction& i : out->code) {  // calls of the next function
    const bool calls = has_target(i) && !isa::has_jump_target(i) && i.target.value() == end;
    if (calls) i.target = InstructionIndex(end + static_cast<u32>(code.size()) + 1);
  }
  for (platform::Function& each : out->functions) {
    const bool is_it = function != nullptr && each.begin == function->begin;
    if (is_it) each.end = InstructionIndex(end + static_cast<u32>(code.size()) + 1);
    const bool is_next = function != nullptr && each.begin.value() == end;
    if (is_next) each.begin = InstructionIndex(end + static_cast<u32>(code.size()) + 1);
  }
  return out;
}

}  // namespace skep::explain
