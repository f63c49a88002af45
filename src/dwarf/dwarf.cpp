#include "dwarf/dwarf.hpp"

#include "dwarf/converter.hpp"
#include "dwarf/sound.hpp"

namespace skep::dwarf {
namespace {

Result<u64> convert_all(Program& program, Converter& converter) {
  u64 units = 0;
  for (u64 number = 0; number < program.unit_count(); ++number) {
    Unit* unit = TRY(program.load(number));
    if (unit == nullptr) continue;
    ++units;
    TRY(converter.add_unit(*unit));
    program.give_back(number);
  }
  return units;
}

Result<Outcome> convert(Bytes elf_file, const Options& options, Notes& notes) {
  Program program =
      TRY(Program::open(elf_file, options.around, options.inflate, options.functions));
  Converter converter(program, options.naming, options.functions, notes);
  Outcome out;
  out.units = TRY(convert_all(program, converter));
  const auto types = TRY(converter.types());
  out.btf = TRY(without_unsound_members(types, notes).bytes());
  out.types = TRY(btf::Types::read(Bytes(out.btf)).within("types made from it")).count() - 1;
  return out;
}

}  // namespace

Result<Outcome> types_of(Bytes elf_file, const Options& options, Notes& notes) {
  auto outcome = convert(elf_file, options, notes);
  if (outcome.ok() || outcome.error().fault != Fault::malformed) return outcome;
  Error error = std::move(outcome).error();
  if (error.hint.empty()) error.hint = "the file is damaged: build it again, or copy it again";
  return error;
}

}  // namespace skep::dwarf
