// The order of a verification: the program's shape, then its functions, each on its own, then the
// depth of the stack; and what is made of a program that is proved.
#include "verify/verify.hpp"

#include <algorithm>
#include <chrono>

#include "platform/helpers.hpp"
#include "platform/map_fields.hpp"
#include "verify/callbacks.hpp"
#include "verify/called_back.hpp"
#include "verify/explore.hpp"
#include "verify/fields.hpp"
#include "verify/kernel_types.hpp"
#include "verify/liveness.hpp"
#include "verify/merged_walk.hpp"
#include "verify/privileges.hpp"
#include "verify/speculation.hpp"

namespace skep::verify {

void FrameRange::include(s64 from, s64 to) {
  const s64 least = bytes == 0 ? from : std::min<s64>(first, from);
  const s64 most = bytes == 0 ? to : std::max(end(), to);
  first = static_cast<s32>(least);
  bytes = static_cast<u32>(most - least);
}

namespace {

u8 rights_by(const Limits& limits) {
  using platform::Right;
  u8 out = 0;
  for (const Right right : every<Right>()) {
    const bool is_users = right == Right::functions || right == Right::speculation;
    const bool has =
        limits.rules == Rules::user_engine ? is_users : platform::has(limits.capabilities, right);
    if (has) out |= static_cast<u8>(1u << static_cast<u32>(right));
  }
  return out;
}

}  // namespace

Analysis::Analysis(const platform::Program& of, const Limits& limits)
    : program(of),
      rules(limits.rules),
      capabilities(limits.capabilities),
      cpus(limits.rules == Rules::kernel ? limits.cpus : 0),
      rights(rights_by(limits)),
      kernel(limits.kernel_types),
      code(of.code),
      facts(of.code.size()),
      frames(of.functions.size()),
      called(of.functions.size()),
      arena(arena_of(of)) {
  const auto has_fields = [](const platform::MapSpec& map) {
    return !map.fields.empty() || !map.fields_problem.empty();
  };
  const auto any = [&](const platform::MapSpec& map) {
    return has_fields(map) || (map.inner != nullptr && has_fields(*map.inner));
  };
  if (!has(platform::Right::speculation)) masking.resize(of.code.size());
  // Where types may not be loaded, maps are made without.
  const bool knows_fields = !for_user_engine() && has(platform::Right::functions);
  if (!knows_fields || std::ranges::none_of(*of.maps, any)) return;
  const std::size_t count = of.maps->size();
  map_fields.resize(2 * count);
  for (std::size_t at = 0; at < count; ++at) {
    const platform::MapSpec& each = (*of.maps)[at];
    map_fields[at] = verify::fields_of(each, kernel);
    if (each.inner != nullptr) map_fields[count + at] = verify::fields_of(*each.inner, kernel);
  }
}

const MapFields& Analysis::fields(s32 number) const {
  static const MapFields kNone;
  return map_fields.empty() ? kNone : map_fields[static_cast<std::size_t>(number)];
}

const MapFields& Analysis::fields_of(const Value& pointer) const {
  if (pointer.kind == Kind::map_value) return fields(pointer.map);
  constexpr platform::SpecialKinds kUser = set_of(platform::SpecialKind::uptr);
  constexpr platform::SpecialKinds kAll = set_of(platform::SpecialKind::count_) - 1;
  constexpr platform::SpecialKinds kOfMaps =
      set_of(platform::SpecialKind::timer, platform::SpecialKind::workqueue,
             platform::SpecialKind::task_work);
  const auto found = own_fields.find(pointer.type);
  if (found != own_fields.end()) return found->second;
  platform::MapSpec object;
  auto all = platform::find_fields(*program.types, pointer.type, kAll & ~kUser & ~kOfMaps);
  object.fields = std::move(all.fields);
  object.fields_problem = std::move(all.problem);
  return own_fields[pointer.type] = verify::fields_of(object, kernel);
}

std::string_view register_name(u8 r) {
  constexpr std::array<std::string_view, isa::kRegisters> kNames = {
      "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10"};
  return kNames[r];
}

namespace {

std::shared_ptr<const platform::Program> with_functions(
    std::shared_ptr<const platform::Program> program) {
  if (!program->functions.empty()) return program;
  auto copy = std::make_shared<platform::Program>(*program);
  copy->functions.push_back({copy->name, isa::InstructionIndex(0),
                             isa::InstructionIndex(copy->code.size()), platform::Linkage::global});
  return copy;
}

// What the walk needs of the program's type.
Check prepare(Analysis& analysis) {
  if (analysis.for_user_engine() && analysis.type().input == platform::Input::none) {
    return Refusal{
        Property::unsupported,
        format("{} programs cannot be verified for the user engine", analysis.type().name), "",
        "it runs xdp, sched_cls, socket_filter and syscall programs"};
  }
  if (auto refused = check_named_maps(analysis)) return refused;
  if (!analysis.for_user_engine() && is_typed_by_kernel(analysis.program)) {
    return find_prototype(analysis, analysis.prototype.emplace());
  }
  return {};
}

// Walks main, the exception callback, and every global function that one of them calls.
template <class Walk>
Check walk_functions(Walk& walk, Analysis& analysis) {
  analysis.called[0] = true;
  if (analysis.program.exception_callback)
    analysis.called[*analysis.program.exception_callback] = true;
  std::vector<bool> done(analysis.called.size());
  for (std::size_t function = 0; function < done.size();) {
    if (!analysis.called[function] || done[function]) {
      ++function;
      continue;
    }
    if (auto refused = walk.walk(entry_state(analysis, function))) return refused;
    done[function] = true;
    function = 0;  // it may have called one with a smaller number
  }
  // They may keep others for later, or themselves with another map.
  for (std::size_t at = 0; at < analysis.later.size(); ++at) {
    analysis.walking = analysis.later[at];
    if (auto refused = walk.walk(later_state(analysis, *analysis.walking))) return refused;
  }
  return {};
}

// Where no path leads, a call may be of something that no engine has: of a weak function, in the
// place of what CO-RE did not find, or of a helper that calls nobody. It becomes `r0 = 0`.
void remove_unreached_calls(Analysis& analysis) {
  for (std::size_t at = 0; at < analysis.code.size(); ++at) {
    isa::Instruction& i = analysis.code[at];
    if (analysis.facts[at].reached || i.form != isa::Form::call) continue;
    const bool known =
        i.call() == isa::Call::local ||
        (i.call() == isa::Call::helper && platform::find_helper(i.immediate) && !takes_function(i));
    if (known) continue;
    i = {.form = isa::Form::alu, .operation = static_cast<u8>(isa::Alu::mov), .slot = i.slot};
  }
}

}  // namespace

class Proof {
 public:
  Proof(std::shared_ptr<const platform::Program> program, const Limits& limits)
      : outline_{with_functions(std::move(program)), {}, {}}, limits_(limits) {}

