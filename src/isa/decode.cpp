// Slots to instructions. Every field that RFC 9669 reserves is checked here, so that no later stage
// has to.
#include <array>
#include <bit>

#include "base/text.hpp"
#include "isa/tables.hpp"

namespace skep::isa {
namespace {

// Which fields of a slot mean something; the others must be zero.
struct Used {
  bool dst = false;
  bool src = false;
  bool offset = false;
  bool immediate = false;
};

// The operation of an opcode whose offset field is 0, by its code; found in one step.
constexpr auto kPlainAlu = [] {
  std::array<Alu, 16> out{};
  for (std::size_t code = 0; code < out.size(); ++code) {
    out[code] = kAlu.find([&](const AluRow& row) { return row.code == code && row.offset == 0; });
  }
  return out;
}();
constexpr auto kJumpOfCode = [] {
  std::array<Jump, 16> out{};
  for (std::size_t code = 0; code < out.size(); ++code) {
    out[code] = kJump.find([&](const JumpRow& row) { return row.code == code; });
  }
  return out;
}();

// "b7 00 00 00 01 00 00 00"
std::string text_of(const Slot& slot) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const u8 byte : std::bit_cast<std::array<u8, sizeof(Slot)>>(slot)) {
    if (!out.empty()) out += ' ';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xf];
  }
  return out;
}

class Decoder {
 public:
  Decoder(std::span<const Slot> slots, Unknown unknown)
      : slots_(slots), unknown_(unknown), instruction_at_(slots.size(), kInsideWide) {}

  Result<Code> run() {
    if (slots_.empty()) return Error(Fault::malformed, "the program has no instructions");
    code_.reserve(slots_.size());
    for (at_ = 0; at_ < slots_.size(); ++at_) {
      const std::size_t first = at_;
      instruction_at_[first] = static_cast<u32>(code_.size());
      Result<Instruction> known = one(slots_[at_]);
      if (!known.ok() && unknown_ == Unknown::refuse) return std::move(known).error();
      code_.push_back(known.ok() ? *known : unknown(first));
      code_.back().slot = SlotIndex(first);
    }
    TRY(resolve_targets());
    return std::move(code_);
  }

 private:
  static constexpr u32 kInsideWide = ~0u;

  Error malformed(std::string_view what) const {
    return {Fault::malformed, format("slot {}: {} (bytes {})", at_, what, text_of(slots_[at_]))};
  }
  // Of what a newer instruction set may define.
  Error unknown_instruction(std::string_view what) const {
    Error error = malformed(what);
    error.hint = kUnknownHint;
    return error;
  }
  // In place of the one that begins at slot `at`, and of nothing behind it.
  Instruction unknown(std::size_t at) {
    at_ = at;
    return {.form = Form::unknown, .immediate = std::bit_cast<s64>(slots_[at])};
  }

  Result<void> reserve(const Slot& slot, Used used) const {
    if (used.dst ? slot.dst() >= kRegisters : slot.dst() != 0) {
      return unknown_instruction(format("destination register field is {}, expected {}", slot.dst(),
                                        used.dst ? "0 to 10" : "0"));
    }
    if (used.src ? slot.src() >= kRegisters : slot.src() != 0) {
      return unknown_instruction(format("source register field is {}, expected {}", slot.src(),
                                        used.src ? "0 to 10" : "0"));
    }
    if (!used.offset && slot.offset != 0)
      return unknown_instruction(format("offset field is {}, expected 0", slot.offset));
    if (!used.immediate && slot.immediate != 0) {
      return unknown_instruction(format("immediate field is {}, expected 0", slot.immediate));
    }
    return {};
  }

  Result<Instruction> one(const Slot& slot) {
    switch (slot.opcode & 7) {
      case kLd: return slot.opcode >> 5 == kImm ? wide(slot) : packet_load(slot);
      case kLdx: return load(slot);
      case kSt:
      case kStx: return store(slot);
      case kAlu32:
      case kAlu64: return slot.opcode >> 4 == kEndCode ? byte_order(slot) : alu(slot);
      default: return jump(slot);
    }
  }

