#include "dwarf/elf_file.hpp"

#include <elf.h>

#include <algorithm>

#include "base/elf_reader.hpp"
#include "dwarf/relocations.hpp"

namespace skep::dwarf {
namespace {

constexpr u32 kZstd = ELFCOMPRESS_ZLIB + 1;  // ELFCOMPRESS_ZSTD of newer headers
constexpr u64 kInflationMax = 1100;          // deflate cannot do better than 1032 to 1

struct CompressionHeader {
  le32 kind, reserved;
  le64 size, alignment;
};

struct NoteHeader {
  le32 name_size, size, kind;
};

}  // namespace

bool ElfFile::is_relocatable() const { return type_ == ET_REL; }

Result<ElfFile> ElfFile::read(Bytes file) {
  const auto sections = TRY(elf::Sections::read(file));
  ElfFile out;
  out.type_ = sections.header().type;
  out.machine_ = sections.header().machine;
  for (u64 number = 0; number < sections.count(); ++number) {
    ElfSection& section = out.sections_.emplace_back();
    if (number == 0) continue;  // no section, but what the file's header has no room for
    const auto header = TRY(sections.at(number));
    section = {
        .kind = header.kind, .flags = header.flags, .link = header.link, .info = header.info};
    section.name = TRY(sections.name(header));
    section.bytes = TRY(sections.contents(header).within(format("section {}", section.name)));
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
  if ((section.flags & SHF_COMPRESSED) == 0) return section.bytes;
  const auto header = TRY(section.bytes.read<CompressionHeader>(0));
  const Bytes packed =
      TRY(section.bytes.slice(sizeof header, section.bytes.size() - sizeof header));
  if (header.kind == ELFCOMPRESS_ZLIB) return inflated(packed, header.size, inflate);
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
    if (each.kind != SHT_RELA || each.info != number || each.bytes.empty()) continue;
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
    if (section.kind != SHT_NOTE || section.name != ".note.gnu.build-id") continue;
    const auto header = section.bytes.read<NoteHeader>(0);
    if (!header.ok() || header->kind != NT_GNU_BUILD_ID) continue;
    const u64 name_size = (u64{header->name_size} + 3) / 4 * 4;
    const auto id = section.bytes.slice(sizeof(NoteHeader) + name_size, header->size);
    if (id.ok()) return *id;
  }
  return {};
}

}  // namespace skep::dwarf
