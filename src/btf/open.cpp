// Types from a file: of raw BTF, as the kernel shows its own, or of an ELF file that has a section
// of it.
#include "base/elf_reader.hpp"
#include "btf/elf_section.hpp"
#include "btf/layout.hpp"
#include "btf/section_reader.hpp"
#include "btf/split.hpp"

namespace skep::btf {
namespace {

Result<Bytes> section_of(Bytes file) {
  if (file.empty()) return Error(Fault::malformed, "the file is empty");
  if (!elf::is_elf(file)) return file;
  auto section = elf_section(file, ".BTF");
  if (section.ok() || section.error().fault != Fault::absent) return section;
  return Error(Fault::absent, section.error().message + ", so it has no types",
               "compile for BPF with -g, or add them to another program with pahole --btf_encode");
}

Result<Types> open_file(const std::string& path, std::shared_ptr<const Types> base, Walk walk) {
  Mapping file = TRY(Mapping::of_file(path));
  const Bytes section = TRY(section_of(file.bytes()).within(path));
  return SectionReader(std::move(base), walk).mapped(std::move(file), section).within(path);
}

}  // namespace

Result<Types> Types::open(const std::string& path, std::shared_ptr<const Types> base) {
  return open_file(path, std::move(base), Walk::now);
}

Result<Types> Types::open_for_lookups(const std::string& path, std::shared_ptr<const Types> base) {
  return open_file(path, std::move(base), Walk::later);
}

Result<bool> is_split(const std::string& path) {
  const Mapping file = TRY(Mapping::of_file(path));
  const Bytes section = TRY(section_of(file.bytes()).within(path));
  const auto head = section.read<Header>(0);
  if (!head.ok() || head->magic != kMagic) return false;
  if (head->string_size == 0) return true;
  const auto first = section.read<u8>(u64{head->header_size} + head->string_offset);
  return first.ok() && *first != 0;
}

}  // namespace skep::btf
