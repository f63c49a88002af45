// A walk over the code: a stack of functions that are being read, each instruction asked what it
// refers to. Distances between functions are known only when all are placed, so calls are written
// last.
#include "object/link.hpp"

#include <algorithm>
#include <cstring>

#include "object/core.hpp"
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
  Linker(const Image& image, const LinkOptions& options, platform::Program& program)
      : image_(image),
        program_(program),
        unknown_(options.unknown),
        core_(image, options),
        base_(image.functions.all().size(), kNotPlaced) {}

  Result<Linked> run(u32 main) {
    TRY(append(main));
    while (!open_.empty()) TRY(step());
    TRY(append_exception_callback(main));
    for (const Aim& aim : aims_) {
      slots_[aim.slot].immediate =
          static_cast<s32>(base_[aim.function]) - static_cast<s32>(aim.slot) - 1;
    }
    program_.code = TRY(isa::decode(slots_, unknown_));
    number_slots();
    for (const u32 function : order_) finish(function);
    aim_constants();
    for (platform::ExternUse& use : program_.uses) use.at = instruction(use.at.value());
    std::ranges::sort(program_.uses, {}, &platform::ExternUse::at);
    Linked linked{.core = name_unresolved(), .functions = {}};
    for (const u32 function : order_) linked.functions.push_back({function, base_[function]});
    return linked;
  }

 private:
  static constexpr u32 kNotPlaced = ~u32{0};

  // A function that is being walked through; those it calls are appended and walked first.
  struct Walk {
    u32 function;
    u32 next = 0;                // slot of the function
    std::size_t relocation = 0;  // of its section: those before this one are behind
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
    base_[function] = static_cast<u32>(slots_.size());
    const Bytes bytes =
        TRY(image_.elf.sections()[added.section].bytes.slice(added.offset, added.size));
    slots_.resize(slots_.size() + added.slots());
    std::memcpy(&slots_[base_[function]], bytes.data(), added.slots() * sizeof(Slot));
    order_.push_back(function);
    const auto all = image_.elf.relocations(added.section);
    const auto first = std::ranges::lower_bound(all, added.offset, {}, &Relocation::offset);
    open_.push_back({function, 0, static_cast<std::size_t>(first - all.begin())});
    return core_.apply(section_name(function), added.offset, added.offset + added.size,
                       base_[function], std::span(slots_).subspan(base_[function]));
  }

  // One instruction of the innermost open function.
  Result<void> step() {
    Walk& walk = open_.back();
    const FunctionSymbol& function = symbol(walk.function);
    skip_plain(walk, function);
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
    const auto ahead = image_.elf.relocations(function.section).subspan(walk.relocation);
    const Reference reference =
        TRY(reference_of(image_, function.section, offset, slots_[at], ahead));
    return std::visit([&](const auto& to) { return write(at, to); }, reference);
  }

  // Most slots refer to nothing: neither wide nor a call, and without a relocation.
  void skip_plain(Walk& walk, const FunctionSymbol& function) const {
    const auto all = image_.elf.relocations(function.section);
    for (; walk.next < function.slots(); ++walk.next) {
      const u64 offset = function.offset + u64{walk.next} * sizeof(Slot);
      while (walk.relocation < all.size() && all[walk.relocation].offset < offset)
        ++walk.relocation;
      const bool relocated = walk.relocation < all.size() && all[walk.relocation].offset == offset;
      const Slot& slot = slots_[base_[walk.function] + walk.next];
      if (relocated || is_wide(slot) || is_call(slot)) return;
    }
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

  // Values of the configuration stand in a map. Of a weak extern that was not found the address is
  // zero; others are numbers of externs.
  Result<void> write(u32 at, const ExternReference& to) {
    const platform::Extern& external = (*program_.externs)[to.number];
    const bool found = external.state == platform::ExternState::found;
    // A slot, until all are placed.
    program_.uses.push_back({isa::InstructionIndex(at), to.number, to.addend});
    if (external.kind == platform::ExternKind::configuration) return write_value(at, external, to);
    if (external.is_weak && !found) return write(at, Undefined{});
    if (!is_wide(slots_[at])) {
      slots_[at].registers = static_cast<u8>(static_cast<u8>(isa::Call::kfunc) << 4);
      slots_[at].immediate = static_cast<s32>(to.number);
      return {};
    }
    const bool is_number = found && external.kind == platform::ExternKind::address;
    const u64 address = external.value + to.addend;
    slots_[at].registers =
        with_source(slots_[at], is_number ? isa::Constant::number : isa::Constant::variable);
    slots_[at].immediate = static_cast<s32>(is_number ? address : to.number);
    slots_[at + 1].immediate = static_cast<s32>(is_number ? address >> 32 : 0);
    return {};
  }

  Result<void> write_value(u32 at, const platform::Extern& external, const ExternReference& to) {
    if (!is_wide(slots_[at]) || to.addend >= external.size) {
      return Error(Fault::malformed, format("{} is a value of {}, and is not used as one",
                                            external.name, counted(external.size, "byte")));
    }
    return write(
        at, ValueReference{*image_.configuration, external.offset + static_cast<u32>(to.addend)});
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

  // The function that bpf_throw() calls is named by a tag of the program.
  Result<void> append_exception_callback(u32 main) {
    const auto id = image_.types.types->find(symbol(main).name, btf::Kind::function);
    if (!id) return {};
    const auto name = image_.tags.behind(*id, "exception_callback:");
    if (!name) return {};
    if (image_.tags.count(*id, "exception_callback:") > 1) {
      return Error(Fault::malformed, "the program has several exception callbacks");
    }
    const auto& functions = image_.functions.all();
    const auto found = std::ranges::find(functions, *name, &FunctionSymbol::name);
    if (found == functions.end()) {
      return Error(Fault::malformed,
                   format("the exception callback {} is not in the object", *name));
    }
    const auto number = static_cast<u32>(found - functions.begin());
    if (base_[number] == kNotPlaced) TRY(append(number));
    while (!open_.empty()) TRY(step());
    program_.exception_callback =
        static_cast<u32>(std::ranges::find(order_, number) - order_.begin());
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
          signature_of(*image_.types.types, image_.tags, placed.name, program_.type);
    }
    const auto lines =
        image_.ext.lines(section_name(function), placed.offset, placed.offset + placed.size);
    const btf::Types& types = *image_.types.types;
    program_.lines.reserve(program_.lines.size() + lines.size());
    for (const LineRecord& line : lines) {
      const auto slot = static_cast<u32>((line.offset - placed.offset) / sizeof(Slot));
      program_.lines.push_back({.at = instruction(base + slot),
                                .line = line.line(),
                                .column = line.column(),
                                .file = types.string(line.file).value(),
                                .text = types.string(line.text).value()});
    }
  }

  void aim_constants() {
    for (const Aim& aim : aims_) {
      isa::Instruction& constant = program_.code[instruction_at_[aim.slot]];
      if (constant.is_wide()) constant.target = instruction(base_[aim.function]);
    }
  }

  // What CO-RE found no answer for, for whoever reaches it.
  std::vector<CoreUse> name_unresolved() {
    std::vector<CoreUse> uses = core_.uses();
    std::ranges::stable_sort(uses, {}, &CoreUse::slot);
    for (const CoreUse& use : uses) {
      if (!use.absent) continue;
      program_.unresolved.push_back({.at = instruction(use.slot),
                                     .message = use.absent->message,
                                     .reason = format("the instruction has {}", use.text),
                                     .hint = use.absent->hint});
    }
    return uses;
  }

  const Image& image_;
  platform::Program& program_;
  isa::Unknown unknown_;
  CoreLinker core_;
  std::vector<u32> base_;   // by function: its first slot in the program
  std::vector<u32> order_;  // functions as they were appended
  std::vector<Walk> open_;
  std::vector<Aim> aims_;
  std::vector<Slot> slots_;
  std::vector<u32> instruction_at_;  // by slot
};

}  // namespace

Result<Linked> link(const Image& image, u32 function, const LinkOptions& options,
                    platform::Program& program) {
  return Linker(image, options, program).run(function);
}

}  // namespace skep::object
