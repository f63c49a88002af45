// skep asm: text to an object file, or to hexadecimal bytes where no file is named.
#include <cstring>

#include "base/new_file.hpp"
#include "base/text.hpp"
#include "cli/hex.hpp"
#include "cli/output.hpp"
#include "text/text.hpp"

namespace skep::cli {
namespace {

// One program for `skep disasm --hex` and `skep conformance-plugin`, a slot a line.
Result<std::string> as_hexadecimal(std::string_view source) {
  const auto slots = TRY(isa::encode(TRY(text::assemble(source))));
  std::string out;
  for (const isa::Slot& slot : slots)
    out += to_hexadecimal(std::as_bytes(std::span(&slot, 1))) + "\n";
  return out;
}

}  // namespace

Result<int> assemble(const Arguments& arguments, Output& out) {
  const std::string& path = arguments.operands()[0];
  const std::string source = TRY(read_input(path, kInputMax));
  const std::string place = path == "-" ? "standard input" : path;
  const auto target = arguments.text(Flag::output_file);
  if (!target) {
    out.write(TRY(as_hexadecimal(source).within(place)));
    return 0;
  }
  const auto sections = TRY(text::assemble_object(source).within(place));
  TRY(write_file(*target, TRY(text::write_elf(sections).within(place))));
  return 0;
}

}  // namespace skep::cli
