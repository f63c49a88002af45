#include "verify/early_exits.hpp"

#include "isa/control_flow.hpp"
#include "verify/explore.hpp"
#include "verify/merged_walk.hpp"

namespace skep::verify {
namespace {

bool returns_int(const platform::Program& program, const platform::Function& function) {
  if (program.types == nullptr) return true;  // who loads it gives its functions types
  const btf::Types& types = *program.types;
  const auto id = types.find(function.name, btf::Kind::function);
  if (!id) return false;
  const btf::Kind kind = types.resolved(types.at(types.at(*id).type).type).kind;
  return kind == btf::Kind::integer || btf::is_enum(kind);
}

Value too_short() { return Value::of_number(Scalar::constant(0)); }

// Where a legacy packet load at `at` may leave its function: some exit behind it.
std::optional<isa::InstructionIndex> exit_behind(const platform::Program& program,
                                                 isa::InstructionIndex at) {
  std::vector<bool> seen(program.code.size());
  std::vector<isa::InstructionIndex> pending{at};
  while (!pending.empty()) {
    const isa::InstructionIndex now = pending.back();
    pending.pop_back();
    if (seen[now.value()]) continue;
    seen[now.value()] = true;
    if (program.code[now.value()].form == isa::Form::exit) return now;
    const isa::Successors next = isa::successors(program.code, now);
    for (u32 n = 0; n < next.count; ++n) pending.push_back(next.targets[n]);
  }
  return std::nullopt;
}

}  // namespace

Check check_may_leave(const Analysis& analysis, const State& state, std::string_view what) {
  const u32 number = state.frame().function;
  if (analysis.for_user_engine() || number == 0) return {};
  const platform::Function& function = analysis.program.functions[number];
  if (returns_int(analysis.program, function)) return {};
  return Refusal{Property::return_value,
                 format("{} in {}(), which does not return an int", what, function.name),
                 "it may leave the function with a number that its caller gets",
                 "let the function return int, and compile with -g"};
}

// In a function that another one has called.
Explorer::Outcome Explorer::load_packet(Path& path) {
  if (auto refused = transfer(analysis_, path.state, path.at))
    return {Ends::no, std::move(refused)};
  note(path, path.state.frames.size() - 1);
  const auto leaves = exit_behind(*program_, path.at);
  path.at = path.at.next();
  if (!leaves) return {};
  Path other = path;
  other.at = *leaves;
  other.state.registers()[isa::kR0] = too_short();
  return {Ends::no, wait(std::move(other))};
}

Check MergedWalk::load_packet(Path& path) {
  if (auto refused = transfer(analysis_, path.state, path.at)) return refused;
  if (const auto leaves = exit_behind(*outline_.program, path.at)) {
    Path other{path.state, path.at, path.rounds};
    other.state.registers()[isa::kR0] = too_short();
    if (auto refused = go(other, *leaves)) return refused;
    if (auto refused = arrive(std::move(other))) return refused;
  }
  return go(path, path.at.next());
}

}  // namespace skep::verify
