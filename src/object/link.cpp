// A walk over the code: a stack of functions that are being read, each instruction asked what it
// refers to. Distances between functions are known only when all are placed, so calls are written
// last.
#include "object/link.hpp"

#include "object/relocate.hpp"
#include "object/signatures.hpp"

namespace skep::object {
namespace {

using isa::Slot;

constexpr u32 kSlotsMax = 1u << 20;

u8 with_source(const Slot& slot, isa::Constant constant) {
  return static_cast<u8>(slot.dst() | static_cast<u8>(constant) << 4);
}

class Linker {
 public:
  Linker(const Image& image, platform::Program& program)
      : image_(image), program_(program), base_(image.functions.all().size(), kNotPlaced) {}

  Result<void> run(u32 main) {
    TRY(append(main));
    while (!open_.empty()) TRY(step());
    for (const Aim& aim : aims_) {
      slots_[aim.slot].immediate =
          static_cast<s32>(base_[aim.function]) - static_cast<s32>(aim.slot) - 1;
    }
    program_.code = TRY(isa::decode(slots_));
    number_slots();
    for (const u32 function : order_) finish(function);
    aim_constants();
    return {};
  }

 private:
  static constexpr u32 kNotPlaced = ~u32{0};

  // A function that is being walked through; those it calls are appended and walked first.
  struct Walk {
    u32 function;
    u32 next = 0;  // slot of the function
  };

  // A slot whose immediate becomes the distance to a function.
  struct Aim {
    u32 slot;
    u32 function;
  };

  const FunctionSymbol& symbol(u32 function) const { return image_.functions.all()[function]; }
  std::string_view section_name(u32 function) const {
    return image_.elf.sections()[symbol(function).section].name;
  }

  Result<void> append(u32 function) {
    const FunctionSymbol& added = symbol(function);
    if (slots_.size() + added.slots() > kSlotsMax) {
      return Error(Fault::exhausted, format("function {}: more than {} instructions with the "
                                            "functions it is linked to",
                                            added.name, kSlotsMax));
    }
    TRY(refuse_core(function));
    base_[function] = static_cast<u32>(slots_.size());
    const Bytes bytes =
        TRY(image_.elf.sections()[added.section].bytes.slice(added.offset, added.size));
    for (u64 at = 0; at < bytes.size(); at += sizeof(Slot)) {
      slots_.push_back(TRY(bytes.read<Slot>(at)));
    }
    order_.push_back(function);
    open_.push_back({function});
    return {};
  }

  Result<void> refuse_core(u32 function) const {
    const FunctionSymbol& added = symbol(function);
    const auto core =
        image_.ext.core(section_name(function), added.offset, added.offset + added.size);
    if (core.empty()) return {};
    return Error(Fault::unsupported,
                 format("{}: function {} needs CO-RE relocation against {}",
                        place(section_name(function), core[0].offset), added.name,
                        image_.types.types->c_name(core[0].type)),
                 "types of a running kernel are not looked up yet; leave out "
                 "preserve_access_index and bpf_core_read");
  }

  // One instruction of the innermost open function.
  Result<void> step() {
    Walk& walk = open_.back();
    const FunctionSymbol& function = symbol(walk.function);
    if (walk.next >= function.slots()) {
      open_.pop_back();
      return {};
    }
    const u32 at = base_[walk.function] + walk.next;
    const u64 offset = function.offset + u64{walk.next} * sizeof(Slot);
    walk.next += is_wide(slots_[at]) ? 2 : 1;
    if (walk.next > function.slots()) {
      return Error(Fault::malformed,
                   format("{}: function {} ends inside of a 64-bit immediate",
                          place(section_name(walk.function), offset), function.name));
    }
    const Reference reference = TRY(reference_of(image_, function.section, offset, slots_[at]));
    return std::visit([&](const auto& to) { return write(at, to); }, reference);
  }

  Result<void> write(u32, const NoReference&) { return {}; }

  Result<void> write(u32 at, const MapReference& to) {
    slots_[at].registers = with_source(slots_[at], isa::Constant::map);
    slots_[at].immediate = static_cast<s32>(to.map);
    slots_[at + 1].immediate = 0;
    return {};
  }

  Result<void> write(u32 at, const ValueReference& to) {
    slots_[at].registers = with_source(slots_[at], isa::Constant::map_value);
    slots_[at].immediate = static_cast<s32>(to.map);
    slots_[at + 1].immediate = static_cast<s32>(to.offset);
    return {};
  }

  Result<void> write(u32 at, const FunctionReference& to) {
    if (is_wide(slots_[at])) {
      slots_[at].registers = with_source(slots_[at], isa::Constant::function);
      slots_[at + 1].immediate = 0;
    }
    aims_.push_back({at, to.function});
    if (base_[to.function] != kNotPlaced) return {};
    return append(to.function);
  }

  // A weak address is zero; a call of nothing becomes the helper that does not exist, which is fine
  // as long as it is never reached.
  Result<void> write(u32 at, const Undefined&) {
    slots_[at].immediate = 0;
    if (is_wide(slots_[at])) {
      slots_[at + 1].immediate = 0;
    } else {
      slots_[at].registers = 0;
    }
    return {};
  }

  void number_slots() {
    instruction_at_.resize(slots_.size() + 1, static_cast<u32>(program_.code.size()));
    for (u32 i = 0; i < program_.code.size(); ++i) {
      const u32 slot = program_.code[i].slot.value();
      instruction_at_[slot] = i;
      if (program_.code[i].is_wide()) instruction_at_[slot + 1] = i;
    }
  }

  isa::InstructionIndex instruction(u32 slot) const {
    return isa::InstructionIndex(instruction_at_[slot]);
  }

  void finish(u32 function) {
    const FunctionSymbol& placed = symbol(function);
    const u32 base = base_[function];
    program_.functions.push_back({.name = std::string(placed.name),
                                  .begin = instruction(base),
                                  .end = instruction(base + placed.slots()),
                                  .linkage = placed.linkage});
    if (placed.linkage == platform::Linkage::global) {
      program_.functions.back().signature =
          signature_of(*image_.types.types, placed.name, program_.type);
    }
    const auto lines =
        image_.ext.lines(section_name(function), placed.offset, placed.offset + placed.size);
    for (const LineRecord& line : lines) {
      const auto slot = static_cast<u32>((line.offset - placed.offset) / sizeof(Slot));
      program_.lines.push_back({.at = instruction(base + slot),
                                .line = line.line,
                                .column = line.column,
                                .file = line.file,
                                .text = line.text});
    }
  }

  void aim_constants() {
    for (const Aim& aim : aims_) {
      isa::Instruction& constant = program_.code[instruction_at_[aim.slot]];
      if (constant.is_wide()) constant.target = instruction(base_[aim.function]);
    }
  }

  const Image& image_;
  platform::Program& program_;
  std::vector<u32> base_;   // by function: its first slot in the program
  std::vector<u32> order_;  // functions as they were appended
  std::vector<Walk> open_;
  std::vector<Aim> aims_;
  std::vector<Slot> slots_;
  std::vector<u32> instruction_at_;  // by slot
};

}  // namespace

Result<void> link(const Image& image, u32 function, platform::Program& program) {
  return Linker(image, program).run(function);
}

}  // namespace skep::object