  Result<Instruction> wide(const Slot& slot) {
    if (width_of_size(slot.opcode) != Width::w64) return unknown_instruction("unknown opcode");
    if (slot.src() >= kCount<Constant>) {
      return unknown_instruction(format("64-bit immediate of unknown kind {}", slot.src()));
    }
    TRY(reserve(Slot{slot.opcode, slot.dst(), slot.offset, 0}, {.dst = true}));
    if (at_ + 1 == slots_.size())
      return malformed("64-bit immediate is cut: its second slot is missing");
    const std::size_t first = at_;
    const Slot& high = slots_[++at_];
    if (high.opcode != 0 || high.registers != 0 || high.offset != 0) {
      return unknown_instruction(
          "second slot of a 64-bit immediate has fields other than the immediate");
    }
    Instruction out{.form = Form::constant, .operation = slot.src(), .dst = slot.dst()};
    if (high.immediate != 0 && !uses_high_half(out.constant())) {
      return unknown_instruction(
          format("second slot holds {}, expected 0 for this kind of constant", high.immediate));
    }
    // code_addr() counts from the slot behind the first one, as a call does.
    if (out.constant() == Constant::function) return aimed_from(first, out, slot.immediate);
    out.immediate = static_cast<s64>(u64{static_cast<u32>(slot.immediate)} |
                                     u64{static_cast<u32>(high.immediate)} << 32);
    return out;
  }

  // RFC 9669, 5.4 gives next_imm a meaning in these; Linux names the BTF object of a variable
  // there.
  static constexpr bool uses_high_half(Constant kind) {
    return kind != Constant::map && kind != Constant::map_by_index && kind != Constant::function;
  }

  Result<Instruction> packet_load(const Slot& slot) const {
    const u8 mode = slot.opcode >> 5;
    const Width width = width_of_size(slot.opcode);
    if ((mode != kAbs && mode != kInd) || width == Width::w64)
      return unknown_instruction("unknown opcode");
    TRY(reserve(slot, {.src = mode == kInd, .immediate = true}));
    const Packet kind = mode == kAbs ? Packet::absolute : Packet::indirect;
    return Instruction{.form = Form::packet_load,
                       .operation = static_cast<u8>(kind),
                       .width = width,
                       .src = slot.src(),
                       .immediate = slot.immediate};
  }

  Result<Instruction> load(const Slot& slot) const {
    const u8 mode = slot.opcode >> 5;
    const Width width = width_of_size(slot.opcode);
    if (mode != kMem && (mode != kMemSx || width == Width::w64))
      return unknown_instruction("unknown opcode");
    TRY(reserve(slot, {.dst = true, .src = true, .offset = true}));
    return Instruction{.form = mode == kMem ? Form::load : Form::load_signed,
                       .width = width,
                       .dst = slot.dst(),
                       .src = slot.src(),
                       .offset = slot.offset};
  }

  Result<Instruction> store(const Slot& slot) const {
    const bool reg = (slot.opcode & 7) == kStx;
    if (reg && slot.opcode >> 5 == kAtomicMode) return atomic(slot);
    if (slot.opcode >> 5 != kMem) return unknown_instruction("unknown opcode");
    TRY(reserve(slot, {.dst = true, .src = reg, .offset = true, .immediate = !reg}));
    return Instruction{.form = Form::store,
                       .width = width_of_size(slot.opcode),
                       .source = reg ? Source::reg : Source::immediate,
                       .dst = slot.dst(),
                       .src = slot.src(),
                       .offset = slot.offset,
                       .immediate = slot.immediate};
  }

