#include "kernel/log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/text.hpp"
#include "text/text.hpp"

namespace skep::kernel {
namespace {

// "12: (85) call ...": the slot.
std::optional<u32> slot_of(std::string_view line) {
  u32 slot = 0;
  const auto read = std::from_chars(line.data(), line.data() + line.size(), slot);
  if (read.ec != std::errc()) return std::nullopt;
  const std::string_view rest = line.substr(static_cast<std::size_t>(read.ptr - line.data()));
  return rest.starts_with(": (") ? std::optional(slot) : std::nullopt;
}

// Lines that say where the walk is, not why it ended.
bool is_of_walk(std::string_view line) {
  const auto begins = [&](std::string_view with) { return line.starts_with(with); };
  if (line.empty() || begins(";") || begins("from ") || begins("processed ") || begins("caller:") ||
      begins("callee:") || begins("returning from callee") || begins("to caller at") ||
      begins("func#") || begins("arg#") || begins("Live regs before insn") ||
      begins("verification time") || begins("stack depth") || begins("mark_precise") ||
      begins("last_idx") || begins("parent ") || begins("Global function") || begins("Func#") ||
      begins("Validating ") || begins("safe") || begins("propagating")) {
    return true;
  }
  // "R0=scalar() R1=ctx()", "12: R0_w=1": a state.
  const std::size_t colon = line.find_first_not_of("0123456789");
  if (colon != 0 && colon != std::string_view::npos && line.substr(colon).starts_with(": "))
    return true;
  const std::size_t equals = line.find('=');
  return (line[0] == 'R' || begins("fp-")) && equals != std::string_view::npos &&
         line.substr(0, equals).find(' ') == std::string_view::npos;
}

struct Ending {
  std::optional<u32> slot;
  std::vector<std::string_view> why;  // the last lines that are not of the walk
};

Ending ending_of(std::string_view log) {
  Ending out;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(log.size(), line.size() + 1));
    if (const auto slot = slot_of(line)) {
      out.slot = slot;
      out.why.clear();
    } else if (!is_of_walk(line)) {
      out.why.push_back(line);
    }
  }
  return out;
}

// The instruction that begins at `slot`, or the one before.
isa::InstructionIndex at_slot(const isa::Code& code, u32 slot) {
  const auto behind = std::ranges::upper_bound(
      code, slot, {}, [](const isa::Instruction& each) { return each.slot.value(); });
  const auto number = behind == code.begin() ? 0 : (behind - code.begin()) - 1;
  return isa::InstructionIndex(static_cast<u32>(number));
}

}  // namespace

bool is_verdict(std::string_view log, int answer) {
  if (answer == EPERM && log.starts_with("processed 0 insns")) return false;
  return log.find('\n') != std::string_view::npos ||
         log.find("processed") != std::string_view::npos;
}

verify::Report read_log(std::string_view log, const object::KernelProgram& program) {
  const Ending ending = ending_of(log);
  const platform::Program& from = *program.program;
  verify::Report report;
  report.program = from.name;
  report.slot = ending.slot.value_or(0);
  report.at = at_slot(from.code, report.slot);
  report.instruction = text::disassemble(from.code, report.at, text::kPeople, text::names_of(from));
  if (const platform::SourceLine* line = from.line_at(report.at)) {
    report.file = line->file;
    report.line = line->line;
    report.source = line->text;
  }
  report.property = "kernel";
  report.rule = "the kernel's verifier has to accept a program before it runs in the kernel";
  std::vector<std::string> why(ending.why.begin(), ending.why.end());
  report.message = why.empty() ? "the kernel's verifier gives no reason" : why.front();
  if (why.size() > 1) report.reason = join(std::vector(why.begin() + 1, why.end()), "; ");
  if (const platform::Unresolved* unresolved = from.unresolved_at(report.at)) {
    report.message = unresolved->message;
    report.reason = unresolved->reason;
    report.hint = unresolved->hint;
  }
  return report;
}

}  // namespace skep::kernel