  Verdict run() {
    const auto start = std::chrono::steady_clock::now();
    Verdict out = prove();
    out.work.time_ns =
        static_cast<u64>((std::chrono::steady_clock::now() - start) / std::chrono::nanoseconds(1));
    return out;
  }

 private:
  Verdict prove() {
    const platform::Program& program = *outline_.program;
    auto misshapen = check_structure(program, outline_.structure);
    if (!misshapen) misshapen = check_privileges(program, limits_);
    if (misshapen) return {report_at(program, misshapen->at, misshapen->refusal), work_of(program)};
    outline_.live = live_registers(program);
    if (auto quick = prove_merged()) return std::move(*quick);
    Explorer explorer(outline_, limits_);
    Analysis& analysis = explorer.analysis();
    Check refused = prepare(analysis);
    if (!refused) refused = walk_functions(explorer, analysis);
    if (refused) return {explorer.report(*refused), explorer.work()};
    misshapen = check_stack_depth(analysis);
    if (!misshapen) misshapen = check_no_throw_in_callbacks(analysis);
    if (misshapen) return {report_at(program, misshapen->at, misshapen->refusal), explorer.work()};
    return accepted(analysis, explorer.work());
  }

  // What the quick walk proves; otherwise nothing.
  std::optional<Verdict> prove_merged() {
    // Who watches, watches paths; and the kernel masks additions by what they are on each.
    const bool wants_merged =
        limits_.paths == Paths::merged && limits_.observer == nullptr && !is_masked(limits_);
    if (!wants_merged) return std::nullopt;
    const auto nesting = nesting_of(*outline_.program, outline_.structure.loop_heads);
    if (!nesting) return std::nullopt;
    for (const auto care : {MergedWalk::Care::none, MergedWalk::Care::spilled_pointers}) {
      MergedWalk walk(outline_, *nesting, limits_, care);
      Analysis& analysis = walk.analysis();
      if (prepare(analysis)) return std::nullopt;
      if (const Check refused = walk_functions(walk, analysis)) {
        if (refused->property == Property::too_complex) break;
        continue;
      }
      if (check_stack_depth(analysis) || check_no_throw_in_callbacks(analysis)) return std::nullopt;
      return accepted(analysis, walk.work());
    }
    return std::nullopt;
  }

  static Work work_of(const platform::Program& program) {
    return {.visits = std::vector<u32>(program.code.size()),
            .kept = std::vector<u32>(program.code.size())};
  }

  Verdict accepted(Analysis& analysis, Work work) const {
    if (limits_.rules == Rules::kernel) return {AcceptedByKernel{}, std::move(work)};
    remove_unreached_calls(analysis);
    VerifiedProgram out;
    out.program_ = with_called_back(outline_.program, analysis);
    out.code_ = std::move(analysis.code);
    out.facts_ = std::move(analysis.facts);
    out.frames_ = std::move(analysis.frames);
    out.may_change_packet_ = analysis.may_change_packet;
    out.context_bytes_ = analysis.context_bytes;
    out.arena_ = analysis.arena;
    return {std::move(out), std::move(work)};
  }

  Outline outline_;
  Limits limits_;
};

bool needs_kernel_types(const platform::Program& program) {
  const auto calls_kernel = [&](const platform::ExternUse& use) {
    const platform::ExternKind kind = (*program.externs)[use.number].kind;
    return kind == platform::ExternKind::function || kind == platform::ExternKind::variable;
  };
  const auto takes_kernels = [](const platform::Function& function) {
    return function.signature &&
           std::ranges::find(function.signature->parameters, platform::ParameterKind::kernel,
                             &platform::Parameter::kind) != function.signature->parameters.end();
  };
  const auto points = [](const platform::MapSpec& map) {
    return std::ranges::any_of(map.fields, [](const platform::SpecialField& field) {
      return (set_of(field.kind) & platform::kPointerFields) != 0;
    });
  };
  return is_typed_by_kernel(program) || std::ranges::any_of(program.uses, calls_kernel) ||
         std::ranges::any_of(*program.maps, points) ||
         std::ranges::any_of(program.functions, takes_kernels);
}

Verdict verify(std::shared_ptr<const platform::Program> program, const Limits& limits) {
  return Proof(std::move(program), limits).run();
}

}  // namespace skep::verify
