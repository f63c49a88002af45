#include "verify/called_back.hpp"

#include <algorithm>

#include "isa/control_flow.hpp"
#include "platform/kernel_functions.hpp"
#include "text/text.hpp"
#include "verify/callbacks.hpp"

namespace skep::verify {
namespace {

using isa::Form;
using isa::InstructionIndex;

// bpf_loop() and bpf_for_each_map_elem() (kernel/bpf/bpf_iter.c, arraymap.c and hashtab.c). Where
// CALL stands, r7 is the number of the function to call.
//
// Linux has a loop of its own for calls of bpf_loop() with one function and without flags, which
// differs in what it takes for the number of rounds and in the upper half of an error
// (inline_bpf_loop in kernel/bpf/verifier.c): COUNT and TOO_BIG.
constexpr std::string_view kLoop = R"(
  r7 = r2
  r8 = r3
  r9 = 0
  if r4 != 0 goto invalid
  COUNT
  if r6 > 8388608 goto too_big
  goto test
again:
  r1 = r9
  r2 = r8
CALL
  r9 += 1
  if r0 != 0 goto done
test:
  if r9 < r6 goto again
done:
  r0 = r9
  exit
invalid:
  r0 = -22
  exit
too_big:
  TOO_BIG
  exit
)";
// The maps::Walk is at r10 - 24.
constexpr std::string_view kForEach = R"(
  r6 = r1
  r7 = r2
  r8 = r3
  r9 = 0
  if r4 != 0 goto invalid
  *(u64 *)(r10 - 24) = 0
  *(u64 *)(r10 - 16) = 0
again:
  r1 = r6
  r2 = r10
  r2 += -24
  call kfunc[WALK]
  if r0 == 0 goto done
  r1 = r6
  r2 = *(u64 *)(r10 - 8)
  r3 = r0
  r4 = r8
CALL
  r9 += 1
  if r0 == 0 goto again
done:
  r0 = r9
  exit
invalid:
  r0 = -22
  exit
)";
constexpr FrameRange kWalk{-24, 24};

struct Caller {
  std::string_view helper;
  std::string_view text;
  FrameUse frame;
};
constexpr Caller kCallers[] = {
    {"loop", kLoop, {}},
    {"for_each_map_elem", kForEach, {.bytes = 24, .zeroed = {}, .reached = kWalk}},
};

// What the walk saw of a call.
struct Seen {
  std::vector<u32> functions;  // by number
  bool has_flags = false;
  bool operator==(const Seen&) const = default;
};

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  if (const auto at = out.find(what); at != std::string::npos) out.replace(at, what.size(), by);
  return out;
}

class Writer {
 public:
  Writer(const std::shared_ptr<const platform::Program>& program, Analysis& analysis)
      : program_(std::make_shared<platform::Program>(*program)), analysis_(analysis) {}

  std::shared_ptr<const platform::Program> run() {
    const auto count = static_cast<u32>(analysis_.code.size());
    for (InstructionIndex at{}; at.value() < count; at = at.next()) {
      const isa::Instruction i = analysis_.code[at.value()];
      if (names_function(i)) name_by_number(at);
      if (takes_function(i)) call(at);
    }
    program_->code.insert(program_->code.end(), analysis_.code.begin() + count,
                          analysis_.code.end());
    isa::assign_slots(program_->code);
    for (u32 at = count; at < program_->code.size(); ++at)
      analysis_.code[at].slot = program_->code[at].slot;
    return std::move(program_);
  }

 private:
  void name_by_number(InstructionIndex at) {
    isa::Instruction& i = analysis_.code[at.value()];
    const auto function =
        std::ranges::find(program_->functions, i.target, &platform::Function::begin);
    i.operation = static_cast<u8>(isa::Constant::number);
    i.immediate = function - program_->functions.begin();
    i.target = {};
  }

