#include "object/kernel/program.hpp"

#include <algorithm>

#include "object/image.hpp"
#include "object/link.hpp"

namespace skep::object {
namespace {

using isa::Constant;
using isa::Slot;
using platform::ExternKind;

constexpr u8 kCallOpcode = 0x85;    // RFC 9669, 4.3: CALL, class JMP
constexpr u8 kConstantMask = 0x0f;  // of Slot::registers: the destination stays

// Externs are as the file has them, whatever was found in some kernel.
std::shared_ptr<const std::vector<platform::Extern>> not_looked_up(const Object& object) {
  auto externs = std::make_shared<std::vector<platform::Extern>>(object.externs());
  for (platform::Extern& each : *externs) each.state = platform::ExternState::unresolved;
  return externs;
}

void name_maps_by_number(isa::Code& code) {
  for (isa::Instruction& each : code) {
    if (each.form != isa::Form::constant) continue;
    if (each.constant() == Constant::map) each.operation = static_cast<u8>(Constant::map_by_index);
    if (each.constant() == Constant::map_value) {
      each.operation = static_cast<u8>(Constant::map_value_by_index);
    }
  }
}

class Maker {
 public:
  Maker(const Object& object, u32 number, const LinkOptions& options)
      : image_(object.image()), options_(options) {
    const ProgramEntry& entry = object.programs()[number];
    program_.name = entry.name;
    program_.section = entry.section;
    program_.type = entry.type;
    program_.maps = std::make_shared<const std::vector<platform::MapSpec>>(object.maps());
    program_.externs = not_looked_up(object);
    main_ = image_.programs[number];
  }

  Result<KernelProgram> run() {
    const Linked linked = TRY(link(image_, main_, options_, program_));
    for (const platform::ExternUse& use : program_.uses) TRY(symbol(use));
    name_maps_by_number(program_.code);
    out_.slots = TRY(isa::encode(program_.code));
    for (const SymbolUse& use : out_.symbols) say_not_there(use);
    for (const platform::Unresolved& each : program_.unresolved) say_no_such_helper(each.at);
    for (const PlacedFunction& function : linked.functions) describe(function);
    if (out_.functions.size() != linked.functions.size()) {
      out_.functions.clear();
      out_.lines.clear();
    }
    out_.unresolved = program_.unresolved;
    out_.program = std::make_shared<const platform::Program>(std::move(program_));
    return std::move(out_);
  }

 private:
  // Configuration stands in a map and needs nothing more.
  Result<void> symbol(const platform::ExternUse& use) {
    const platform::Extern& external = (*program_.externs)[use.number];
    if (external.kind == ExternKind::configuration) return {};
    const bool is_address = external.kind == ExternKind::address;
    if (use.addend > (is_address ? u64{0x7fffffff} : 0)) {
      return Error(Fault::unsupported, format("the address {} bytes behind {} is asked for",
                                              use.addend, external.name));
    }
    const isa::Instruction& instruction = program_.code[use.at.value()];
    out_.symbols.push_back({.slot = instruction.slot.value(),
                            .external = use.number,
                            .addend = static_cast<u32>(use.addend),
                            .is_call = !instruction.is_wide()});
    return {};
  }

  void say_not_there(const SymbolUse& use) {
    Slot& slot = out_.slots[use.slot];
    slot.immediate = 0;
    slot.offset = 0;
    if (use.is_call) {
      slot.registers = static_cast<u8>(isa::Call::kfunc) << 4;
    } else {
      slot.registers &= kConstantMask;
      out_.slots[use.slot + 1].immediate = 0;
    }
  }

  void say_no_such_helper(isa::InstructionIndex at) {
    const isa::Instruction& instruction = program_.code[at.value()];
    const u32 slots = instruction.is_wide() ? 2 : 1;
    for (u32 slot = instruction.slot.value(), left = slots; left != 0; ++slot, --left) {
      out_.slots[slot] =
          Slot{.opcode = kCallOpcode, .registers = 0, .offset = 0, .immediate = kNoSuchHelper};
    }
  }

  // What .BTF.ext says of a function, with offsets that count from the program's begin.
  void describe(const PlacedFunction& placed) {
    const FunctionSymbol& function = image_.functions.all()[placed.number];
    const std::string_view section = image_.elf.sections()[function.section].name;
    const u64 begin = function.offset, end = function.offset + function.size;
    const auto moved = [&](u64 offset) {
      return static_cast<u32>(offset - begin) + placed.slot * u32{sizeof(Slot)};
    };
    for (const FunctionRecord& each : image_.ext.functions(section, begin, end)) {
      out_.functions.push_back({moved(each.offset) / u32{sizeof(Slot)}, each.type});
    }
    for (LineRecord each : image_.ext.lines(section, begin, end)) {
      each.offset = moved(each.offset) / u32{sizeof(Slot)};
      out_.lines.push_back(each);
    }
    if (options_.core != Core::leave) return;
    for (const CoreRecord& each : image_.ext.core(section, begin, end)) {
      out_.core.push_back({moved(each.offset), each.type, each.access_offset, each.kind});
    }
  }

  const Image& image_;
  const LinkOptions options_;
  u32 main_ = 0;
  platform::Program program_;
  KernelProgram out_;
};

}  // namespace

Result<KernelProgram> kernel_program(const Object& object, u32 number, const LinkOptions& options) {
  return Maker(object, number, options)
      .run()
      .within(format("{}: program {}", object.name(), object.programs()[number].name));
}

platform::LoadProgram load_attributes(const ProgramEntry& entry, const KernelProgram& program) {
  platform::LoadProgram out{};
  out.prog_type = platform::kernel_number(entry.type);
  out.insn_cnt = static_cast<u32>(program.slots.size());
  u32 flags = 0;
  if ((entry.flags & platform::kSleepable) != 0) flags |= platform::kSleepableFlag;
  if ((entry.flags & platform::kXdpFrags) != 0) flags |= platform::kXdpFragsFlag;
  out.prog_flags = flags;
  entry.name.copy(out.prog_name, platform::kNameBytes - 1);
  if (entry.attach_type) out.expected_attach_type = platform::kernel_number(*entry.attach_type);
  const auto table = [](le32& size, le32& count, const auto& records) {
    if (records.empty()) return;
    size = static_cast<u32>(sizeof(records[0]));
    count = static_cast<u32>(records.size());
  };
  table(out.func_info_rec_size, out.func_info_cnt, program.functions);
  table(out.line_info_rec_size, out.line_info_cnt, program.lines);
  table(out.core_relo_rec_size, out.core_relo_cnt, program.core);
  return out;
}

}  // namespace skep::object
