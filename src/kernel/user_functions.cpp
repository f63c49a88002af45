#include "kernel/user_functions.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kSymbolTable = 2, kDynamicSymbols = 11, kNoBytes = 8;  // sh_type
constexpr u8 kFunctionSymbol = 2, kIndirectSymbol = 10;              // st_info's low half
constexpr u32 kFirstReservedSection = 0xff00;

// As ld.so, but for its cache; Debian's folders of this machine first.
constexpr std::string_view kLibraryFolders =
#if defined(__x86_64__)
    "/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu:"
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu:/lib/aarch64-linux-gnu:"
#endif
    "/usr/lib64:/usr/lib:/lib64:/lib";

std::optional<std::string> in_folders(std::string_view folders, std::string_view name, int mode) {
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    std::string path = format("{}/{}", folder, name);
    if (!folder.empty() && ::access(path.c_str(), mode) == 0) return path;
  }
  return std::nullopt;
}

std::string_view environment(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::string_view(value);
}

// Whether the text at `offset` is `name`, without looking for its end.
bool is_called(Bytes names, u32 offset, std::string_view name) {
  if (offset > names.size() || names.size() - offset <= name.size()) return false;
  const auto* text = reinterpret_cast<const char*>(names.data()) + offset;
  return std::memcmp(text, name.data(), name.size()) == 0 && text[name.size()] == 0;
}

}  // namespace

// Elf64_Sym.
struct UserFile::Symbol {
  le32 name;
  u8 info, other;
  le16 section;
  le64 value, size;
};

Result<std::string> find_binary(std::string_view name) {
  if (name.find('/') != std::string_view::npos) return std::string(name);
  const bool is_library = name.find(".so") != std::string_view::npos;
  std::optional<std::string> found;
  if (is_library) {
    found = in_folders(environment("LD_LIBRARY_PATH", ""), name, R_OK);
    if (!found) found = in_folders(kLibraryFolders, name, R_OK);
  } else {
    found = in_folders(environment("PATH", "/usr/bin:/bin:/usr/sbin:/sbin"), name, X_OK);
  }
  if (found) return std::move(*found);
  return Error(Fault::absent, format("no {} {} is found", is_library ? "library" : "program", name),
               is_library ? "it is looked for in LD_LIBRARY_PATH and the system's folders of "
                            "libraries; write its path"
                          : "it is looked for in PATH; write its path");
}

Result<UserFile> UserFile::open(const std::string& path) {
  Mapping file = TRY(Mapping::of_file(path));
  const elf::Sections sections = TRY(elf::Sections::read(file.bytes()).within(path));
  return UserFile(path, std::move(file), sections);
}

Result<void> UserFile::for_each_function(const Take& take) const {
  for (u64 number = 0; number < sections_.count(); ++number) {
    const elf::SectionHeader section = TRY(sections_.at(number));
    if (section.kind != kSymbolTable && section.kind != kDynamicSymbols) continue;
    if (!TRY(for_each_of(section, take).within(path_))) return {};
  }
  return {};
}

Result<bool> UserFile::for_each_of(const elf::SectionHeader& table, const Take& take) const {
  const Bytes symbols = TRY(sections_.contents(table));
  const Bytes names = TRY(sections_.contents(TRY(sections_.at(table.link))));
  for (u64 at = 0; at + sizeof(Symbol) <= symbols.size(); at += sizeof(Symbol)) {
    Symbol symbol;
    std::memcpy(&symbol, symbols.data() + at, sizeof(symbol));
    const u8 kind = symbol.info & 0xf;
    const bool is_function = kind == kFunctionSymbol || kind == kIndirectSymbol;
    if (!is_function || symbol.section == 0 || symbol.section >= kFirstReservedSection) continue;
    if (!take(symbol, names)) return false;
  }
  return true;
}

Result<std::optional<u64>> UserFile::place_of(const Symbol& symbol) const {
  const elf::SectionHeader section = TRY(sections_.at(symbol.section));
  if (section.kind == kNoBytes || symbol.value < section.address) return std::optional<u64>();
  return std::optional(symbol.value - section.address + section.offset);
}

Result<u64> UserFile::offset_of(std::string_view function) const {
  std::optional<Symbol> found;
  TRY(for_each_function([&](const Symbol& symbol, Bytes names) {
    if (is_called(names, symbol.name, function)) found = symbol;
    return !found;
  }));
  if (found) {
    if (const auto place = TRY(place_of(*found))) return *place;
    return Error(Fault::malformed, format("{}: {} is not in the file", path_, function));
  }
  std::vector<std::string_view> known;
  TRY(for_each_function([&](const Symbol& symbol, Bytes names) {
    if (const auto name = names.c_string(symbol.name); name.ok()) known.push_back(*name);
    return true;
  }));
  std::string hint = did_you_mean(function, known);
  if (known.empty()) hint = "the file has no symbols: it is stripped; probe PATH:0xOFFSET instead";
  return Error(Fault::absent, format("{} has no function {}", path_, function), std::move(hint));
}

Result<std::vector<UserFunction>> UserFile::functions_matching(std::string_view pattern) const {
  std::vector<std::pair<std::string_view, Symbol>> matching;
  TRY(for_each_function([&](const Symbol& symbol, Bytes names) {
    const auto name = names.c_string(symbol.name);
    if (name.ok() && matches_pattern(*name, pattern)) matching.emplace_back(*name, symbol);
    return true;
  }));
  std::vector<UserFunction> out;
  for (const auto& [name, symbol] : matching) {
    if (const auto place = TRY(place_of(symbol))) out.push_back({std::string(name), *place});
  }
  std::ranges::sort(out);
  const auto repeated = std::ranges::unique(out, {}, &UserFunction::offset);
  out.erase(repeated.begin(), repeated.end());
  return out;
}

std::optional<u64> UserFile::file_offset(u64 address) const {
  for (u64 number = 0; number < sections_.count(); ++number) {
    const auto section = sections_.at(number);
    if (!section.ok() || section->kind == kNoBytes || section->address == 0) continue;
    if (address >= section->address && address - section->address < section->size) {
      return address - section->address + section->offset;
    }
  }
  return std::nullopt;
}

}  // namespace skep::kernel
