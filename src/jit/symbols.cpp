#include "jit/symbols.hpp"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "jit/target.hpp"

// The interface that gdb looks for by name ("JIT Compilation Interface" in its manual). Weak:
// another JIT in the same process may bring the same.
struct jit_code_entry {
  jit_code_entry* next_entry;
  jit_code_entry* prev_entry;
  const char* symfile_addr;
  skep::u64 symfile_size;
};

struct jit_descriptor {
  skep::u32 version;
  skep::u32 action_flag;  // 1: registered, 2: unregistered
  jit_code_entry* relevant_entry;
  jit_code_entry* first_entry;
};

#ifdef __clang__
#pragma clang diagnostic ignored "-Wreserved-identifier"  // the names are gdb's
#endif
extern "C" {
[[gnu::weak, gnu::noinline]] void __jit_debug_register_code() { asm volatile("" ::: "memory"); }
[[gnu::weak]] jit_descriptor __jit_debug_descriptor = {1, 0, nullptr, nullptr};
}

namespace skep::jit {
namespace {

enum Section : u16 { kNone, kText, kSymbols, kStrings, kSections };

std::mutex& gdb_mutex() {
  static std::mutex mutex;
  return mutex;
}

class StringTable {
 public:
  u32 add(std::string_view text) {
    const auto at = static_cast<u32>(bytes_.size());
    bytes_.append(text).push_back('\0');
    return at;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_ = std::string(1, '\0');
};

template <class T>
void append(std::vector<u8>& out, const T* items, std::size_t count) {
  const auto* bytes = reinterpret_cast<const u8*>(items);
  out.insert(out.end(), bytes, bytes + count * sizeof(T));
}

std::vector<Elf64_Sym> elf_symbols(std::span<const Symbol> symbols, StringTable& strings) {
  std::vector<Elf64_Sym> out(1);
  for (const Symbol& symbol : symbols) {
    Elf64_Sym& row = out.emplace_back();
    row.st_name = strings.add(symbol.name);
    row.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    row.st_shndx = kText;
    row.st_value = symbol.address;
    row.st_size = symbol.size;
  }
  return out;
}

Elf64_Ehdr elf_header(u64 sections_at) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = target::kMachine.elf_machine;
  header.e_version = EV_CURRENT;
  header.e_shoff = sections_at;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = kSections;
  header.e_shstrndx = kStrings;
  return header;
}

}  // namespace

// Header, symbols, strings, section headers. Section names stand among the other strings.
std::vector<u8> symbol_file(std::span<const Symbol> symbols, u64 begin, u64 size) {
  StringTable strings;
  const std::vector<Elf64_Sym> table = elf_symbols(symbols, strings);
  Elf64_Shdr sections[kSections] = {};
  sections[kText].sh_name = strings.add(".text");
  sections[kSymbols].sh_name = strings.add(".symtab");
  sections[kStrings].sh_name = strings.add(".strtab");

  sections[kText].sh_type = SHT_NOBITS;
  sections[kText].sh_flags = SHF_ALLOC | SHF_EXECINSTR;
  sections[kText].sh_addr = begin;
  sections[kText].sh_size = size;
  sections[kText].sh_addralign = 16;

  sections[kSymbols].sh_type = SHT_SYMTAB;
  sections[kSymbols].sh_offset = sizeof(Elf64_Ehdr);
  sections[kSymbols].sh_size = table.size() * sizeof(Elf64_Sym);
  sections[kSymbols].sh_link = kStrings;
  sections[kSymbols].sh_info = 1;  // the first that is global
  sections[kSymbols].sh_addralign = 8;
  sections[kSymbols].sh_entsize = sizeof(Elf64_Sym);

  sections[kStrings].sh_type = SHT_STRTAB;
  sections[kStrings].sh_offset = sections[kSymbols].sh_offset + sections[kSymbols].sh_size;
  sections[kStrings].sh_size = strings.bytes().size();
  sections[kStrings].sh_addralign = 1;

  const u64 end = sections[kStrings].sh_offset + sections[kStrings].sh_size;
  const u64 sections_at = (end + 7) / 8 * 8;
  const Elf64_Ehdr header = elf_header(sections_at);
  std::vector<u8> out;
  append(out, &header, 1);
  append(out, table.data(), table.size());
  append(out, strings.bytes().data(), strings.bytes().size());
  out.resize(sections_at);
  append(out, sections, kSections);
  return out;
}

struct Registration::Entry : jit_code_entry {};

Registration::Registration(std::span<const Symbol> symbols, u64 begin, u64 size)
    : file_(symbol_file(symbols, begin, size)), entry_(std::make_unique<Entry>()) {
  const std::lock_guard lock(gdb_mutex());
  entry_->symfile_addr = reinterpret_cast<const char*>(file_.data());
  entry_->symfile_size = file_.size();
  entry_->next_entry = __jit_debug_descriptor.first_entry;
  if (entry_->next_entry != nullptr) entry_->next_entry->prev_entry = entry_.get();
  __jit_debug_descriptor.first_entry = entry_.get();
  __jit_debug_descriptor.relevant_entry = entry_.get();
  __jit_debug_descriptor.action_flag = 1;
  __jit_debug_register_code();
}

Registration::~Registration() {
  const std::lock_guard lock(gdb_mutex());
  jit_code_entry* const before = entry_->prev_entry;
  jit_code_entry* const after = entry_->next_entry;
  (before != nullptr ? before->next_entry : __jit_debug_descriptor.first_entry) = after;
  if (after != nullptr) after->prev_entry = before;
  __jit_debug_descriptor.relevant_entry = entry_.get();
  __jit_debug_descriptor.action_flag = 2;
  __jit_debug_register_code();
}

void tell_perf(std::span<const Symbol> symbols) {
  const char* wanted = std::getenv("SKEP_PERF_MAP");
  if (wanted == nullptr || std::string_view(wanted) != "1") return;
  const std::string path = format("/tmp/perf-{}.map", ::getpid());
  std::string lines;
  for (const Symbol& symbol : symbols) {
    lines += format("{:x} {:x} {}\n", symbol.address, symbol.size, symbol.name);
  }
  auto fd = Fd::open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
  if (!fd) return;
  const auto written = write_all(*fd, path, std::as_bytes(std::span(lines)));
  static_cast<void>(written);
}

}  // namespace skep::jit
