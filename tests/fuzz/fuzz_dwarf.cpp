// Whatever the bytes are: an Error, or BTF that Types::read takes and whose members lie inside
// their structures, with scopes and with names of C, with functions and without.
//
// A corpus is any set of small objects with debug information: those that the sources in
// tests/dwarf compile to with -c -g, of any version and compiler.
#include <cstdlib>

#include "btf/types.hpp"
#include "dwarf/dwarf.hpp"

namespace {

using namespace skep;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const dwarf::Outcome& outcome) {
  const auto types = btf::Types::read(Bytes(outcome.btf));
  require(types.ok() && types->count() == outcome.types + 1);
  for (btf::TypeId id = 1; id < types->count(); ++id) {
    (void)types->c_name(id);
    for (const btf::Member& member : types->members(id)) {
      const u32 bytes = types->size_of(member.type).value();
      require(member.bit_size != 0 || member.bit_offset / 8 + bytes <= types->at(id).size);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto naming : {dwarf::Naming::scoped, dwarf::Naming::c_identifiers}) {
    const bool in_c = naming == dwarf::Naming::c_identifiers;
    dwarf::Options options;
    options.around.debug_folder = "/nonexistent";
    options.functions = in_c ? dwarf::Functions::yes : dwarf::Functions::no;
    options.naming = naming;
    dwarf::Notes notes;
    const auto outcome = dwarf::types_of(Bytes(data, size), options, notes);
    if (outcome.ok()) check(*outcome);
  }
  return 0;
}
