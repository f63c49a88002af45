#include "text/kernel_notation.hpp"

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "platform/helpers.hpp"
#include "text/spelling.hpp"

namespace skep::text {
namespace {

using namespace isa;

std::string signed_number(s64 value) { return format("{}{}", value < 0 ? "" : "+", value); }

std::string register_of(u8 number, Width width) {
  return format("{}{}", width == Width::w64 ? 'r' : 'w', number);
}

// "*(u32 *)(r1 +4)"
std::string memory(const Instruction& i, u8 base, char sign = 'u') {
  return format("*({}{} *)(r{} {})", sign, bits_of(i.width), base, signed_number(i.offset));
}

std::string alu(const Instruction& i) {
  const AluRow& row = kAlu[i.alu()];
  const std::string dst = register_of(i.dst, i.width);
  switch (row.operands) {
    case Operands::unary: return format("{} = {}{}", dst, row.symbol, dst);
    case Operands::register_only:
      return format("{} = ({}){}", dst, row.symbol, register_of(i.src, i.width));
    case Operands::byte_order:
      return format("r{} = {}{} r{}", i.dst, row.symbol, i.immediate, i.dst);
    case Operands::binary: break;
  }
  const std::string source =
      i.has_register_source() ? register_of(i.src, i.width) : std::to_string(i.immediate);
  return format("{} {} {}", dst, row.symbol, source);
}

// "atomic64_fetch_add", "atomic_xchg"
std::string atomic_function(const Instruction& i) {
  const std::string_view name = kAtomic[i.atomic()].name;
  const std::string_view prefix = i.width == Width::w64 ? "atomic64_" : "atomic_";
  return std::string(prefix) + std::string(name.starts_with("atomic_") ? name.substr(7) : name);
}

std::string atomic(const Instruction& i) {
  const std::string place = memory(i, i.dst), pointer = place.substr(1);
  switch (kAtomicShape[i.atomic()]) {
    case AtomicShape::lock:
      return format("lock {} {} r{}", place, kAtomic[i.atomic()].symbol, i.src);
    case AtomicShape::fetch:
    case AtomicShape::exchange:
      return format("r{} = {}({}, r{})", i.src, atomic_function(i), pointer, i.src);
    case AtomicShape::compare_exchange:
      return format("r0 = {}({}, r0, r{})", atomic_function(i), pointer, i.src);
    case AtomicShape::load:
      return format("r{} = load_acquire({})", i.dst, memory(i, i.src).substr(1));
    case AtomicShape::store: return format("store_release({}, r{})", pointer, i.src);
  }
  return {};
}

std::string packet_load(const Instruction& i) {
  if (i.packet() == Packet::absolute)
    return format("r0 = *(u{} *)skb[{}]", bits_of(i.width), i.immediate);
  return format("r0 = *(u{} *)skb[r{} + {}]", bits_of(i.width), i.src, i.immediate);
}

std::string target(std::span<const Instruction> code, const Instruction& i) {
  const s64 slots = s64{code[i.target.value()].slot.value()} - i.slot.value() - 1;
  return "pc" + signed_number(slots);
}

std::string jump(std::span<const Instruction> code, const Instruction& i) {
  const std::string source =
      i.has_register_source() ? register_of(i.src, i.width)
                              : format("0x{:x}", static_cast<u32>(static_cast<u64>(i.immediate)));
  return format("if {} {} {} goto {}", register_of(i.dst, i.width), kJump[i.jump()].symbol, source,
                target(code, i));
}

std::string call(std::span<const Instruction> code, const Names& names, const Instruction& i) {
  switch (i.call()) {
    case Call::local: return "call " + target(code, i);
    case Call::kfunc: {
      const auto number = static_cast<u64>(i.immediate);
      if (number < names.externs.size()) return "call " + names.externs[number].name;
      return format("call kernel-function#{}", number);
    }
    case Call::helper:
    case Call::indirect:
    case Call::count_: break;
  }
  if (i.call() == Call::indirect) return format("callx r{}", i.dst);
  const std::string_view name = platform::helper_name(i.immediate);
  return format("call {}{}#{}", name.empty() ? "" : "bpf_", name.empty() ? "unknown" : name,
                i.immediate);
}

std::string constant(std::span<const Instruction> code, const Names& names, const Instruction& i) {
  if (i.constant() == Constant::number)
    return format("r{} = 0x{:x}", i.dst, static_cast<u64>(i.immediate));
  if (i.constant() == Constant::function) return format("r{} = {}", i.dst, target(code, i));
  const std::size_t number = i.map_number();
  const bool of_map = names_map(i.constant());
  std::string what = std::to_string(number);
  if (of_map && number < names.maps.size()) what = names.maps[number].name;
  if (!of_map && number < names.externs.size()) what = names.externs[number].name;
  std::string out = format("r{} = {}[{}]", i.dst, kConstantWord[i.constant()], what);
  if (has_offset(i.constant()) && i.map_value_offset() != 0)
    out += signed_number(i.map_value_offset());
  return out;
}

std::string cast(const Instruction& i) {
  const AddressSpaceCastRow& row = kAddressSpaceCast[i.cast()];
  return format("r{} = addr_space_cast(r{}, {}, {})", i.dst, i.src, row.destination, row.source);
}

}  // namespace

KernelNotation::KernelNotation(std::span<const Instruction> code, const Names& names)
    : code_(code), names_(names) {
  if (auto slots = encode(code); slots.ok()) slots_ = std::move(slots).take();
}

std::string KernelNotation::operator()(InstructionIndex at) const {
  const Instruction& i = code_[at.value()];
  std::string out;
  if (i.slot.value() < slots_.size()) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const u8 opcode = slots_[i.slot.value()].opcode;
    out = format("({}{}) ", kDigits[opcode >> 4], kDigits[opcode & 15]);
  }
  switch (i.form) {
    case Form::alu: return out + alu(i);
    case Form::constant: return out + constant(code_, names_, i);
    case Form::load: return out + register_of(i.dst, Width::w64) + " = " + memory(i, i.src);
    case Form::load_signed:
      return out + register_of(i.dst, Width::w64) + " = " + memory(i, i.src, 's');
    case Form::store:
      return out + memory(i, i.dst) + " = " +
             (i.has_register_source() ? register_of(i.src, Width::w64)
                                      : std::to_string(i.immediate));
    case Form::atomic: return out + atomic(i);
    case Form::packet_load: return out + packet_load(i);
    case Form::jump: return out + jump(code_, i);
    case Form::jump_always:
      return out + (i.width == Width::w64 ? "goto " : "gotol ") + target(code_, i);
    case Form::may_goto: return out + "may_goto " + target(code_, i);
    case Form::call: return out + call(code_, names_, i);
    case Form::exit: return out + "exit";
    case Form::address_space_cast: return out + cast(i);
    case Form::unknown:
    case Form::count_: break;
  }
  return out + "<unknown>";
}

}  // namespace skep::text
