// Each wrong kind of file has its own message, because each has its own remedy.
#include "object/elf_header.hpp"

#include <elf.h>

namespace skep::object {
namespace {

constexpr u16 kMachineBpf = 247;

static_assert(sizeof(FileHeader) == sizeof(Elf64_Ehdr));
static_assert(sizeof(SectionHeader) == sizeof(Elf64_Shdr));

Result<void> check_identity(Bytes file) {
  constexpr std::string_view kMagic = "\177ELF";
  const auto magic = file.slice(0, kMagic.size());
  if (file.empty()) return Error(Fault::malformed, "the file is empty");
  if (!magic.ok() || std::memcmp(magic->data(), kMagic.data(), kMagic.size()) != 0) {
    return Error(Fault::malformed, "not an ELF file",
                 "BPF objects are made by clang --target=bpf -c");
  }
  const auto identity = TRY(file.read<std::array<u8, 16>>(0).within("ELF header"));
  if (identity[EI_CLASS] != ELFCLASS64) {
    return Error(Fault::unsupported,
                 format("ELF header at offset 0x4: class {}, expected 64-bit", identity[EI_CLASS]));
  }
  if (identity[EI_DATA] == ELFDATA2MSB) {
    return Error(Fault::unsupported, "ELF header at offset 0x5: the object is big-endian",
                 "compile with --target=bpfel");
  }
  if (identity[EI_DATA] != ELFDATA2LSB) {
    return Error(Fault::malformed,
                 format("ELF header at offset 0x5: unknown byte order {}", identity[EI_DATA]));
  }
  return {};
}

}  // namespace

Result<FileHeader> FileHeader::read(Bytes file) {
  TRY(check_identity(file));
  const FileHeader header = TRY(file.read<FileHeader>(0).within("ELF header"));
  if (header.machine != kMachineBpf) {
    return Error(Fault::unsupported,
                 format("ELF header at offset 0x12: machine {}, expected {} (BPF)",
                        u16{header.machine}, kMachineBpf),
                 "compile with --target=bpf");
  }
  if (header.type != ET_REL) {
    return Error(Fault::unsupported, format("ELF header at offset 0x10: type {}, expected {} "
                                            "(relocatable)",
                                            u16{header.type}, ET_REL));
  }
  if (header.section_size != sizeof(SectionHeader)) {
    return Error(Fault::malformed,
                 format("ELF header at offset 0x3a: section headers of {}, "
                        "expected {}",
                        counted(header.section_size, "byte"), sizeof(SectionHeader)));
  }
  return header;
}

}  // namespace skep::object