  Result<Instruction> atomic(const Slot& slot) const {
    const Width width = width_of_size(slot.opcode);
    const Atomic operation =
        kAtomic.find([&](const AtomicRow& row) { return row.immediate == slot.immediate; });
    if (operation == Atomic::count_)
      return unknown_instruction(
          format("unknown atomic operation 0x{:x}", static_cast<u32>(slot.immediate)));
    const bool any_width = operation == Atomic::load_acquire || operation == Atomic::store_release;
    if (!any_width && width != Width::w32 && width != Width::w64) {
      return unknown_instruction(
          format("atomic operation on {} bits, expected 32 or 64", bits_of(width)));
    }
    TRY(reserve(slot, {.dst = true, .src = true, .offset = true, .immediate = true}));
    return Instruction{.form = Form::atomic,
                       .operation = static_cast<u8>(operation),
                       .width = width,
                       .source = Source::reg,
                       .dst = slot.dst(),
                       .src = slot.src(),
                       .offset = slot.offset};
  }

  static Width alu_width(const Slot& slot) {
    return (slot.opcode & 7) == kAlu64 ? Width::w64 : Width::w32;
  }

  Result<Instruction> alu(const Slot& slot) const {
    const bool reg = (slot.opcode & kSourceRegister) != 0;
    const u8 code = slot.opcode >> 4;
    const Width width = alu_width(slot);
    if (slot.opcode == kAddressSpaceCastOpcode && slot.offset == kAddressSpaceCastOffset) {
      return address_space_cast(slot);
    }
    const Alu operation = slot.offset == 0 ? kPlainAlu[code] : kAlu.find([&](const AluRow& row) {
      return row.code == code && row.offset == slot.offset;
    });
    if (operation == Alu::count_) {
      const bool known =
          kAlu.find([&](const AluRow& row) { return row.code == code; }) != Alu::count_;
      return unknown_instruction(
          known ? format("offset field is {}, which this operation does not define", slot.offset)
                : "unknown opcode");
    }
    const Operands operands = kAlu[operation].operands;
    if (operands == Operands::register_only &&
        (!reg || (operation == Alu::movsx32 && width == Width::w32))) {
      return unknown_instruction("sign extension wants a register and a wider destination");
    }
    if (operands == Operands::unary && reg)
      return unknown_instruction("negation has no source register");
    const bool binary = operands != Operands::unary;
    TRY(reserve(slot, {.dst = true, .src = reg, .offset = true, .immediate = binary && !reg}));
    return Instruction{.form = Form::alu,
                       .operation = static_cast<u8>(operation),
                       .width = width,
                       .source = reg ? Source::reg : Source::immediate,
                       .dst = slot.dst(),
                       .src = slot.src(),
                       .immediate = slot.immediate};
  }

  Result<Instruction> address_space_cast(const Slot& slot) const {
    const AddressSpaceCast operation = kAddressSpaceCast.find(
        [&](const AddressSpaceCastRow& row) { return row.immediate() == slot.immediate; });
    if (operation == AddressSpaceCast::count_) {
      const u32 spaces = static_cast<u32>(slot.immediate);
      return unknown_instruction(
          format("cast from address space {} to {}, expected 1 to 0 or 0 to 1", spaces & 0xffff,
                 spaces >> 16));
    }
    TRY(reserve(slot, {.dst = true, .src = true, .offset = true, .immediate = true}));
    return Instruction{.form = Form::address_space_cast,
                       .operation = static_cast<u8>(operation),
                       .source = Source::reg,
                       .dst = slot.dst(),
                       .src = slot.src()};
  }

  Result<Instruction> byte_order(const Slot& slot) const {
    const bool wide = alu_width(slot) == Width::w64;
    const bool big = (slot.opcode & kSourceRegister) != 0;
    if (wide && big) return unknown_instruction("unknown opcode");
    if (slot.immediate != 16 && slot.immediate != 32 && slot.immediate != 64) {
      return unknown_instruction(
          format("byte order of {} bits, expected 16, 32 or 64", slot.immediate));
    }
    TRY(reserve(slot, {.dst = true, .immediate = true}));
    const Alu operation = wide ? Alu::bswap : big ? Alu::to_be : Alu::to_le;
    return Instruction{.form = Form::alu,
                       .operation = static_cast<u8>(operation),
                       .dst = slot.dst(),
                       .immediate = slot.immediate};
  }

