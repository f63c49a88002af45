#include "kernel/usdt_notes.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace skep::kernel {
namespace {

constexpr u32 kNoteType = 3;
constexpr std::string_view kOwner{"stapsdt\0", 8};

struct NoteHeader {
  le32 owner_bytes, bytes, type;
};
struct NoteAddresses {
  le64 probe, base, semaphore;
};

struct RegisterName {
  std::string_view name;
  u16 offset;
  u8 bytes;
};

#if defined(__x86_64__)
// struct pt_regs of arch/x86/include/asm/ptrace.h.
constexpr auto kRegisters = std::to_array<RegisterName>({
    {"r15", 0, 8},   {"r15d", 0, 4},  {"r15w", 0, 2},  {"r15b", 0, 1},  {"r14", 8, 8},
    {"r14d", 8, 4},  {"r14w", 8, 2},  {"r14b", 8, 1},  {"r13", 16, 8},  {"r13d", 16, 4},
    {"r13w", 16, 2}, {"r13b", 16, 1}, {"r12", 24, 8},  {"r12d", 24, 4}, {"r12w", 24, 2},
    {"r12b", 24, 1}, {"rbp", 32, 8},  {"ebp", 32, 4},  {"bp", 32, 2},   {"bpl", 32, 1},
    {"rbx", 40, 8},  {"ebx", 40, 4},  {"bx", 40, 2},   {"bl", 40, 1},   {"r11", 48, 8},
    {"r11d", 48, 4}, {"r11w", 48, 2}, {"r11b", 48, 1}, {"r10", 56, 8},  {"r10d", 56, 4},
    {"r10w", 56, 2}, {"r10b", 56, 1}, {"r9", 64, 8},   {"r9d", 64, 4},  {"r9w", 64, 2},
    {"r9b", 64, 1},  {"r8", 72, 8},   {"r8d", 72, 4},  {"r8w", 72, 2},  {"r8b", 72, 1},
    {"rax", 80, 8},  {"eax", 80, 4},  {"ax", 80, 2},   {"al", 80, 1},   {"rcx", 88, 8},
    {"ecx", 88, 4},  {"cx", 88, 2},   {"cl", 88, 1},   {"rdx", 96, 8},  {"edx", 96, 4},
    {"dx", 96, 2},   {"dl", 96, 1},   {"rsi", 104, 8}, {"esi", 104, 4}, {"si", 104, 2},
    {"sil", 104, 1}, {"rdi", 112, 8}, {"edi", 112, 4}, {"di", 112, 2},  {"dil", 112, 1},
    {"rip", 128, 8}, {"rsp", 152, 8}, {"esp", 152, 4}, {"sp", 152, 2},  {"spl", 152, 1},
});
#else
constexpr std::array<RegisterName, 0> kRegisters{};
#endif

std::optional<RegisterName> find_register(std::string_view name) {
  const auto found = std::ranges::find(kRegisters, name, &RegisterName::name);
  return found == kRegisters.end() ? std::nullopt : std::optional(*found);
}

Error unreadable(std::string_view argument) {
  return {Fault::unsupported, format("the argument {} cannot be read by programs", argument),
          "constants, registers and OFFSET(REGISTER) can"};
}

// All of `text` as a number; an empty one is 0.
std::optional<s64> signed_number(std::string_view text) {
  if (text.empty()) return 0;
  s64 value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? std::optional(value)
                                                                         : std::nullopt;
}

class NoteReader {
 public:
  NoteReader(const UserFile& file, u64 base) : file_(file), base_(base) {}

  struct Probe {
    std::string_view provider, name, arguments;
    NoteAddresses addresses;
  };

  Result<std::vector<Probe>> read(Bytes notes) {
    std::vector<Probe> out;
    for (u64 at = 0; at + sizeof(NoteHeader) <= notes.size();) {
      const auto header = TRY(notes.read<NoteHeader>(at));
      const u64 owner = at + sizeof(NoteHeader);
      const u64 body = owner + aligned(header.owner_bytes);
      const Bytes name = TRY(notes.slice(owner, header.owner_bytes));
      const Bytes description = TRY(notes.slice(body, header.bytes));
      if (header.type == kNoteType && is_owner(name)) out.push_back(TRY(probe(description)));
      at = body + aligned(header.bytes);
    }
    return out;
  }

  // Where an address of a note is in the file as it is now: prelink(8) may have moved it.
  std::optional<u64> offset(u64 address, const NoteAddresses& note) const {
    if (address == 0) return std::nullopt;
    return file_.file_offset(base_ == 0 ? address : address + (base_ - note.base));
  }

 private:
  static u64 aligned(u32 bytes) { return (u64{bytes} + 3) & ~u64{3}; }
  static bool is_owner(Bytes name) {
    return std::string_view(reinterpret_cast<const char*>(name.data()), name.size()) == kOwner;
  }

