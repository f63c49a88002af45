// skep disasm: the instructions of an object's programs, or of bytes, as text.
//
// What is no instruction that skep knows is listed with its bytes; the command then ends with the
// error that says so, when everything is printed. --jit proves and compiles each program and shows
// its machine code under the instructions that it was made from; --target chooses the machine.
#include "base/text.hpp"
#include "cli/choice.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/hex.hpp"
#include "cli/listing.hpp"
#include "cli/loading.hpp"
#include "isa/instruction.hpp"
#include "object/user_engine.hpp"

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

using platform::Architecture;

// What --target asks for; none: this machine, with all that its processor has.
Result<std::optional<Architecture>> chosen_machine(const Arguments& arguments) {
  if (!arguments.has(Flag::target)) return std::optional<Architecture>();
  if (!arguments.has(Flag::jit)) {
    return Error(Fault::usage, "--target is for --jit: it chooses the machine whose code is shown",
                 "add --jit");
  }
  return std::optional(TRY(choice<Architecture>(
      arguments, Flag::target,
      {{"x86-64", Architecture::x86_64}, {"aarch64", Architecture::aarch64}})));
}

// A program of an object, and the machine to compile it for.
struct Compiling {
  const object::Object& object;
  const object::ProgramEntry& entry;
  const std::shared_ptr<const platform::Program>& program;
  std::optional<Architecture> machine;
};

void add_texts(MachineListing& listing, Architecture machine, Output& out) {
  auto instructions = text::machine_instructions(listing.code, 0, machine);
  if (instructions.ok()) {
    listing.instructions = std::move(*instructions);
  } else {
    out.note(format("only bytes are shown: {}; {}", instructions.error().message,
                    instructions.error().hint));
  }
}

// A program, with what the user engine's compiler makes of it.
Result<void> write_compiled(const Compiling& compiling, Lines lines, Output& out) {
  const std::string& file = compiling.object.name();
  TRY(object::check_runs_in_user_engine(compiling.entry).within(file));
  const auto environment = runtime::real_environment();
  auto app = TRY(runtime::App::create(compiling.program->maps, *environment).within(file));
  auto verified = TRY(prove(compiling.program, out));
  // With the functions that stand for helpers which call back.
  const platform::Program shown = verified.program();
  MachineListing machine;
  jit::ForeignCode foreign;
  if (compiling.machine) {
    foreign = app.code_for(*compiling.machine, verified);
    machine = {std::as_bytes(std::span(foreign.bytes)), foreign.places, {}};
  } else {
    const auto* loaded = TRY(app.load(std::move(verified), runtime::Tier::jit));
    machine = {runtime::machine_code(*loaded), runtime::machine_code_places(*loaded), {}};
  }
  add_texts(machine, compiling.machine.value_or(platform::kThisArchitecture), out);
  write_listing({.code = shown.code, .program = &shown, .lines = lines, .machine = &machine}, out);
  return {};
}

Result<int> disassemble_object(const Arguments& arguments, Output& out) {
  const auto object = TRY(open_object(arguments, Externs::given, out));
  const auto machine = TRY(chosen_machine(arguments));
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
    if (arguments.has(Flag::jit)) {
      TRY(write_compiled({object, each, program, machine}, lines, out));
    } else {
      write_listing({.code = program->code, .program = program.get(), .lines = lines}, out);
    }
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
