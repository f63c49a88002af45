#include "cli/listing.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/decode.hpp"
#include "text/text.hpp"

namespace skep::cli {
namespace {

constexpr std::size_t kBytesARow = 16;

// A part of the machine code, and the instruction that it was made from.
struct Range {
  u64 begin = 0, end = 0;
  std::size_t instruction = 0;
};
using Ranges = std::vector<Range>;  // in the order of the instructions

Ranges ranges_of(const MachineListing& machine) {
  Ranges out;
  for (std::size_t at = 0; at < machine.places.size(); ++at) {
    const u64 end =
        at + 1 < machine.places.size() ? machine.places[at + 1].offset : machine.code.size();
    out.push_back({machine.places[at].offset, end, machine.places[at].instruction});
  }
  std::ranges::stable_sort(out, {}, &Range::instruction);
  return out;
}

// Those of one instruction.
std::span<const Range> of_instruction(const Ranges& ranges, std::size_t instruction) {
  return std::span(std::ranges::equal_range(ranges, instruction, {}, &Range::instruction));
}

std::string bytes_of(const MachineListing& machine, u64 begin, u64 bytes) {
  return events::hexadecimal(Bytes(machine.code.subspan(begin, bytes)));
}

// Each machine instruction of the range, or where there is no disassembler a row of its bytes.
template <class Each>
void each_line(const MachineListing& machine, Range range, Each each) {
  auto line = std::ranges::lower_bound(machine.instructions, range.begin, {},
                                       &text::MachineInstruction::offset);
  for (; line != machine.instructions.end() && line->offset < range.end; ++line)
    each(line->offset, std::string_view(line->text), line->bytes);
  if (!machine.instructions.empty()) return;
  for (u64 at = range.begin; at < range.end; at += kBytesARow) {
    const u64 bytes = std::min<u64>(kBytesARow, range.end - at);
    each(at, std::string_view(), static_cast<u32>(bytes));
  }
}

std::string machine_text(const MachineListing& machine, Range range) {
  std::string out;
  each_line(machine, range, [&](u64 offset, std::string_view text, u32 bytes) {
    std::string place = format("{:x}", offset);
    place.insert(0, place.size() < 14 ? 14 - place.size() : 0, ' ');
    out += format("{}:  {}\n", place,
                  text.empty() ? bytes_of(machine, offset, bytes) : std::string(text));
  });
  return out;
}

void machine_json(JsonWriter& json, const MachineListing& machine, std::span<const Range> ranges) {
  json.key("machine").begin_array();
  for (const Range& range : ranges) {
    each_line(machine, range, [&](u64 offset, std::string_view text, u32 bytes) {
      json.begin_object().member("offset", offset);
      if (!text.empty()) json.member("text", text);
      json.member("bytes", bytes_of(machine, offset, bytes)).end_object();
    });
  }
  json.end_array();
}

struct Shown {
  isa::InstructionIndex at;
  std::string text;
};

std::string instruction_json(const Listing& listing, const Ranges& ranges, const Shown& shown) {
  const auto& [at, text] = shown;
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
  if (listing.machine != nullptr) {
    machine_json(json, *listing.machine, of_instruction(ranges, at.value()));
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
  Ranges ranges;
  if (listing.machine != nullptr) ranges = ranges_of(*listing.machine);
  // How the program is entered stands in front of its first instruction.
  if (listing.machine != nullptr && !out.is_json()) {
    out.write(machine_text(*listing.machine, {0, listing.machine->places[0].offset}));
  }
  for (std::size_t index = 0; index < listing.code.size(); ++index) {
    const isa::InstructionIndex at(index);
    const std::string text = text::disassemble(listing.code, at, text::kPeople, names);
    if (out.is_json()) {
      out.write(instruction_json(listing, ranges, {at, text}));
      continue;
    }
    const isa::Instruction& i = listing.code[index];
    std::string slot = std::to_string(i.slot.value());
    slot.insert(0, slot.size() < 6 ? 6 - slot.size() : 0, ' ');
    const std::string bytes =
        i.form == isa::Form::unknown ? "  " + isa::bytes_of_unknown(i) : std::string();
    out.write(format("{}{}{}: {}{}\n", function_text(listing, at), source_text(listing, at), slot,
                     text, bytes));
    for (const Range& range : of_instruction(ranges, index)) {
      out.write(machine_text(*listing.machine, range));
    }
  }
}

}  // namespace skep::cli
