#include "dwarf/elf_file.hpp"

#include <algorithm>
#include <array>

#include "dwarf/relocations.hpp"

namespace skep::dwarf {
namespace {

constexpr std::string_view kMagic =
    "\x7f"
    "ELF";
constexpr u8 kClass64 = 2, kLittleEndian = 1;
constexpr u16 kRelocatable = 1;                // ET_REL
constexpr u32 kRelocations = 4, kNoBytes = 8;  // SHT_RELA, SHT_NOBITS
constexpr u32 kNote = 7, kBuildId = 3;         // SHT_NOTE, NT_GNU_BUILD_ID
constexpr u64 kCompressed = 1 << 11;           // SHF_COMPRESSED
constexpr u32 kZlib = 1, kZstd = 2;            // ELFCOMPRESS_*
constexpr u32 kNamesElsewhere = 0xffff;        // SHN_XINDEX: in the first section's link
constexpr u64 kInflationMax = 1100;            // deflate cannot do better than 1032 to 1

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

struct CompressionHeader {
  le32 kind, reserved;
  le64 size, alignment;
};

struct NoteHeader {
  le32 name_size, size, kind;
};

Result<FileHeader> read_header(Bytes file) {
  const auto header = TRY(file.read<FileHeader>(0).within("ELF header"));
  if (std::memcmp(header.identity.data(), kMagic.data(), kMagic.size()) != 0) {
    return Error(Fault::malformed, "not an ELF file");
  }
  if (header.identity[4] != kClass64) {
    return Error(Fault::unsupported, "an ELF file of 32 bits, expected one of 64");
  }
  if (header.identity[5] != kLittleEndian) {
    return Error(Fault::unsupported, "a big-endian ELF file, expected a little-endian one");
  }
  if (header.sections_offset != 0 && header.section_size != sizeof(SectionHeader)) {
    return Error(Fault::malformed, format("ELF section headers of {} bytes, expected {}",
                                          u16{header.section_size}, sizeof(SectionHeader)));
  }
  return header;
}

Result<SectionHeader> section_header(Bytes file, const FileHeader& header, u64 number) {
  return file.read<SectionHeader>(header.sections_offset + number * sizeof(SectionHeader))
      .within(format("ELF section {}", number));
}

Result<ElfSection> section_of(Bytes file, const SectionHeader& header, Bytes names) {
  ElfSection section{
      .kind = header.kind, .flags = header.flags, .link = header.link, .info = header.info};
  section.name = TRY(names.c_string(header.name).within("ELF section names"));
  if (header.kind != kNoBytes) {
    section.bytes =
        TRY(file.slice(header.offset, header.size).within(format("section {}", section.name)));
  }
  return section;
}

}  // namespace

bool ElfFile::is_relocatable() const { return type_ == kRelocatable; }

Result<ElfFile> ElfFile::read(Bytes file) {
  const auto header = TRY(read_header(file));
  ElfFile out;
  out.type_ = header.type;
  out.machine_ = header.machine;
  if (header.sections_offset == 0) return out;
  // More sections than 16 bits count are counted in the first one.
  const auto first = TRY(section_header(file, header, 0));
  const u64 count = header.section_count != 0 ? u64{header.section_count} : u64{first.size};
  if (count > file.size() / sizeof(SectionHeader)) {
    return Error(Fault::malformed, format("{} ELF sections do not fit into the file", count));
  }
  const u32 names =
      header.names_section == kNamesElsewhere ? u32{first.link} : u32{header.names_section};
  const auto names_header = TRY(section_header(file, header, names));
  const Bytes name_bytes =
      TRY(file.slice(names_header.offset, names_header.size).within("ELF section names"));
  for (u64 number = 0; number < count; ++number) {
    const auto each = TRY(section_header(file, header, number));
    out.sections_.push_back(number == 0 ? ElfSection() : TRY(section_of(file, each, name_bytes)));
  }
  return out;
}

const ElfSection* ElfFile::find(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &ElfSection::name);
  return found == sections_.end() ? nullptr : &*found;
}

Result<Bytes> ElfFile::contents(const ElfSection* section, const Inflate& inflate) {
  if (section == nullptr) return Bytes();
  const Bytes bytes = TRY(unpacked(*section, inflate).within(format("section {}", section->name)));
  return is_relocatable() ? relocated(*section, bytes) : Result<Bytes>(bytes);
}

Result<Bytes> ElfFile::unpacked(const ElfSection& section, const Inflate& inflate) {
  if (section.name.starts_with(".zdebug_")) {
    // "ZLIB" and a big-endian size, as binutils wrote it before SHF_COMPRESSED.
    const auto size = TRY(section.bytes.read<be64>(4));
    return inflated(TRY(section.bytes.slice(12, section.bytes.size() - 12)), size, inflate);
  }
  if ((section.flags & kCompressed) == 0) return section.bytes;
  const auto header = TRY(section.bytes.read<CompressionHeader>(0));
  const Bytes packed =
      TRY(section.bytes.slice(sizeof header, section.bytes.size() - sizeof header));
  if (header.kind == kZlib) return inflated(packed, header.size, inflate);
  return Error(Fault::unsupported,
               header.kind == kZstd
                   ? std::string("it is compressed with zstd")
                   : format("it is compressed by the unknown method {}", u32{header.kind}),
               "make a copy with objcopy --decompress-debug-sections and give that");
}

Result<Bytes> ElfFile::inflated(Bytes packed, u64 size, const Inflate& inflate) {
  if (size / kInflationMax > packed.size()) {
    return Error(Fault::malformed,
                 format("{} cannot unpack to {}", counted(packed.size(), "byte"), size));
  }
  if (!inflate) return Error(Fault::unsupported, "it is compressed with zlib");
  made_.push_back(TRY(inflate(packed, size)));
  return Bytes(made_.back());
}

Result<Bytes> ElfFile::relocated(const ElfSection& section, Bytes bytes) {
  const auto number = static_cast<u32>(&section - sections_.data());
  for (const ElfSection& each : sections_) {
    if (each.kind != kRelocations || each.info != number || each.bytes.empty()) continue;
    if (each.link >= sections_.size()) {
      return Error(Fault::malformed, format("section {} has no symbols", each.name));
    }
    made_.emplace_back(bytes.span().begin(), bytes.span().end());
    TRY(relocate(made_.back(), each.bytes, sections_[each.link].bytes, machine_)
            .within(format("section {}", each.name)));
    return Bytes(made_.back());
  }
  return bytes;
}

Bytes ElfFile::build_id() const {
  for (const ElfSection& section : sections_) {
    if (section.kind != kNote || section.name != ".note.gnu.build-id") continue;
    const auto header = section.bytes.read<NoteHeader>(0);
    if (!header.ok() || header->kind != kBuildId) continue;
    const u64 name_size = (u64{header->name_size} + 3) / 4 * 4;
    const auto id = section.bytes.slice(sizeof(NoteHeader) + name_size, header->size);
    if (id.ok()) return *id;
  }
  return {};
}

}  // namespace skep::dwarf
