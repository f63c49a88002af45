// skep prog dump: a loaded program as the verifier left it, as machine code, or with its source
// lines.
//
// The instructions are shown as those of objects are (cli/listing.hpp); machine code as bytes, in
// groups by source line, since the core has no disassembler for it. -o writes the bytes as they
// are.
#include <algorithm>

#include "base/json.hpp"
#include "base/new_file.hpp"
#include "base/text.hpp"
#include "btf/types.hpp"
#include "cli/listing.hpp"
#include "cli/loaded.hpp"
#include "events/decode.hpp"
#include "kernel/inventory_code.hpp"

namespace skep::cli {
namespace {

using kernel::ProgramCode;
using platform::LineInformation;

constexpr std::size_t kBytesALine = 16;

u32 line_number(const LineInformation& line) { return line.line_and_column >> 10; }
u32 column_number(const LineInformation& line) { return line.line_and_column & 0x3ff; }

std::string_view text_of(const btf::Types& types, u32 offset) {
  const auto text = types.string(offset);
  return text.ok() ? *text : std::string_view();
}

// The instruction that begins at `slot`, or the one behind it.
isa::InstructionIndex at_slot(const isa::Code& code, u32 slot) {
  const auto found = std::ranges::lower_bound(
      code, slot, {}, [](const isa::Instruction& i) { return i.slot.value(); });
  return isa::InstructionIndex(static_cast<std::size_t>(found - code.begin()));
}

std::string function_name(const btf::Types& types, u32 id, std::size_t number) {
  const std::string_view name = types.name(id);
  return name.empty() ? format("function_{}", number) : std::string(name);
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
    out.lines.push_back({at_slot(out.code, line.slot), line_number(line), column_number(line),
                         text_of(types, line.file_name), text_of(types, line.line)});
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

// A piece of machine code that was made from one line, or of unknown lines.
struct Piece {
  std::string function;  // where one begins, its name
  u64 address = 0, offset = 0;
  std::string file{}, source{};
  u32 line = 0;
  std::span<const std::byte> bytes{};
};

// Where pieces begin: at functions and lines, by offset into the code. Addresses of the kernel are
// those of its functions, which stand in the code one behind the other.
std::vector<Piece> pieces_of(const ProgramCode& code, const btf::Types& types,
                             const std::string& name) {
  std::vector<Piece> out;
  u64 begin = 0;
  for (std::size_t at = 0; at < code.function_bytes.size(); ++at) {
    const u64 address = at < code.function_addresses.size() ? code.function_addresses[at] : 0;
    const u64 end = std::min<u64>(begin + code.function_bytes[at], code.jited.size());
    Piece first;
    first.function =
        at < code.functions.size() ? function_name(types, code.functions[at].type, at) : name;
    first.address = address;
    first.offset = begin;
    out.push_back(first);
    for (std::size_t line = 0; line < std::min(code.lines.size(), code.jited_lines.size());
         ++line) {
      const u64 place = code.jited_lines[line];
      if (place < address || place >= address + (end - begin)) continue;
      Piece piece;
      piece.address = place;
      piece.offset = begin + (place - address);
      piece.file = text_of(types, code.lines[line].file_name);
      piece.source = text_of(types, code.lines[line].line);
      piece.line = line_number(code.lines[line]);
      out.push_back(piece);
    }
    begin = end;
  }
  std::ranges::stable_sort(out, {}, &Piece::offset);
  for (std::size_t at = 0; at < out.size(); ++at) {
    const u64 end = at + 1 < out.size() ? out[at + 1].offset : code.jited.size();
    out[at].bytes = std::span(code.jited).subspan(out[at].offset, end - out[at].offset);
  }
  return out;
}

std::string piece_text(const Piece& piece) {
  std::string out;
  if (!piece.function.empty()) out += format("{}:  # 0x{:x}\n", piece.function, piece.address);
  if (piece.line != 0)
    out += format("; {}:{}: {}\n", piece.file, piece.line, trimmed(piece.source));
  for (std::size_t at = 0; at < piece.bytes.size(); at += kBytesALine) {
    std::string offset = format("{:x}", piece.offset + at);
    offset.insert(0, offset.size() < 6 ? 6 - offset.size() : 0, ' ');
    const auto line = piece.bytes.subspan(at, std::min(kBytesALine, piece.bytes.size() - at));
    out += format("{}: {}\n", offset, events::hexadecimal(Bytes(line)));
  }
  return out;
}

std::string piece_json(const Piece& piece) {
  JsonWriter json;
  json.begin_object();
  if (!piece.function.empty()) json.member("function", piece.function);
  json.member("address", piece.address).member("offset", piece.offset);
  if (piece.line != 0) {
    json.member("file", piece.file)
        .member("line", piece.line)
        .member("source", trimmed(piece.source));
  }
  json.member("bytes", events::hexadecimal(Bytes(piece.bytes))).end_object();
  return json.take() + "\n";
}

Error not_shown(const kernel::Program& facts, std::string_view what) {
  return {Fault::denied, format("the kernel does not show the {} of program {}", what, facts.id),
          "see sysctl kernel.kptr_restrict and net.core.bpf_jit_harden; with harden 2, or without "
          "CAP_SYSLOG, it is hidden"};
}

Result<int> dump_jited(const kernel::Program& facts, const ProgramCode& code,
                       const btf::Types& types, Output& out) {
  if (code.jited.empty()) {
    if (facts.jited_bytes != 0) return not_shown(facts, "machine code");
    return Error(Fault::unsupported,
                 format("program {} is interpreted: it has no machine code", facts.id),
                 "sysctl net.core.bpf_jit_enable=1 compiles programs that are loaded from then on");
  }
  for (const Piece& piece : pieces_of(code, types, facts.name)) {
    if (piece.bytes.empty() && piece.function.empty()) continue;
    out.write(out.is_json() ? piece_json(piece) : piece_text(piece));
  }
  return 0;
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
  if (is_jited) return dump_jited(facts, code, types, out);
  return dump_xlated(facts, code, types, form == "source" ? Lines::with : Lines::without, out);
}

}  // namespace skep::cli
