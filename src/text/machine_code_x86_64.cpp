#include "base/text.hpp"
#include "text/machine_code.hpp"

#if __has_include(<Zydis/Zydis.h>)

#include <Zydis/Zydis.h>

#include "text/shared_library.hpp"

namespace skep::text {
namespace {

constexpr std::size_t kZydisTextBytes = 256;  // the longest line that Zydis writes is shorter

// The functions of the library, which stays loaded.
struct Zydis {
  decltype(&ZydisDecoderInit) decoder_init = nullptr;
  decltype(&ZydisDecoderDecodeFull) decode = nullptr;
  decltype(&ZydisFormatterInit) formatter_init = nullptr;
  decltype(&ZydisFormatterFormatInstruction) format = nullptr;

  bool is_complete() const {
    return decoder_init != nullptr && decode != nullptr && formatter_init != nullptr &&
           format != nullptr;
  }
};

Zydis load_zydis() {
  Zydis zydis;
  void* library = load_library("libZydis.so.4.0");
  if (library == nullptr) return zydis;
  find_in(library, "ZydisDecoderInit", zydis.decoder_init);
  find_in(library, "ZydisDecoderDecodeFull", zydis.decode);
  find_in(library, "ZydisFormatterInit", zydis.formatter_init);
  find_in(library, "ZydisFormatterFormatInstruction", zydis.format);
  return zydis;
}

const Zydis& zydis() {
  static const Zydis loaded = load_zydis();
  return loaded;
}

class ZydisDisassembler {
 public:
  ZydisDisassembler() {
    zydis().decoder_init(&decoder_, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    zydis().formatter_init(&formatter_, ZYDIS_FORMATTER_STYLE_ATT);
  }

  MachineInstruction at(std::span<const std::byte> code, u64 offset, u64 address) const {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char text[kZydisTextBytes];
    const auto rest = code.subspan(offset);
    if (!ZYAN_SUCCESS(
            zydis().decode(&decoder_, rest.data(), rest.size(), &instruction, operands)) ||
        !ZYAN_SUCCESS(zydis().format(&formatter_, &instruction, operands,
                                     instruction.operand_count_visible, text, sizeof text,
                                     address + offset, nullptr))) {
      return {offset, 1, format(".byte 0x{:x}", static_cast<unsigned>(rest[0]))};
    }
    return {offset, instruction.length, text};
  }

 private:
  ZydisDecoder decoder_;
  ZydisFormatter formatter_;
};

}  // namespace

Result<std::vector<MachineInstruction>> x86_64_instructions(std::span<const std::byte> code,
                                                            u64 address) {
  if (!zydis().is_complete()) {
    return Error(Fault::unsupported,
                 "there is no disassembler for code of x86-64: no libZydis.so.4.0",
                 "install libzydis4.0");
  }
  const ZydisDisassembler disassembler;
  std::vector<MachineInstruction> out;
  for (u64 offset = 0; offset < code.size(); offset += out.back().bytes)
    out.push_back(disassembler.at(code, offset, address));
  return out;
}

}  // namespace skep::text

#else

namespace skep::text {

Result<std::vector<MachineInstruction>> x86_64_instructions(std::span<const std::byte>, u64) {
  return Error(Fault::unsupported, "this skep has no disassembler for code of x86-64",
               "it has one where it was built with libzydis-dev");
}

}  // namespace skep::text

#endif
