#include "btf/elf_section.hpp"

#include <array>

namespace skep::btf {
namespace {

constexpr std::string_view kElfMagic =
    "\x7f"
    "ELF";
constexpr u8 kClass64 = 2, kLittleEndian = 1;
constexpr u32 kNoBytes = 8;              // SHT_NOBITS
constexpr u64 kCompressed = 1 << 11;     // SHF_COMPRESSED
constexpr u32 kNamesElsewhere = 0xffff;  // SHN_XINDEX: in the first section's link

struct FileHeader {
  std::array<u8, 16> identity;
  le16 type, machine;
  le32 version;
  le64 entry, segments_offset, sections_offset;
  le32 flags;
  le16 header_size, segment_size, segment_count, section_size, section_count, names_section;
};

struct SectionHeader {
  le32 name, kind;
  le64 flags, address, offset, size;
  le32 link, info;
  le64 alignment, entry_size;
};

class Sections {
 public:
  static Result<Sections> read(Bytes file) {
    const auto header = TRY(file.read<FileHeader>(0).within("ELF header"));
    if (header.identity[4] != kClass64) {
      return Error(Fault::unsupported, "an ELF file of 32 bits, expected one of 64");
    }
    if (header.identity[5] != kLittleEndian) {
      return Error(Fault::unsupported, "a big-endian ELF file, expected a little-endian one");
    }
    if (header.sections_offset == 0) return Error(Fault::absent, "an ELF file without sections");
    if (header.section_size != sizeof(SectionHeader)) {
      return Error(Fault::malformed, format("ELF section headers of {} bytes, expected {}",
                                            u16{header.section_size}, sizeof(SectionHeader)));
    }
    Sections out(file, header.sections_offset);
    // More sections than 16 bits count are counted in the first one.
    const auto first = TRY(out.header(0));
    out.count_ = header.section_count != 0 ? u64{header.section_count} : u64{first.size};
    const u32 names =
        header.names_section == kNamesElsewhere ? u32{first.link} : u32{header.names_section};
    const auto names_header = TRY(out.header(names).within("ELF section names"));
    out.names_ =
        TRY(file.slice(names_header.offset, names_header.size).within("ELF section names"));
    return out;
  }

  Result<Bytes> find(std::string_view name) const {
    for (u64 number = 0; number < count_; ++number) {
      const auto section = TRY(header(number));
      const auto found = names_.c_string(section.name);
      if (!found.ok() || *found != name || section.kind == kNoBytes) continue;
      if ((section.flags & kCompressed) != 0) {
        return Error(Fault::unsupported, format("section {} is compressed", name),
                     "decompress it with objcopy --decompress-debug-sections");
      }
      return file_.slice(section.offset, section.size).within(format("section {}", name));
    }
    return Error(Fault::absent, format("no section {}", name));
  }

 private:
  Sections(Bytes file, u64 offset) : file_(file), offset_(offset) {}

  Result<SectionHeader> header(u64 number) const {
    if (number > file_.size()) return Error(Fault::malformed, "more ELF sections than bytes");
    return file_.read<SectionHeader>(offset_ + number * sizeof(SectionHeader))
        .within(format("ELF section {}", number));
  }

  Bytes file_, names_;
  u64 offset_;
  u64 count_ = 0;
};

}  // namespace

bool is_elf(Bytes file) {
  const auto magic = file.slice(0, kElfMagic.size());
  return magic.ok() && std::memcmp(magic->data(), kElfMagic.data(), kElfMagic.size()) == 0;
}

Result<Bytes> elf_section(Bytes file, std::string_view name) {
  const auto sections = TRY(Sections::read(file));
  return sections.find(name);
}

}  // namespace skep::btf
