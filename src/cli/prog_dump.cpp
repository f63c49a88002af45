// skep prog dump: a loaded program as the verifier left it, as machine code, or with its source
// lines.
//
// The instructions are shown as those of objects are (cli/listing.hpp); machine_code_listing.cpp
// has machine code. -o writes the bytes as they are.
#include <algorithm>

#include "base/new_file.hpp"
#include "base/text.hpp"
#include "btf/types.hpp"
#include "cli/listing.hpp"
#include "cli/loaded.hpp"
#include "cli/machine_code_listing.hpp"
#include "kernel/inventory_code.hpp"

namespace skep::cli {
namespace {

using kernel::ProgramCode;
using platform::LineInformation;

// The instruction that begins at `slot`, or the one behind it.
isa::InstructionIndex at_slot(const isa::Code& code, u32 slot) {
  const auto found = std::ranges::lower_bound(
      code, slot, {}, [](const isa::Instruction& i) { return i.slot.value(); });
  return isa::InstructionIndex(static_cast<std::size_t>(found - code.begin()));
}

// What the listing wants: maps by name where their names tell them apart, functions, lines.
Result<platform::Program> program_of(const kernel::Program& facts, const ProgramCode& code,
                                     const btf::Types& types) {
  kernel::ReadableCode readable = TRY(kernel::readable(code.xlated));
  platform::Program out;
  out.name = facts.name;
  out.code = std::move(readable.code);
  for (std::size_t at = 0; at < code.functions.size(); ++at) {
    platform::Function& function = out.functions.emplace_back();
    function.name = function_name(types, code.functions[at].type, at);
    function.begin = at_slot(out.code, code.functions[at].offset);
    if (at > 0) out.functions[at - 1].end = function.begin;
  }
  if (!out.functions.empty()) out.functions.back().end = isa::InstructionIndex(out.code.size());
  for (const LineInformation& line : code.lines) {
    out.lines.push_back({at_slot(out.code, line.slot), line.line_and_column >> 10,
                         line.line_and_column & 0x3ff, text_of(types, line.file_name),
                         text_of(types, line.line)});
  }
  std::vector<platform::MapSpec> maps;
  for (const u32 id : readable.map_ids) {
    const auto fd = kernel::open_id(kernel::Kind::map, id);
    const auto map = fd.ok() ? kernel::describe_map(*fd) : fd.error();
    maps.emplace_back().name = map.ok() && !map->name.empty() ? map->name : format("id_{}", id);
  }
  std::vector<platform::Extern> externs;
  for (std::string& name : readable.names) {
    externs.emplace_back().name = std::move(name);
    externs.back().kind = platform::ExternKind::function;
  }
  out.maps = std::make_shared<std::vector<platform::MapSpec>>(std::move(maps));
  out.externs = std::make_shared<std::vector<platform::Extern>>(std::move(externs));
  return out;
}

Result<int> dump_xlated(const kernel::Program& facts, const ProgramCode& code,
                        const btf::Types& types, Lines lines, Output& out) {
  if (code.xlated.empty()) return not_shown(facts, "instructions");
  if (lines == Lines::with && code.lines.empty()) {
    return Error(
        Fault::absent, format("program {} was loaded without its source lines", facts.id),
        "they come with objects that clang made with -g; skep prog dump xlated shows it without");
  }
  const platform::Program program = TRY(program_of(facts, code, types));
  write_listing({program.code, &program, lines}, out);
  return 0;
}

}  // namespace

Result<int> prog_dump(const Arguments& arguments, Output& out) {
  const std::string& form = arguments.operands()[0];
  const bool is_jited = form == "jited";
  if (!is_jited && form != "xlated" && form != "source") {
    return Error(Fault::usage, format("expected xlated, jited or source, found '{}'", form),
                 format("usage: skep prog dump {}", arguments.command().usage));
  }
  const MachineCodeStyle style = TRY(machine_code_style(arguments));
  const Selector which = TRY(one_selector(kernel::Kind::program, arguments, 1));
  const Fd fd = TRY(open_one(kernel::Kind::program, which));
  const kernel::Program facts = TRY(kernel::describe_program(fd));
  const ProgramCode code = TRY(kernel::program_code(fd));
  if (const auto path = arguments.text(Flag::output_file)) {
    const auto xlated = std::as_bytes(std::span(code.xlated));
    const std::span<const std::byte> bytes =
        is_jited ? std::span<const std::byte>(code.jited) : xlated;
    if (bytes.empty()) return not_shown(facts, is_jited ? "machine code" : "instructions");
    TRY(write_file(*path, bytes));
    out.note(format("wrote {} to {}", counted(bytes.size(), "byte"), *path));
    return 0;
  }
  const btf::Types types = TRY(types_under(facts.types_id));
  if (is_jited) return dump_machine_code({facts, code, types}, style, out);
  return dump_xlated(facts, code, types, form == "source" ? Lines::with : Lines::without, out);
}

}  // namespace skep::cli
