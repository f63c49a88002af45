// skep disasm: the instructions of an object's programs, or of bytes, as text.
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/hex.hpp"
#include "cli/loading.hpp"
#include "text/text.hpp"

namespace skep::cli {
namespace {

constexpr int kFoundNothing = 5;

struct Listing {
  const isa::Code& code;
  const platform::Program* program = nullptr;  // null for bare bytes
};

std::string instruction_json(const Listing& listing, isa::InstructionIndex at,
                             const std::string& text) {
  JsonWriter json;
  json.begin_object();
  if (listing.program != nullptr) json.member("program", listing.program->name);
  json.member("slot", listing.code[at.value()].slot.value()).member("instruction", text);
  const platform::SourceLine* line =
      listing.program == nullptr ? nullptr : listing.program->line_at(at);
  if (line != nullptr) json.member("file", line->file).member("line", line->line);
  json.end_object();
  return json.take() + "\n";
}

// With -v, the source line in front of the instructions that were made from it.
std::string source_text(const Listing& listing, isa::InstructionIndex at, const Output& out) {
  if (listing.program == nullptr || out.volume() != Volume::verbose) return {};
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

void list(const Listing& listing, Output& out) {
  const text::Names names =
      listing.program == nullptr ? text::Names{} : text::names_of(*listing.program);
  for (std::size_t index = 0; index < listing.code.size(); ++index) {
    const isa::InstructionIndex at(index);
    const std::string text = text::disassemble(listing.code, at, text::kPeople, names);
    if (out.is_json()) {
      out.write(instruction_json(listing, at, text));
      continue;
    }
    std::string slot = std::to_string(listing.code[index].slot.value());
    slot.insert(0, slot.size() < 6 ? 6 - slot.size() : 0, ' ');
    out.write(format("{}{}{}: {}\n", function_text(listing, at), source_text(listing, at, out),
                     slot, text));
  }
}

Result<int> disassemble_bytes(const Arguments& arguments, Output& out) {
  std::string hexadecimal = join(arguments.operands(), " ");
  if (hexadecimal.empty()) hexadecimal = TRY(read_input("-", kInputMax));
  const isa::Code code = TRY(isa::decode(TRY(parse_slots(hexadecimal))));
  list({.code = code}, out);
  return 0;
}

Result<int> disassemble_object(const Arguments& arguments, Output& out) {
  const auto object = TRY(object::Object::open(arguments.operands()[0]));
  const bool only_one = arguments.has(Flag::program);
  const std::string wanted =
      only_one ? TRY(choose_program(object, arguments, out)).name : std::string();
  bool first = true;
  for (const object::ProgramEntry& each : object.programs()) {
    if (only_one && each.name != wanted) continue;
    const auto program = TRY(object.program(each.name));
    if (!out.is_json()) {
      out.write(format("{}program {}, section {}, type {}\n", first ? "" : "\n", each.name,
                       each.section, platform::row(each.type).name));
    }
    list({.code = program->code, .program = program.get()}, out);
    first = false;
  }
  if (!first) return 0;
  out.note(format("{} has no programs", object.name()));
  return kFoundNothing;
}

}  // namespace

Result<int> disassemble(const Arguments& arguments, Output& out) {
  if (arguments.has(Flag::hex)) return disassemble_bytes(arguments, out);
  if (arguments.operands().size() == 1) return disassemble_object(arguments, out);
  return Error(Fault::usage, "skep disasm needs one OBJECT, or --hex",
               "usage: skep disasm OBJECT, or skep disasm --hex BYTES");
}

}  // namespace skep::cli
