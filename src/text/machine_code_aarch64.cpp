// Capstone 4 knows the instructions of Armv8.0. The atomic operations of Armv8.1 that compilers of
// BPF make are rows of a table here, by the Arm Architecture Reference Manual (DDI 0487, C4.1,
// "Atomic memory operations" and "Compare and swap"); any other word that is not known is ".word".
#include "base/text.hpp"
#include "text/machine_code.hpp"

#if __has_include(<capstone/capstone.h>)

#include <capstone/capstone.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "text/shared_library.hpp"

namespace skep::text {
namespace {

constexpr u64 kWordBytes = 4;

// Atomic operations of one instruction (FEAT_LSE), without the bits of size, order and registers.
struct AtomicForm {
  u32 mask;
  u32 bits;
  u32 acquires, releases;  // the bits that say so
  std::string_view name;
  std::string_view without_result;  // where what memory had goes to the zero register
};
constexpr u32 kUpdateMask = 0x3f20fc00, kAcquires = 1 << 23, kReleases = 1 << 22;
constexpr auto kAtomicForms = std::to_array<AtomicForm>({
    {kUpdateMask, 0x38200000, kAcquires, kReleases, "ldadd", "stadd"},
    {kUpdateMask, 0x38201000, kAcquires, kReleases, "ldclr", "stclr"},
    {kUpdateMask, 0x38202000, kAcquires, kReleases, "ldeor", "steor"},
    {kUpdateMask, 0x38203000, kAcquires, kReleases, "ldset", "stset"},
    {kUpdateMask, 0x38208000, kAcquires, kReleases, "swp", ""},
    {0x3fa07c00, 0x08a07c00, 1 << 22, 1 << 15, "cas", ""},
});

std::string register_name(u32 number, char letter, std::string_view number_31) {
  return number == 31 ? std::string(number_31) : format("{}{}", letter, number);
}

// "ldaddal x1, x2, [x3]", or an empty text.
std::string atomic_text(u32 word) {
  const auto* const row = std::ranges::find_if(
      kAtomicForms, [&](auto& each) { return (word & each.mask) == each.bits; });
  if (row == kAtomicForms.end()) return {};
  constexpr std::string_view kSizes[] = {"b", "h", "", ""};
  const u32 size = word >> 30, result = word & 31;
  const bool acquires = (word & row->acquires) != 0;
  const bool has_result = result != 31 || acquires || row->without_result.empty();
  const auto data = [&](u32 number) {
    return size == 3 ? register_name(number, 'x', "xzr") : register_name(number, 'w', "wzr");
  };
  std::string out(has_result ? row->name : row->without_result);
  out += format("{}{}{} {}, ", acquires ? "a" : "", (word & row->releases) != 0 ? "l" : "",
                kSizes[size], data(word >> 16 & 31));
  if (has_result) out += data(result) + ", ";
  return out + format("[{}]", register_name(word >> 5 & 31, 'x', "sp"));
}

std::string word_text(u32 word) {
  std::string out = atomic_text(word);
  return out.empty() ? format(".word 0x{:x}", word) : out;
}

// The functions of the library, which stays loaded.
struct Capstone {
  decltype(&cs_open) open = nullptr;
  decltype(&cs_close) close = nullptr;
  decltype(&cs_disasm) disassemble = nullptr;
  decltype(&cs_free) free = nullptr;

  bool is_complete() const {
    return open != nullptr && close != nullptr && disassemble != nullptr && free != nullptr;
  }
};

Capstone load_capstone() {
  Capstone capstone;
  void* library = load_library("libcapstone.so.4");
  if (library == nullptr) return capstone;
  find_in(library, "cs_open", capstone.open);
  find_in(library, "cs_close", capstone.close);
  find_in(library, "cs_disasm", capstone.disassemble);
  find_in(library, "cs_free", capstone.free);
  return capstone;
}

const Capstone& capstone() {
  static const Capstone loaded = load_capstone();
  return loaded;
}

class CapstoneDisassembler {
 public:
  CapstoneDisassembler() {
    is_open_ = capstone().open(CS_ARCH_ARM64, CS_MODE_LITTLE_ENDIAN, &handle_) == CS_ERR_OK;
  }
  CapstoneDisassembler(const CapstoneDisassembler&) = delete;
  CapstoneDisassembler& operator=(const CapstoneDisassembler&) = delete;
  ~CapstoneDisassembler() {
    if (is_open_) (void)capstone().close(&handle_);
  }
  bool is_open() const { return is_open_; }

  MachineInstruction at(std::span<const std::byte> code, u64 offset, u64 address) const {
    const auto rest = code.subspan(offset, std::min<u64>(kWordBytes, code.size() - offset));
    cs_insn* found = nullptr;
    if (capstone().disassemble(handle_, reinterpret_cast<const u8*>(rest.data()), rest.size(),
                               address + offset, 1, &found) == 0) {
      u32 word = 0;
      std::memcpy(&word, rest.data(), rest.size());
      return {offset, static_cast<u32>(rest.size()), word_text(word)};
    }
    // Those without operands end with a blank there.
    std::string text = found->mnemonic;
    while (text.ends_with(' ')) text.pop_back();
    if (found->op_str[0] != 0) text += format(" {}", static_cast<const char*>(found->op_str));
    capstone().free(found, 1);
    return {offset, kWordBytes, std::move(text)};
  }

 private:
  csh handle_ = 0;
  bool is_open_ = false;
};

}  // namespace

Result<std::vector<MachineInstruction>> aarch64_instructions(std::span<const std::byte> code,
                                                             u64 address) {
  if (!capstone().is_complete()) {
    return Error(Fault::unsupported,
                 "there is no disassembler for code of aarch64: no libcapstone.so.4",
                 "install libcapstone4");
  }
  const CapstoneDisassembler disassembler;
  if (!disassembler.is_open()) {
    return Error(Fault::unsupported, "libcapstone.so.4 was built without aarch64",
                 "install Debian's libcapstone4");
  }
  std::vector<MachineInstruction> out;
  for (u64 offset = 0; offset < code.size(); offset += out.back().bytes)
    out.push_back(disassembler.at(code, offset, address));
  return out;
}

}  // namespace skep::text

#else

namespace skep::text {

Result<std::vector<MachineInstruction>> aarch64_instructions(std::span<const std::byte>, u64) {
  return Error(Fault::unsupported, "this skep has no disassembler for code of aarch64",
               "it has one where it was built with libcapstone-dev");
}

}  // namespace skep::text

#endif
