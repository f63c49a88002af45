#include "base/elf_reader.hpp"

#include <elf.h>

#include "base/text.hpp"

namespace skep::elf {
namespace {

static_assert(sizeof(FileHeader) == sizeof(Elf64_Ehdr));
static_assert(sizeof(SectionHeader) == sizeof(Elf64_Shdr));

Result<FileHeader> file_header(Bytes file) {
  if (!is_elf(file)) return Error(Fault::malformed, "not an ELF file");
  const auto header = TRY(file.read<FileHeader>(0).within("ELF header"));
  if (header.identity[EI_CLASS] != ELFCLASS64) {
    return Error(Fault::unsupported, "an ELF file of 32 bits, expected one of 64");
  }
  if (header.identity[EI_DATA] != ELFDATA2LSB) {
    return Error(Fault::unsupported, "a big-endian ELF file, expected a little-endian one");
  }
  if (header.sections_offset != 0 && header.section_size != sizeof(SectionHeader)) {
    return Error(Fault::malformed, format("ELF section headers of {} bytes, expected {}",
                                          u16{header.section_size}, sizeof(SectionHeader)));
  }
  return header;
}

}  // namespace

bool is_elf(Bytes file) {
  const auto magic = file.slice(0, SELFMAG);
  return magic.ok() && std::memcmp(magic->data(), ELFMAG, SELFMAG) == 0;
}

Result<Sections> Sections::read(Bytes file) {
  const FileHeader header = TRY(file_header(file));
  Sections out(file, header);
  if (header.sections_offset == 0) return out;
  // What 16 bits cannot count stands in the first section, which has no bytes of its own.
  out.count_ = 1;
  const SectionHeader first = TRY(out.at(0));
  out.count_ = header.section_count != 0 ? u64{header.section_count} : u64{first.size};
  if (out.count_ > file.size() / sizeof(SectionHeader)) {
    return Error(Fault::malformed, format("{} ELF sections do not fit into the file", out.count_));
  }
  const u32 names =
      header.names_section == SHN_XINDEX ? u32{first.link} : u32{header.names_section};
  out.names_ = TRY(out.contents(TRY(out.at(names))).within("ELF section names"));
  return out;
}

Result<SectionHeader> Sections::at(u64 number) const {
  if (number >= count_) {
    return Error(Fault::malformed, format("ELF section {} of {}", number, count_));
  }
  auto header = file_.read<SectionHeader>(header_.sections_offset + number * sizeof(SectionHeader));
  if (header.ok()) return header;
  return std::move(header).within(format("ELF section {}", number));
}

Result<std::string_view> Sections::name(const SectionHeader& section) const {
  return names_.c_string(section.name).within("ELF section names");
}

Result<Bytes> Sections::contents(const SectionHeader& section) const {
  if (section.kind == SHT_NOBITS) return Bytes();
  return file_.slice(section.offset, section.size);
}

}  // namespace skep::elf