  Result<Instruction> jump(const Slot& slot) {
    const u8 code = slot.opcode >> 4;
    const bool reg = (slot.opcode & kSourceRegister) != 0;
    const Width width = (slot.opcode & 7) == kJmp ? Width::w64 : Width::w32;
    if (code == kCallCode && width == Width::w64) return call(slot);
    if (slot.opcode == (kExitCode << 4 | kJmp)) {
      TRY(reserve(slot, {}));
      return Instruction{};
    }
    if (code == kJumpAlwaysCode && !reg) {
      const bool near = width == Width::w64;
      TRY(reserve(slot, {.offset = near, .immediate = !near}));
      return aimed({.form = Form::jump_always, .width = width},
                   near ? slot.offset : slot.immediate);
    }
    if (slot.opcode == (kMayGotoCode << 4 | kJmp)) {
      TRY(reserve(slot, {.offset = true}));
      return aimed({.form = Form::may_goto}, slot.offset);
    }
    const Jump operation = kJumpOfCode[code];
    if (operation == Jump::count_) return unknown_instruction("unknown opcode");
    TRY(reserve(slot, {.dst = true, .src = reg, .offset = true, .immediate = !reg}));
    return aimed({.form = Form::jump,
                  .operation = static_cast<u8>(operation),
                  .width = width,
                  .source = reg ? Source::reg : Source::immediate,
                  .dst = slot.dst(),
                  .src = slot.src(),
                  .immediate = slot.immediate},
                 slot.offset);
  }

  Result<Instruction> call(const Slot& slot) {
    Instruction out{.form = Form::call};
    if ((slot.opcode & kSourceRegister) != 0) {
      TRY(reserve(slot, {.dst = true}));
      out.operation = static_cast<u8>(Call::indirect);
      out.dst = slot.dst();
      return out;
    }
    if (slot.src() > static_cast<u8>(Call::kfunc))
      return unknown_instruction(format("call of unknown kind {}", slot.src()));
    out.operation = slot.src();
    TRY(reserve(Slot{slot.opcode, slot.dst(), slot.offset, 0},
                {.offset = out.call() == Call::kfunc}));
    if (out.call() == Call::local) return aimed(out, slot.immediate);
    out.offset = slot.offset;
    out.immediate = slot.immediate;
    return out;
  }

  // Remembers a distance in slots from the next slot; resolved once every instruction has its
  // number.
  Instruction aimed(const Instruction& instruction, s64 distance) {
    return aimed_from(at_, instruction, distance);
  }

  Instruction aimed_from(std::size_t from, const Instruction& instruction, s64 distance) {
    aims_.push_back({static_cast<u32>(code_.size()), from, static_cast<s64>(from) + 1 + distance});
    return instruction;
  }

  Result<void> resolve_targets() {
    for (const Aim& aim : aims_) {
      at_ = aim.from;
      if (aim.to < 0 || aim.to >= static_cast<s64>(slots_.size())) {
        return malformed(
            format("target slot {} is outside of the program of {} slots", aim.to, slots_.size()));
      }
      const u32 target = instruction_at_[static_cast<std::size_t>(aim.to)];
      if (target == kInsideWide)
        return malformed(format("target slot {} is the middle of a 64-bit immediate", aim.to));
      code_[aim.instruction].target = InstructionIndex(target);
    }
    return {};
  }

  struct Aim {
    u32 instruction;
    std::size_t from;
    s64 to;
  };

  std::span<const Slot> slots_;
  Unknown unknown_;
  std::vector<u32> instruction_at_;  // by slot
  std::vector<Aim> aims_;
  Code code_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Code> decode(std::span<const Slot> slots, Unknown unknown) {
  return Decoder(slots, unknown).run();
}

std::string bytes_of_unknown(const Instruction& instruction) {
  return text_of(std::bit_cast<Slot>(instruction.immediate));
}

}  // namespace skep::isa
