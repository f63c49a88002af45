// Instructions to slots: the inverse of decode(), laying the code out in order.
#include <bit>
#include <limits>

#include "base/text.hpp"
#include "isa/tables.hpp"

namespace skep::isa {
namespace {

constexpr u8 registers(const Instruction& i) { return static_cast<u8>(i.dst | i.src << 4); }
constexpr u8 source_bit(const Instruction& i) {
  return i.has_register_source() ? kSourceRegister : 0;
}

class Encoder {
 public:
  explicit Encoder(std::span<const Instruction> code) : code_(code), slot_of_(code.size() + 1) {
    u32 slot = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
      slot_of_[at] = slot;
      slot += code[at].is_wide() ? 2 : 1;
    }
    slot_of_[code.size()] = slot;
  }

  Result<std::vector<Slot>> run() {
    slots_.reserve(slot_of_.back());
    for (at_ = 0; at_ < code_.size(); ++at_) TRY(one(code_[at_]));
    return std::move(slots_);
  }

 private:
  Error refuse(std::string_view what) const {
    return {Fault::malformed, format("instruction {}: {}", at_, what)};
  }

  Result<s32> immediate(const Instruction& i) const {
    if (i.immediate < std::numeric_limits<s32>::min() ||
        i.immediate > std::numeric_limits<s32>::max()) {
      return refuse(format("immediate {} does not fit in 32 bits", i.immediate));
    }
    return static_cast<s32>(i.immediate);
  }

  Result<s32> distance(const Instruction& i) const {
    if (i.target.value() >= code_.size()) return refuse("target is outside of the program");
    return static_cast<s32>(slot_of_[i.target.value()]) - static_cast<s32>(slot_of_[at_]) - 1;
  }

  Result<s16> near_distance(const Instruction& i) const {
    const s32 slots = TRY(distance(i));
    if (slots < std::numeric_limits<s16>::min() || slots > std::numeric_limits<s16>::max()) {
      return refuse(format("jump over {} slots does not fit in 16 bits", slots));
    }
    return static_cast<s16>(slots);
  }

  void put(u8 opcode, u8 fields, s16 offset, s32 value) {
    slots_.push_back({opcode, fields, offset, value});
  }

  Result<void> one(const Instruction& i) {
    switch (i.form) {
      case Form::alu: return alu(i);
      case Form::constant: return constant(i);
      case Form::load:
      case Form::load_signed:
        put(static_cast<u8>(kLdx | (i.form == Form::load ? kMem : kMemSx) << 5 |
                            size_of_width(i.width)),
            registers(i), i.offset, 0);
        return {};
      case Form::store:
        put(static_cast<u8>((i.has_register_source() ? kStx : kSt) | kMem << 5 |
                            size_of_width(i.width)),
            registers(i), i.offset, TRY(immediate(i)));
        return {};
      case Form::atomic:
        put(static_cast<u8>(kStx | kAtomicMode << 5 | size_of_width(i.width)), registers(i),
            i.offset, kAtomic[i.atomic()].immediate);
        return {};
      case Form::packet_load:
        put(static_cast<u8>(kLd | (i.packet() == Packet::absolute ? kAbs : kInd) << 5 |
                            size_of_width(i.width)),
            registers(i), 0, TRY(immediate(i)));
        return {};
      case Form::jump:
        put(static_cast<u8>(jump_class(i) | kJump[i.jump()].code << 4 | source_bit(i)),
            registers(i), TRY(near_distance(i)), TRY(immediate(i)));
        return {};
      case Form::jump_always:
        if (i.width == Width::w64) {
          put(kJmp | kJumpAlwaysCode << 4, 0, TRY(near_distance(i)), 0);
        } else {
          put(kJmp32 | kJumpAlwaysCode << 4, 0, 0, TRY(distance(i)));
        }
        return {};
      case Form::may_goto: put(kJmp | kMayGotoCode << 4, 0, TRY(near_distance(i)), 0); return {};
      case Form::call: return call(i);
      case Form::exit: put(kJmp | kExitCode << 4, 0, 0, 0); return {};
      case Form::address_space_cast:
        put(kAddressSpaceCastOpcode, registers(i), kAddressSpaceCastOffset,
            kAddressSpaceCast[i.cast()].immediate());
        return {};
      case Form::unknown: slots_.push_back(std::bit_cast<Slot>(i.immediate)); return {};
      case Form::count_: break;
    }
    return refuse("not an instruction");
  }

  static u8 jump_class(const Instruction& i) { return i.width == Width::w64 ? kJmp : kJmp32; }

  Result<void> alu(const Instruction& i) {
    const AluRow& row = kAlu[i.alu()];
    if (row.operands == Operands::byte_order) {
      const u8 variant = i.alu() == Alu::bswap   ? kAlu64
                         : i.alu() == Alu::to_be ? kAlu32 | kSourceRegister
                                                 : kAlu32;
      put(static_cast<u8>(variant | row.code << 4), registers(i), 0, TRY(immediate(i)));
      return {};
    }
    const u8 operation_class = i.width == Width::w64 ? kAlu64 : kAlu32;
    put(static_cast<u8>(operation_class | row.code << 4 | source_bit(i)), registers(i), row.offset,
        TRY(immediate(i)));
    return {};
  }

  Result<void> constant(const Instruction& i) {
    const s64 value =
        i.constant() == Constant::function ? static_cast<u32>(TRY(distance(i))) : i.immediate;
    put(static_cast<u8>(kLd | kImm << 5 | 0x18), static_cast<u8>(i.dst | i.operation << 4), 0,
        static_cast<s32>(value));
    put(0, 0, 0, static_cast<s32>(value >> 32));
    return {};
  }

  Result<void> call(const Instruction& i) {
    const u8 opcode = kJmp | kCallCode << 4;
    if (i.call() == Call::indirect) {
      put(opcode | kSourceRegister, registers(i), 0, 0);
      return {};
    }
    const s32 callee = i.call() == Call::local ? TRY(distance(i)) : TRY(immediate(i));
    put(opcode, static_cast<u8>(i.operation << 4), i.offset, callee);
    return {};
  }

  std::span<const Instruction> code_;
  std::vector<u32> slot_of_;
  std::vector<Slot> slots_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Slot>> encode(std::span<const Instruction> code) { return Encoder(code).run(); }

void assign_slots(std::span<Instruction> code) {
  u32 slot = 0;
  for (Instruction& instruction : code) {
    instruction.slot = SlotIndex(slot);
    slot += instruction.is_wide() ? 2 : 1;
  }
}

}  // namespace skep::isa
