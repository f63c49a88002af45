// The assembler and disassembler on whatever comes.
//
// The first byte chooses: text, which may be refused but not crash, and which, once assembled, is
// the same after disassembling and assembling again; a whole object, which must be written as ELF;
// or slots, which, once decoded, survive text in both directions and encode to the same bytes.
#include <cstdlib>
#include <cstring>

#include "isa/instruction.hpp"
#include "text/text.hpp"

namespace {

using namespace skep;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_round_trip(const isa::Code& code) {
  for (const auto numbers : {text::Numbers::decimal, text::Numbers::hexadecimal}) {
    for (const auto targets : {text::Targets::distance, text::Targets::label}) {
      text::Style style;
      style.numbers = numbers;
      style.targets = targets;
      const auto again = text::assemble(text::disassemble(code, style));
      require(again.ok() && *again == code);
    }
  }
  // LLVM's notation says less, but is always printed.
  require(!text::disassemble(code, text::kObjdump).empty());
}

void from_text(std::string_view source) {
  const auto code = text::assemble(source);
  if (!code.ok()) return;
  check_round_trip(*code);
  const auto slots = isa::encode(*code);
  require(slots.ok());
  const auto decoded = isa::decode(*slots);
  require(decoded.ok() && *decoded == *code);
}

void from_object(std::string_view source) {
  const auto sections = text::assemble_object(source);
  if (sections.ok()) require(text::write_elf(*sections).ok());
}

void from_slots(const std::uint8_t* data, std::size_t size) {
  std::vector<isa::Slot> slots(size / sizeof(isa::Slot));
  if (!slots.empty()) std::memcpy(slots.data(), data, slots.size() * sizeof(isa::Slot));
  const auto code = isa::decode(slots);
  if (!code.ok()) return;
  check_round_trip(*code);
  const auto encoded = isa::encode(*code);
  require(encoded.ok() && *encoded == slots);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view source(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: from_text(source); break;
    case 1: from_object(source); break;
    default: from_slots(data + 1, size - 1);
  }
  return 0;
}
