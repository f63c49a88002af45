#include "cli/listing.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "text/text.hpp"

namespace skep::cli {
namespace {

std::string instruction_json(const Listing& listing, isa::InstructionIndex at,
                             const std::string& text) {
  JsonWriter json;
  json.begin_object();
  if (listing.program != nullptr) json.member("program", listing.program->name);
  json.member("slot", listing.code[at.value()].slot.value()).member("instruction", text);
  const isa::Instruction& i = listing.code[at.value()];
  if (i.form == isa::Form::unknown) json.member("bytes", isa::bytes_of_unknown(i));
  const platform::SourceLine* line =
      listing.program == nullptr ? nullptr : listing.program->line_at(at);
  if (line != nullptr) {
    json.member("file", line->file).member("line", line->line);
    if (listing.lines == Lines::with) json.member("source", trimmed(line->text));
  }
  json.end_object();
  return json.take() + "\n";
}

// The source line in front of the instructions that were made from it.
std::string source_text(const Listing& listing, isa::InstructionIndex at) {
  if (listing.program == nullptr || listing.lines == Lines::without) return {};
  const platform::SourceLine* line = listing.program->line_at(at);
  if (line == nullptr || line->at != at) return {};
  return format("; {}:{}: {}\n", line->file, line->line, trimmed(line->text));
}

std::string function_text(const Listing& listing, isa::InstructionIndex at) {
  if (listing.program == nullptr) return {};
  const platform::Function* function = listing.program->function_at(at);
  if (function == nullptr || function->begin != at) return {};
  return format("{}:\n", function->name);
}

}  // namespace

void write_listing(const Listing& listing, Output& out) {
  const text::Names names =
      listing.program == nullptr ? text::Names{} : text::names_of(*listing.program);
  for (std::size_t index = 0; index < listing.code.size(); ++index) {
    const isa::InstructionIndex at(index);
    const std::string text = text::disassemble(listing.code, at, text::kPeople, names);
    if (out.is_json()) {
      out.write(instruction_json(listing, at, text));
      continue;
    }
    const isa::Instruction& i = listing.code[index];
    std::string slot = std::to_string(i.slot.value());
    slot.insert(0, slot.size() < 6 ? 6 - slot.size() : 0, ' ');
    const std::string bytes =
        i.form == isa::Form::unknown ? "  " + isa::bytes_of_unknown(i) : std::string();
    out.write(format("{}{}{}: {}{}\n", function_text(listing, at), source_text(listing, at), slot,
                     text, bytes));
  }
}

}  // namespace skep::cli
