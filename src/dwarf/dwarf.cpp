#include "dwarf/dwarf.hpp"

#include "btf/deduplicate.hpp"
#include "btf/section_reader.hpp"
#include "dwarf/converter.hpp"
#include "dwarf/sound.hpp"

namespace skep::dwarf {
namespace {

// Types that are gathered before equal ones become one: the more, the fewer times what is already
// unique is compared again; the fewer, the less memory, and BTF has room for a million.
constexpr u32 kBatch = 400'000;

// Types that are ours but not yet sound are read without being checked.
Result<btf::Deduplicated> merged(const btf::Builder& builder) {
  const auto section = TRY(builder.bytes());
  return btf::deduplicate(TRY(btf::SectionReader(nullptr).copied(Bytes(section))));
}

Result<u64> convert_all(Program& program, Converter& converter) {
  u64 units = 0;
  for (u64 number = 0; number < program.unit_count(); ++number) {
    Unit* unit = TRY(program.load(number));
    if (unit == nullptr) continue;
    ++units;
    TRY(converter.add_unit(*unit));
    program.give_back(number);
    if (converter.builder().next_id() < kBatch) continue;
    auto batch = TRY(merged(converter.builder()));
    converter.replace(std::move(batch.builder), batch.ids);
  }
  return units;
}

Result<Outcome> convert(Bytes elf_file, const Options& options, Notes& notes) {
  Program program =
      TRY(Program::open(elf_file, options.around, options.inflate, options.functions));
  Converter converter(program, options.naming, options.functions, notes);
  Outcome out;
  out.units = TRY(convert_all(program, converter));
  const auto all = TRY(merged(converter.builder()));
  const auto section = TRY(all.builder.bytes());
  const auto types = TRY(btf::SectionReader(nullptr).copied(Bytes(section)));
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
