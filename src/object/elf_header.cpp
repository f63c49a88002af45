// Each wrong kind of file has its own message, because each has its own remedy.
#include "object/elf_header.hpp"

#include <elf.h>

#include "base/text.hpp"

namespace skep::object {
namespace {

constexpr u16 kMachineBpf = 247;

Result<void> check_identity(Bytes file) {
  if (file.empty()) return Error(Fault::malformed, "the file is empty");
  if (!elf::is_elf(file)) {
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

Result<elf::FileHeader> bpf_file_header(Bytes file) {
  TRY(check_identity(file));
  const elf::FileHeader header = TRY(file.read<elf::FileHeader>(0).within("ELF header"));
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
  if (header.section_size != sizeof(elf::SectionHeader)) {
    return Error(Fault::malformed,
                 format("ELF header at offset 0x3a: section headers of {}, "
                        "expected {}",
                        counted(header.section_size, "byte"), sizeof(elf::SectionHeader)));
  }
  return header;
}

}  // namespace skep::object
