// skep disasm: the instructions of an object's programs, or of bytes, as text.
//
// What is no instruction that skep knows is listed with its bytes; the command then ends with the
// error that says so, when everything is printed.
#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/hex.hpp"
#include "cli/listing.hpp"
#include "cli/loading.hpp"
#include "isa/instruction.hpp"

namespace skep::cli {
namespace {

Result<int> disassemble_bytes(const Arguments& arguments, Output& out) {
  std::string hexadecimal = join(arguments.operands(), " ");
  if (hexadecimal.empty()) hexadecimal = TRY(read_input("-", kInputMax));
  const std::vector<isa::Slot> slots = TRY(parse_slots(hexadecimal));
  const auto code = isa::decode(slots);
  const isa::Code shown = TRY(isa::decode(slots, isa::Unknown::keep));
  write_listing({.code = shown}, out);
  if (!code.ok()) return code.error();
  return 0;
}

Result<int> disassemble_object(const Arguments& arguments, Output& out) {
  const auto object = TRY(open_object(arguments, Externs::given, out));
  const bool only_one = arguments.has(Flag::program);
  const std::string wanted =
      only_one ? TRY(choose_program(object, arguments, out)).name : std::string();
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  object::LinkOptions link = types.link();
  if (types.targets() == nullptr && object.needs_targets()) {
    link.core = object::Core::leave;
    out.note("CO-RE relocations are left as they were compiled; --btf FILE applies them");
  }
  object::LinkOptions showing = link;
  showing.unknown = isa::Unknown::keep;
  const bool with_source = arguments.has(Flag::source) || out.volume() == Volume::verbose;
  const Lines lines = with_source ? Lines::with : Lines::without;
  bool first = true;
  std::optional<Error> unknown;
  for (const object::ProgramEntry& each : object.programs()) {
    if (only_one && each.name != wanted) continue;
    const auto linked = object.program(each.name, link);
    const auto program = linked.ok() ? *linked : TRY(object.program(each.name, showing));
    if (!linked.ok() && !unknown) unknown = linked.error();
    if (!out.is_json()) {
      out.write(format("{}program {}, section {}, type {}\n", first ? "" : "\n", each.name,
                       each.section, platform::row(each.type).name));
    }
    write_listing({.code = program->code, .program = program.get(), .lines = lines}, out);
    first = false;
  }
  if (unknown) return *unknown;
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