  void call(InstructionIndex at) {
    const isa::Instruction before = analysis_.code[at.value()];
    const platform::HelperRow& helper = *platform::find_helper(before.immediate);
    const Caller& caller = *std::ranges::find(kCallers, helper.name, &Caller::helper);
    const InstructionIndex target = written(caller, seen_at(at));
    analysis_.code[at.value()] = {.form = Form::call,
                                  .operation = static_cast<u8>(isa::Call::local),
                                  .target = target,
                                  .slot = before.slot};
    analysis_.facts[at.value()].map = -1;
  }

  Seen seen_at(InstructionIndex at) const {
    Seen seen;
    for (const CalledBack& each : analysis_.called_back) {
      if (each.at != at) continue;
      seen.has_flags |= each.has_flags;
      if (std::ranges::find(seen.functions, each.function) == seen.functions.end())
        seen.functions.push_back(each.function);
    }
    std::ranges::sort(seen.functions);
    return seen;
  }

  // The function that does what `caller` does, with one of the functions.
  InstructionIndex written(const Caller& caller, const Seen& seen) {
    for (const Made& each : made_) {
      if (each.caller == &caller && each.seen == seen) return each.begin;
    }
    const std::vector<u32>& functions = seen.functions;
    const bool is_own = functions.size() == 1 && !seen.has_flags;
    std::string text = replaced(caller.text, "CALL", calls_of(functions));
    text = replaced(text, "COUNT", is_own ? "r6 = r1" : "w6 = w1");
    text = replaced(text, "TOO_BIG", is_own ? "w0 = -7" : "r0 = -7");
    text = replaced(text, "WALK", format("{}", static_cast<u32>(platform::UserFunction::walk_map)));
    for (std::size_t at = 0; at < functions.size(); ++at) text += format("f{}:\n  exit\n", at);
    const isa::Code code = text::assemble(text).value();
    const u32 own = static_cast<u32>(code.size() - functions.size());  // without those f0, f1 ...
    const InstructionIndex begin(static_cast<u32>(analysis_.code.size()));
    for (u32 at = 0; at < own; ++at) {
      isa::Instruction i = code[at];
      if (isa::is_local_call(i)) {
        i.target = program_->functions[functions[i.target.value() - own]].begin;
      } else if (isa::has_jump_target(i)) {
        i.target = InstructionIndex(i.target.value() + begin.value());
      }
      const bool is_memory = i.form == Form::load || i.form == Form::store;
      analysis_.code.push_back(i);
      analysis_.facts.push_back(
          {.reached = true, .region = is_memory ? Region::stack : Region::none});
    }
    program_->functions.push_back({.name = format("bpf_{}", caller.helper),
                                   .begin = begin,
                                   .end = InstructionIndex(begin.value() + own)});
    analysis_.frames.push_back(caller.frame);
    made_.push_back({&caller, seen, begin});
    return begin;
  }

  // Which of them r7 says; none is called by a loop of no rounds.
  static std::string calls_of(const std::vector<u32>& functions) {
    if (functions.empty()) return "  r0 = 1";
    std::string out;
    for (std::size_t at = 0; at + 1 < functions.size(); ++at) {
      out += format("  if r7 != {} goto not{}\n  call f{}\n  goto called\nnot{}:\n", functions[at],
                    at, at, at);
    }
    return out +
           format("  call f{}\n{}", functions.size() - 1, functions.size() > 1 ? "called:" : "");
  }

  struct Made {
    const Caller* caller;
    Seen seen;
    InstructionIndex begin;
  };
  std::shared_ptr<platform::Program> program_;
  Analysis& analysis_;
  std::vector<Made> made_;
};

}  // namespace

std::shared_ptr<const platform::Program> with_called_back(
    std::shared_ptr<const platform::Program> program, Analysis& analysis) {
  const bool names = std::ranges::any_of(analysis.code, names_function);
  if (!names) return program;
  return Writer(program, analysis).run();
}

}  // namespace skep::verify
