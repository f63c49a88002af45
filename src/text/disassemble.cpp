// Instructions to text. Each form has one function that spells it; operators come from the tables.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "platform/helpers.hpp"
#include "text/spelling.hpp"
#include "text/text.hpp"

namespace skep::text {
namespace {

using namespace isa;

class Writer {
 public:
  Writer(std::span<const Instruction> code, const Style& style, const Names& names)
      : code_(code), style_(style), names_(names) {}

  std::string instruction(InstructionIndex at) const {
    const Instruction& i = code_[at.value()];
    switch (i.form) {
      case Form::alu: return alu(i);
      case Form::constant: return people() ? constant(i) : pseudo(i);
      case Form::load: return load(i, "u", printed_width(i.width));
      case Form::load_signed: return load(i, "s", Width::w64);
      case Form::store: return memory(i, i.dst) + " = " + source(i, printed_width(i.width));
      case Form::atomic: return atomic(i);
      case Form::packet_load: return packet_load(i);
      case Form::jump: return jump(i);
      case Form::jump_always: return (i.width == Width::w64 ? "goto " : "gotol ") + target(i);
      case Form::may_goto: return "may_goto " + target(i);
      case Form::call: return call(i);
      case Form::exit: return "exit";
      case Form::address_space_cast: return cast(i);
      case Form::unknown: return "<unknown>";
      case Form::count_: break;
    }
    return "(not an instruction)";
  }

  std::string program() const {
    const std::set<u32> labelled = label_positions();
    std::string out;
    for (std::size_t at = 0; at < code_.size(); ++at) {
      const InstructionIndex index(at);
      if (const std::string name = function_name(index); !name.empty()) out += name + ":\n";
      if (labelled.contains(index.value())) out += label(index) + ":\n";
      out += "  " + instruction(index) + "\n";
    }
    return out;
  }

 private:
  bool people() const { return style_.notation == Notation::people; }

  // ---- parts ----

  std::string number(s64 value) const {
    if (style_.numbers == Numbers::decimal) return std::to_string(value);
    const u64 magnitude = value < 0 ? u64{0} - static_cast<u64>(value) : static_cast<u64>(value);
    return format("{}0x{:x}", value < 0 ? "-" : "", magnitude);
  }
  std::string unsigned_number(u64 value) const {
    return format(style_.numbers == Numbers::decimal ? "{}" : "0x{:x}", value);
  }
  // "+3", "-0x8000"
  std::string distance(s64 slots) const { return (slots < 0 ? "" : "+") + number(slots); }

  static std::string register_name(u8 number, Width width) {
    return format("{}{}", width == Width::w64 ? 'r' : 'w', number);
  }
  Width printed_width(Width width) const {
    const bool narrow = style_.registers == Registers::narrow && width != Width::w64;
    return narrow ? Width::w32 : Width::w64;
  }
  std::string source(const Instruction& i, Width width) const {
    return i.has_register_source() ? register_name(i.src, width) : number(i.immediate);
  }
  // "r1 + 4"
  std::string address(const Instruction& i, u8 base) const {
    const s64 magnitude = i.offset < 0 ? -s64{i.offset} : i.offset;
    return format("r{} {} {}", base, i.offset < 0 ? '-' : '+', number(magnitude));
  }
  // "(u32 *)(r1 + 4)"
  std::string place(const Instruction& i, u8 base, std::string_view sign = "u") const {
    return format("({}{} *)({})", sign, bits_of(i.width), address(i, base));
  }
  std::string memory(const Instruction& i, u8 base) const { return "*" + place(i, base); }

  s64 slots_to_target(const Instruction& i) const {
    return s64{code_[i.target.value()].slot.value()} - i.slot.value() - 1;
  }
  std::string label(InstructionIndex at) const {
    return format("L{}", code_[at.value()].slot.value());
  }
  std::string target(const Instruction& i) const {
    if (style_.targets == Targets::label) return label(i.target);
    return distance(slots_to_target(i));
  }

