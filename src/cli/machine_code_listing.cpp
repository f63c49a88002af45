#include "cli/machine_code_listing.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "events/decode.hpp"
#include "text/machine_code.hpp"

namespace skep::cli {
namespace {

using kernel::ProgramCode;

constexpr std::size_t kBytesALine = 16;

// A piece of machine code that was made from one line, or of unknown lines.
struct Piece {
  std::string function;  // where one begins, its name
  u64 address = 0, offset = 0;
  u64 function_offset = 0;  // where its function begins
  std::string file{}, source{};
  u32 line = 0, column = 0;
  std::span<const std::byte> bytes{};
  std::vector<text::MachineInstruction> instructions{};
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
    first.function_offset = begin;
    out.push_back(first);
    for (std::size_t line = 0; line < std::min(code.lines.size(), code.jited_lines.size());
         ++line) {
      const u64 place = code.jited_lines[line];
      if (place < address || place >= address + (end - begin)) continue;
      Piece piece;
      piece.address = place;
      piece.offset = begin + (place - address);
      piece.function_offset = begin;
      piece.file = text_of(types, code.lines[line].file_name);
      piece.source = text_of(types, code.lines[line].line);
      piece.line = code.lines[line].line_and_column >> 10;
      piece.column = code.lines[line].line_and_column & 0x3ff;
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

// Offsets are shown from the function's begin, as bpftool does.
std::string at_offset(const Piece& piece, u64 offset) {
  const std::string number = format("{:x}", piece.offset + offset - piece.function_offset);
  return std::string(number.size() < 4 ? 4 - number.size() : 0, ' ') + number + ":";
}

std::string bytes_text(const Piece& piece) {
  std::string out;
  for (std::size_t at = 0; at < piece.bytes.size(); at += kBytesALine) {
    const auto line = piece.bytes.subspan(at, std::min(kBytesALine, piece.bytes.size() - at));
    out += format("{} {}\n", at_offset(piece, at), events::hexadecimal(Bytes(line)));
  }
  return out;
}

std::string bytes_of(const Piece& piece, const text::MachineInstruction& instruction) {
  return events::hexadecimal(Bytes(piece.bytes.subspan(instruction.offset, instruction.bytes)));
}

std::string place_text(const Piece& piece, const MachineCodeStyle& style) {
  if (!style.has_places)
    return format("; {}:{}: {}\n", piece.file, piece.line, trimmed(piece.source));
  return format("; {} [file:{} line_num:{} line_col:{}]\n", trimmed(piece.source), piece.file,
                piece.line, piece.column);
}

std::string piece_text(const Piece& piece, const MachineCodeStyle& style) {
  std::string out;
  if (!piece.function.empty()) out += format("{}:  # 0x{:x}\n", piece.function, piece.address);
  if (piece.line != 0) out += place_text(piece, style);
  if (piece.instructions.empty()) return out + bytes_text(piece);
  for (const text::MachineInstruction& each : piece.instructions) {
    out += format("{}\t{}\n", at_offset(piece, each.offset), each.text);
    if (style.has_opcodes) out += format("\t{}\n", bytes_of(piece, each));
  }
  return out;
}

std::string piece_json(const Piece& piece) {
  JsonWriter json;
  json.begin_object();
  if (!piece.function.empty()) json.member("function", piece.function);
  json.member("address", piece.address).member("offset", piece.offset);
  if (piece.line != 0) {
    json.member("file", piece.file).member("line", piece.line).member("column", piece.column);
    json.member("source", trimmed(piece.source));
  }
  json.member("bytes", events::hexadecimal(Bytes(piece.bytes)));
  if (!piece.instructions.empty()) json.key("instructions").begin_array();
  for (const text::MachineInstruction& each : piece.instructions) {
    json.begin_object().member("address", piece.address + each.offset);
    json.member("text", each.text).member("bytes", bytes_of(piece, each)).end_object();
  }
  if (!piece.instructions.empty()) json.end_array();
  json.end_object();
  return json.take() + "\n";
}

}  // namespace

std::string_view text_of(const btf::Types& types, u32 offset) {
  const auto text = types.string(offset);
  return text.ok() ? *text : std::string_view();
}

std::string function_name(const btf::Types& types, u32 id, std::size_t number) {
  const std::string_view name = types.name(id);
  return name.empty() ? format("function_{}", number) : std::string(name);
}

Error not_shown(const kernel::Program& facts, std::string_view what) {
  return {Fault::denied, format("the kernel does not show the {} of program {}", what, facts.id),
          "see sysctl kernel.kptr_restrict and net.core.bpf_jit_harden; with harden 2, or without "
          "CAP_SYSLOG, it is hidden"};
}

Result<MachineCodeStyle> machine_code_style(const Arguments& arguments) {
  constexpr std::size_t kFirst = 3;  // behind the form and the two words of the program
  MachineCodeStyle style;
  for (std::size_t at = kFirst; at < arguments.operands().size(); ++at) {
    const std::string& word = arguments.operands()[at];
    if (word == "opcodes" && arguments.operands()[0] == "jited") {
      style.has_opcodes = true;
    } else if (word == "linum" && arguments.operands()[0] == "jited") {
      style.has_places = true;
    } else {
      return Error(Fault::usage, format("'{}' is no word behind the program", word),
                   "behind a program of jited: opcodes, linum");
    }
  }
  return style;
}

Result<int> dump_machine_code(const LoadedCode& loaded, const MachineCodeStyle& style,
                              Output& out) {
  const kernel::Program& facts = loaded.facts;
  if (loaded.code.jited.empty()) {
    if (facts.jited_bytes != 0) return not_shown(facts, "machine code");
    return Error(Fault::unsupported,
                 format("program {} is interpreted: it has no machine code", facts.id),
                 "sysctl net.core.bpf_jit_enable=1 compiles programs that are loaded from then on");
  }
  std::string why_bytes;
  for (Piece& piece : pieces_of(loaded.code, loaded.types, facts.name)) {
    if (piece.bytes.empty() && piece.function.empty()) continue;
    auto instructions = text::machine_instructions(piece.bytes, piece.address);
    if (instructions.ok()) {
      piece.instructions = std::move(*instructions);
    } else {
      why_bytes = format("{}; {}", instructions.error().message, instructions.error().hint);
    }
    out.write(out.is_json() ? piece_json(piece) : piece_text(piece, style));
  }
  if (!why_bytes.empty()) out.note(format("only bytes are shown: {}", why_bytes));
  return 0;
}

}  // namespace skep::cli