  static Result<Probe> probe(Bytes description) {
    Probe out{};
    out.addresses = TRY(description.read<NoteAddresses>(0));
    u64 at = sizeof(NoteAddresses);
    for (std::string_view* each : {&out.provider, &out.name, &out.arguments}) {
      *each = TRY(description.c_string(at));
      at += each->size() + 1;
    }
    return out;
  }

  const UserFile& file_;
  u64 base_;
};

Result<std::vector<UsdtArgument>> parse_arguments(std::string_view text) {
  std::vector<UsdtArgument> out;
  while (true) {
    const std::size_t begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) return out;
    text.remove_prefix(begin);
    // A memory operand of some architectures has a blank inside; of x86-64 none has.
    const std::string_view one = text.substr(0, text.find(' '));
    if (out.size() == kUsdtArgumentsMax) {
      return Error(Fault::unsupported, format("it has more than {} arguments", kUsdtArgumentsMax));
    }
    out.push_back(TRY(parse_argument(one)));
    text.remove_prefix(one.size());
  }
}

struct NoteSections {
  Bytes notes;
  u64 base = 0;  // address of .stapsdt.base
};

Result<NoteSections> find_sections(const UserFile& file) {
  NoteSections out;
  const elf::Sections& sections = file.sections();
  for (u64 number = 0; number < sections.count(); ++number) {
    const elf::SectionHeader section = TRY(sections.at(number));
    const std::string_view name = TRY(sections.name(section));
    if (name == ".note.stapsdt") out.notes = TRY(sections.contents(section));
    if (name == ".stapsdt.base") out.base = section.address;
  }
  return out;
}

Error no_probe(const UserFile& file, std::string_view wanted,
               const std::vector<NoteReader::Probe>& probes) {
  std::vector<std::string> names;
  for (const auto& each : probes) names.push_back(format("{}:{}", each.provider, each.name));
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string hint = did_you_mean(wanted, {names.begin(), names.end()});
  if (hint.empty()) {
    hint =
        names.empty() ? "it was built without probes (sys/sdt.h)" : "it has " + join(names, ", ");
  }
  return {Fault::absent, format("{} has no usdt probe {}", file.path(), wanted), std::move(hint)};
}

}  // namespace

Result<UsdtArgument> parse_argument(std::string_view text) {
  const std::size_t mark = text.find('@');
  const auto size = signed_number(text.substr(0, mark));
  if (mark == std::string_view::npos || mark == 0 || !size) return unreadable(text);
  const u64 bytes = static_cast<u64>(*size < 0 ? -*size : *size);
  if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8) return unreadable(text);
  UsdtArgument out{.bytes = static_cast<u8>(bytes), .is_signed = *size < 0};
  std::string_view place = text.substr(mark + 1);
  if (place.starts_with('$')) {
    const auto value = signed_number(place.substr(1));
    if (!value || place.size() == 1) return unreadable(text);
    out.value = *value;
    return out;
  }
  const std::size_t open = place.find('(');
  out.kind = open == std::string_view::npos ? ArgumentKind::in_register : ArgumentKind::in_memory;
  if (out.kind == ArgumentKind::in_memory) {
    const auto offset = signed_number(place.substr(0, open));
    if (!offset || !place.ends_with(')')) return unreadable(text);
    out.value = *offset;
    place = place.substr(open + 1, place.size() - open - 2);
  }
  if (!place.starts_with('%')) return unreadable(text);
  const auto found = find_register(place.substr(1));
  const bool is_base = found && (found->bytes == 8 || out.kind == ArgumentKind::in_register);
  if (!is_base || found->name == "rip") return unreadable(text);
  out.register_offset = found->offset;
  return out;
}

Result<std::vector<UsdtPlace>> usdt_places(const UserFile& file, std::string_view provider,
                                           std::string_view name) {
  const NoteSections sections = TRY(find_sections(file).within(file.path()));
  NoteReader reader(file, sections.base);
  const auto probes = TRY(reader.read(sections.notes).within(file.path()));
  std::vector<UsdtPlace> out;
  for (const auto& probe : probes) {
    if (probe.provider != provider || probe.name != name) continue;
    const auto offset = reader.offset(probe.addresses.probe, probe.addresses);
    if (!offset)
      return Error(Fault::malformed, format("{}: a probe is in no section", file.path()));
    UsdtPlace place{.offset = *offset, .semaphore = 0, .arguments = {}};
    place.semaphore = reader.offset(probe.addresses.semaphore, probe.addresses).value_or(0);
    place.arguments = TRY(parse_arguments(probe.arguments).within(format("{}:{}", provider, name)));
    out.push_back(std::move(place));
  }
  if (out.empty()) return no_probe(file, format("{}:{}", provider, name), probes);
  return out;
}

}  // namespace skep::kernel