  // ---- names ----

  // The name of the function that begins here, if the assembler could read it back: some other
  // function may have it too, and hostile files name functions as they like.
  std::string function_name(InstructionIndex at) const {
    if (!people()) return {};
    const auto begins_here = [&](const platform::Function& f) { return f.begin == at; };
    const auto function = std::ranges::find_if(names_.functions, begins_here);
    if (function == names_.functions.end() || !is_word(function->name)) return {};
    const bool like_label = function->name[0] == 'L' && parse_unsigned(function->name.substr(1));
    const auto same =
        std::ranges::count(names_.functions, function->name, &platform::Function::name);
    return same == 1 && !like_label ? function->name : std::string();
  }
  std::string function_reference(const Instruction& i) const {
    const std::string name = function_name(i.target);
    return name.empty() ? target(i) : name;
  }
  std::string map_name(u32 number) const {
    if (number >= names_.maps.size()) return unsigned_number(number);
    const std::string& name = names_.maps[number].name;
    const bool unique = std::ranges::count(names_.maps, name, &platform::MapSpec::name) == 1;
    return unique && is_word(name) ? name : unsigned_number(number);
  }
  std::set<u32> label_positions() const {
    std::set<u32> out;
    if (style_.targets != Targets::label) return out;
    for (const Instruction& i : code_) {
      const bool names_function =
          is_local_call(i) || (i.is_wide() && i.constant() == Constant::function);
      if (names_function && people() && function_name(i.target).empty())
        out.insert(i.target.value());
      if (has_jump_target(i)) out.insert(i.target.value());
    }
    return out;
  }

  // ---- forms ----

  std::string alu(const Instruction& i) const {
    const AluRow& row = kAlu[i.alu()];
    const std::string dst = register_name(i.dst, i.width);
    switch (row.operands) {
      case Operands::unary: return format("{} = {}{}", dst, row.symbol, dst);
      case Operands::register_only:
        return format("{} = ({}){}", dst, row.symbol, register_name(i.src, i.width));
      case Operands::byte_order: return format("{} = {}{} {}", dst, row.symbol, i.immediate, dst);
      case Operands::binary: break;
    }
    return format("{} {} {}", dst, row.symbol, source(i, i.width));
  }

  std::string constant(const Instruction& i) const {
    const u32 low = static_cast<u32>(static_cast<u64>(i.immediate));
    const s64 high = i.immediate >> 32;
    std::string what = std::string(kConstantWord[i.constant()]);
    switch (i.constant()) {
      case Constant::number: what = wide_number(i.immediate); break;
      case Constant::function: what += "[" + function_reference(i) + "]"; break;
      case Constant::map:
      case Constant::map_value: what += "[" + map_name(low) + "]"; break;
      case Constant::variable: what += "[" + extern_name(low) + "]"; break;
      default: what += "[" + unsigned_number(low) + "]"; break;
    }
    if (has_offset(i.constant()) && high != 0)
      what += " + " + unsigned_number(static_cast<u32>(high));
    return format("r{} = {} ll", i.dst, what);
  }
  std::string extern_name(u32 of) const {
    return of < names_.externs.size() ? names_.externs[of].name : unsigned_number(of);
  }
  // People read 0xffff888012345678 more easily than its negative decimal.
  std::string wide_number(s64 value) const {
    const bool small = value == static_cast<s32>(value);
    return small ? number(value) : format("0x{:x}", static_cast<u64>(value));
  }
  std::string pseudo(const Instruction& i) const {
    if (i.constant() == Constant::number) return format("r{} = {} ll", i.dst, number(i.immediate));
    const bool function = i.constant() == Constant::function;
    const s64 value = function ? static_cast<u32>(slots_to_target(i)) : i.immediate;
    return format("ld_pseudo\tr{}, {}, {}", i.dst, number(i.operation), number(value));
  }

