#include "btf/elf_section.hpp"

#include <elf.h>

#include "base/elf_reader.hpp"
#include "base/text.hpp"

namespace skep::btf {

Result<Bytes> elf_section(Bytes file, std::string_view name) {
  const auto sections = TRY(elf::Sections::read(file));
  if (sections.count() == 0) return Error(Fault::absent, "an ELF file without sections");
  for (u64 number = 0; number < sections.count(); ++number) {
    const auto section = TRY(sections.at(number));
    const auto found = sections.name(section);
    if (!found.ok() || *found != name || section.kind == SHT_NOBITS) continue;
    if ((section.flags & SHF_COMPRESSED) != 0) {
      return Error(Fault::unsupported, format("section {} is compressed", name),
                   "decompress it with objcopy --decompress-debug-sections");
    }
    return sections.contents(section).within(format("section {}", name));
  }
  return Error(Fault::absent, format("no section {}", name));
}

}  // namespace skep::btf
