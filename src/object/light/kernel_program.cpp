#include "object/light/kernel_program.hpp"

#include <algorithm>

#include "object/image.hpp"
#include "object/link.hpp"

namespace skep::object::light {
namespace {

using isa::Constant;
using isa::Slot;
using platform::ExternKind;

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
  Maker(const Object& object, u32 number) : image_(object.image()) {
    program_.type = object.programs()[number].type;
    program_.maps = std::make_shared<const std::vector<platform::MapSpec>>(object.maps());
    program_.externs = not_looked_up(object);
    main_ = image_.programs[number];
  }

  Result<KernelProgram> run() {
    const Linked linked = TRY(link(image_, main_, {.core = Core::leave}, program_));
    for (const platform::ExternUse& use : program_.uses) TRY(symbol(use));
    name_maps_by_number(program_.code);
    out_.slots = TRY(isa::encode(program_.code));
    for (const SymbolUse& use : out_.symbols) say_not_there(use);
    for (const PlacedFunction& function : linked.functions) describe(function);
    if (out_.functions.size() != linked.functions.size()) {
      out_.functions.clear();
      out_.lines.clear();
    }
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
    for (const CoreRecord& each : image_.ext.core(section, begin, end)) {
      out_.core.push_back({moved(each.offset), each.type, each.access_offset, each.kind});
    }
  }

  const Image& image_;
  u32 main_ = 0;
  platform::Program program_;
  KernelProgram out_;
};

}  // namespace

Result<KernelProgram> kernel_program(const Object& object, u32 number) {
  return Maker(object, number)
      .run()
      .within(format("{}: program {}", object.name(), object.programs()[number].name));
}

}  // namespace skep::object::light
