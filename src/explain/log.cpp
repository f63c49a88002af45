#include "explain/log.hpp"

#include "base/text.hpp"
#include "explain/state_text.hpp"
#include "isa/control_flow.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

constexpr std::size_t kCommentColumn = 38;  // print_insn_state's vlog_alignment()

u32 slot_of(const platform::Program& program, isa::InstructionIndex at) {
  return program.code[at.value()].slot.value();
}

// The slots of the innermost frame that a load reads by a fixed address, and those that changed.
u64 touched_slots(const isa::Instruction& i, const verify::State& before,
                  const verify::State& after) {
  const verify::Frame &old = before.frame(), &now = after.frame();
  u64 out = 0;
  for (std::size_t at = 0; at < now.slots.size(); ++at) {
    const bool is_new = at >= old.slots.size();
    const bool changed = is_new || old.slots[at].set != now.slots[at].set ||
                         old.slots[at].spilled != now.slots[at].spilled;
    if (changed) out |= u64{1} << at;
  }
  const bool loads = i.form == isa::Form::load || i.form == isa::Form::load_signed;
  if (!loads && i.form != isa::Form::store) return out;
  const verify::Value& base = old.registers[loads ? i.src : i.dst];
  const bool is_own = base.kind == verify::Kind::stack && base.frame + 1u == before.frames.size();
  const s64 place = base.offset + i.offset;
  if (is_own && base.number.is_constant() && place < 0 && place >= -s64{isa::kStackBytes})
    out |= u64{1} << verify::Frame::slot_of(place);
  return out;
}

}  // namespace

Log::Log(const platform::Program& program, Write write)
    : program_(program),
      write_(std::move(write)),
      notation_(program.code, text::names_of(program)) {}

Log::~Log() { finish_line(""); }

void Log::function_begins(u32 number) {
  finish_line("");
  if (number < program_.functions.size())
    write_(format("func#{} @{}\n", number, slot_of(program_, program_.functions[number].begin)));
  first_ = true;
  source_line_ = 0;
}

void Log::path_begins(std::optional<isa::InstructionIndex> from, const verify::Moment& moment) {
  finish_line("");
  const std::string known = innermost(moment.state) + "\n";
  const u32 at = slot_of(program_, moment.at);
  if (!first_ && from) write_(format("\nfrom {} to {}:{}", slot_of(program_, *from), at, known));
  write_(format("{}:{}", at, known));
  first_ = false;
  if (from) last_ = *from;
}

void Log::before(const verify::Moment& moment) {
  finish_line("");
  write_source(moment.at);
  line_ = format("{}: {}", slot_of(program_, moment.at), notation_(moment.at));
  before_ = moment.state;
  last_ = moment.at;
}

void Log::after(const verify::Moment& moment) {
  const std::size_t was = before_.frames.size(), is = moment.state.frames.size();
  if (is == was) {
    finish_line(touched(moment));
    return;
  }
  finish_line("");
  const bool enters = is > was;
  const verify::State& inside = enters ? moment.state : before_;
  const verify::State& outside = enters ? before_ : moment.state;
  const std::string callee = innermost(inside) + "\n";
  std::string caller = innermost(outside) + "\n";
  if (enters) {
    // A call keeps r6 to r9.
    constexpr Shown kKept{static_cast<verify::Registers>(~0b111111u), ~u64{0}};
    caller = kernel_text(program_, outside, static_cast<u32>(was - 1), kKept) + "\n";
    write_("caller:\n" + caller + "callee:\n" + callee);
    return;
  }
  const u32 back = slot_of(program_, before_.frame().return_to);
  write_("returning from callee:\n" + callee + format("to caller at {}:\n", back) + caller);
}

void Log::path_is_safe(isa::InstructionIndex at) {
  finish_line("");
  write_(format("from {} to {}: safe\n", slot_of(program_, last_), slot_of(program_, at)));
}

void Log::finish_line(std::string_view comment) {
  if (line_.empty()) return;
  if (!comment.empty()) {
    line_ = padded(std::move(line_), kCommentColumn);
    line_ += line_.size() > kCommentColumn ? " ;" : ";";
    line_ += comment;
  }
  write_(line_ + "\n");
  line_.clear();
}

void Log::write_source(isa::InstructionIndex at) {
  const platform::SourceLine* line = program_.line_at(at);
  if (line == nullptr || line->line == 0 || line->line == source_line_) return;
  source_line_ = line->line;
  const std::string_view file = line->file.substr(line->file.rfind('/') + 1);
  write_(format("; {} @ {}:{}\n", trimmed(line->text), file, line->line));
}

std::string Log::innermost(const verify::State& state) const {
  return kernel_text(program_, state, static_cast<u32>(state.frames.size() - 1));
}

std::string Log::touched(const verify::Moment& moment) const {
  const isa::Instruction& i = program_.code[moment.at.value()];
  const verify::Effects effects = verify::effects_of(i);
  const auto registers = static_cast<verify::Registers>(effects.reads | effects.writes);
  return kernel_text(program_, moment.state, static_cast<u32>(moment.state.frames.size() - 1),
                     {registers, touched_slots(i, before_, moment.state)});
}

}  // namespace skep::explain