  std::string load(const Instruction& i, std::string_view sign, Width into) const {
    return format("{} = *{}", register_name(i.dst, into), place(i, i.src, sign));
  }

  std::string atomic(const Instruction& i) const {
    const Atomic operation = i.atomic();
    const Width width = i.width == Width::w64 ? Width::w64 : Width::w32;
    std::string word = atomic_word(operation, i.width);
    const std::string src = register_name(i.src, width);
    const std::string r0 = register_name(kR0, width);
    switch (kAtomicShape[operation]) {
      case AtomicShape::lock:
        // LLVM has the 32-bit addition since before there were w registers, the others not.
        return format(
            "lock {} {} {}", memory(i, i.dst), kAtomic[operation].symbol,
            operation == Atomic::add ? register_name(i.src, printed_width(i.width)) : src);
      case AtomicShape::fetch: return format("{} = {}({}, {})", src, word, place(i, i.dst), src);
      case AtomicShape::exchange:
        return format("{} = {}({}, {})", src, word, address(i, i.dst), src);
      case AtomicShape::compare_exchange:
        return format("{} = {}({}, {}, {})", r0, word, address(i, i.dst), r0, src);
      case AtomicShape::load:
        return format("{} = {}({})", register_name(i.dst, width), word, place(i, i.src));
      case AtomicShape::store: return format("{}({}, {})", word, place(i, i.dst), src);
    }
    return word;
  }

  std::string packet_load(const Instruction& i) const {
    std::string at = number(i.immediate);
    if (i.packet() == Packet::indirect) {
      const s64 magnitude = i.immediate < 0 ? -i.immediate : i.immediate;
      at = format("r{}", i.src);
      if (i.immediate != 0) at += (i.immediate < 0 ? " - " : " + ") + number(magnitude);
    }
    return format("r0 = *(u{} *)skb[{}]", bits_of(i.width), at);
  }

  std::string jump(const Instruction& i) const {
    return format("if {} {} {} goto {}", register_name(i.dst, i.width), kJump[i.jump()].symbol,
                  source(i, i.width), target(i));
  }

  std::string call(const Instruction& i) const {
    switch (i.call()) {
      case Call::indirect: return format("callx r{}", i.dst);
      case Call::local:
        return "call " + (people() ? function_reference(i) : number(slots_to_target(i)));
      case Call::kfunc: return "call " + (people() ? kfunc(i) : number(i.immediate));
      case Call::helper:
      case Call::count_: break;
    }
    if (!people()) return "call " + number(i.immediate);
    const std::string_view name = platform::helper_name(i.immediate);
    if (!name.empty()) return format("call bpf_{}", name);
    // Unsigned, because `call -1` is a local call.
    return "call " + unsigned_number(static_cast<u32>(static_cast<u64>(i.immediate)));
  }
  std::string kfunc(const Instruction& i) const {
    const auto number_of = static_cast<u32>(static_cast<u64>(i.immediate));
    if (!names_.externs.empty()) return format("kfunc[{}]", extern_name(number_of));
    const std::string module = i.offset == 0 ? "" : number(i.offset) + ":";
    return "kfunc[" + module + number(i.immediate) + "]";
  }

  std::string cast(const Instruction& i) const {
    const AddressSpaceCastRow& row = kAddressSpaceCast[i.cast()];
    return format("r{} = {}(r{}, {}, {})", i.dst, kAddressSpaceCastWord, i.src,
                  number(row.destination), number(row.source));
  }

  std::span<const Instruction> code_;
  const Style& style_;
  const Names& names_;
};

}  // namespace

std::string disassemble(std::span<const isa::Instruction> code, isa::InstructionIndex at,
                        const Style& style, const Names& names) {
  return Writer(code, style, names).instruction(at);
}

std::string disassemble(std::span<const isa::Instruction> code, const Style& style,
                        const Names& names) {
  return Writer(code, style, names).program();
}

}  // namespace skep::text
