// The Report: a refusal put into its author's terms, with the source line and the way that led
// there.
#include <algorithm>

#include "isa/tables.hpp"
#include "text/text.hpp"
#include "verify/explore.hpp"

namespace skep::verify {
namespace {

constexpr std::size_t kStepsMax = 16;  // the last ones count

std::string operand(const isa::Instruction& i) {
  return i.has_register_source() ? std::string(register_name(i.src)) : format("{}", i.immediate);
}

// "assuming r2 > r3"
std::string assumption(const isa::Instruction& i, Holds holds) {
  const isa::JumpRow& row = isa::kJump[i.jump()];
  const std::string_view prefix = i.width == isa::Width::w64 ? "r" : "w";
  if (i.jump() == isa::Jump::set) {
    return format("assuming {}{} & {} is {}0", prefix, i.dst, operand(i),
                  holds == Holds::yes ? "not " : "");
  }
  const isa::JumpRow& relation = holds == Holds::yes ? row : isa::kJump[row.negated];
  return format("assuming {}{} {} {}", prefix, i.dst, relation.symbol, operand(i));
}

}  // namespace

std::vector<Passed> Explorer::way_to_refusal() const {
  std::vector<Passed> out{{refused_at_, refused_trail_}};
  trail_.walk_back(refused_trail_, refused_took_, [&](isa::InstructionIndex at, s32 before, Holds) {
    out.push_back({at, before});
    return out.size() < kWayMax;
  });
  std::ranges::reverse(out);
  return out;
}

Report report_at(const platform::Program& program, isa::InstructionIndex at,
                 const Refusal& refusal) {
  Report out;
  const PropertyRow& row = kProperties[refusal.property];
  out.program = program.name;
  out.at = at;
  out.slot = program.code[at.value()].slot.value();
  out.instruction = text::disassemble(program.code, at, text::kPeople, text::names_of(program));
  if (const platform::SourceLine* line = program.line_at(at)) {
    out.file = line->file;
    out.line = line->line;
    out.source = trimmed(line->text);
  }
  out.property = row.name;
  if (refusal.property == Property::kernel_only) out.fault = Fault::unsupported;
  out.rule = row.rule;
  out.message = refusal.message;
  out.reason = refusal.reason;
  out.hint = refusal.hint.empty() ? std::string(row.advice) : refusal.hint;
  return out;
}

Report Explorer::report(const Refusal& refusal) const {
  Report out = report_at(*program_, refused_at_, refusal);
  trail_.walk_back(refused_trail_, refused_took_, [&](isa::InstructionIndex at, s32, Holds took) {
    const isa::Instruction& jump = program_->code[at.value()];
    if (jump.form != isa::Form::jump) return true;
    const platform::SourceLine* line = program_->line_at(at);
    out.path.push_back({jump.slot.value(), line == nullptr ? 0 : line->line, assumption(jump, took),
                        line == nullptr ? std::string() : std::string(trimmed(line->text))});
    return out.path.size() < kStepsMax;
  });
  std::ranges::reverse(out.path);
  out.way = way_to_refusal();
  return out;
}

}  // namespace skep::verify
