// An original instruction keeps the bits of its slots but for the distance that it jumps or calls;
// a new one is encoded.
#include "optimize/layout.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "isa/control_flow.hpp"
#include "object/image.hpp"
#include "object/relocate.hpp"

namespace skep::optimize {
namespace {

using isa::Slot;

// Elsewhere that field says what the instruction is.
bool has_register_source(isa::Form form) {
  switch (form) {
    case isa::Form::alu:
    case isa::Form::load:
    case isa::Form::load_signed:
    case isa::Form::store:
    case isa::Form::atomic:
    case isa::Form::jump: return true;
    default: return false;
  }
}

class FunctionWriter {
 public:
  FunctionWriter(const object::Image& image, const Knowledge& knowledge,
                 const std::vector<u32>& slot_of, CodeSection& out)
      : image_(image), knowledge_(knowledge), slot_of_(slot_of), out_(out) {}

  Result<void> run(const Body& body) {
    body_ = &body;
    first_ = static_cast<u32>(out_.slots.size());
    isa::Code code;
    for (const Step& each : body.steps) code.push_back(each.instruction);
    encoded_ = TRY(isa::encode(code));
    isa::assign_slots(code);
    for (u32 at = 0; at < body.steps.size(); ++at) {
      const u32 slot = code[at].slot.value();
      out_.steps.push_back({first_ + slot, &body.steps[at]});
      const u32 count = code[at].is_wide() ? 2 : 1;
      for (u32 each = 0; each < count; ++each) out_.slots.push_back(encoded_[slot + each]);
      if (body.steps[at].is_original) restore(body.steps[at], first_ + slot, count);
    }
    out_.functions.push_back({body.function, first_, static_cast<u32>(out_.slots.size()) - first_});
    return {};
  }

 private:
  void restore(const Step& step, u32 slot, u32 count) {
    const object::Section& section = image_.elf.sections()[step.origin.section];
    Slot* written = &out_.slots[slot];
    const Slot encoded = written[0];
    std::memcpy(written, section.bytes.data() + step.origin.offset(), count * sizeof(Slot));
    written->registers = has_register_source(step.instruction.form)
                             ? encoded.registers
                             : static_cast<u8>(encoded.dst() | written->src() << 4);
    if (isa::has_jump_target(step.instruction)) {
      written->offset = encoded.offset;
      if (step.instruction.form == isa::Form::jump_always) written->immediate = encoded.immediate;
    }
    const auto relocation = knowledge_.relocations.find(step.origin);
    const bool relocated = relocation != knowledge_.relocations.end();
    if (relocated) {
      out_.relocations.push_back(relocation->second);
      out_.relocations.back().offset = u64{slot} * sizeof(Slot);
    }
    if (step.callee == kNoFunction) return;
    aim(*written, slot, step.callee, relocated ? &relocation->second : nullptr);
  }

  // As libbpf adds them up: a call goes to symbol + immediate + 1, counted in instructions, and a
  // constant is symbol + immediate, in bytes.
  void aim(Slot& written, u32 slot, u32 callee, const object::Relocation* relocation) const {
    const auto to = static_cast<s32>(slot_of_[callee]);
    if (relocation == nullptr) {
      written.immediate = to - static_cast<s32>(slot) - 1;
      return;
    }
    const object::Symbol& symbol = image_.elf.symbols()[relocation->symbol];
    const auto base = symbol.value == 0 ? s32{0} : moved(symbol);
    const s32 distance = to - base;
    written.immediate =
        object::is_wide(written) ? distance * static_cast<s32>(sizeof(Slot)) : distance - 1;
  }

  s32 moved(const object::Symbol& symbol) const {
    const auto function = image_.functions.at(symbol.section, symbol.value);
    return static_cast<s32>(slot_of_[*function]);
  }

  const object::Image& image_;
  const Knowledge& knowledge_;
  const std::vector<u32>& slot_of_;
  CodeSection& out_;
  const Body* body_ = nullptr;
  u32 first_ = 0;
  std::vector<Slot> encoded_;
};

}  // namespace

u32 slots_of(const std::vector<Step>& steps) {
  u32 out = 0;
  for (const Step& each : steps) out += each.instruction.is_wide() ? 2 : 1;
  return out;
}

Result<Layout> Layout::make(const object::Object& object, const std::vector<Body>& bodies,
                            const Knowledge& knowledge) {
  const object::Image& image = object.image();
  Layout out;
  std::map<u32, u32> length;  // by section, in slots
  for (const Body& body : bodies) {
    u32& end = length[image.functions.all()[body.function].section];
    out.slot_of_.push_back(end);
    end += slots_of(body.steps);
  }
  for (const Body& body : bodies) {
    const object::FunctionSymbol& symbol = image.functions.all()[body.function];
    if (out.sections_.empty() || out.sections_.back().section != symbol.section) {
      out.sections_.push_back({.section = symbol.section});
    }
    FunctionWriter writer(image, knowledge, out.slot_of_, out.sections_.back());
    TRY(writer.run(body).within(format("function {}", symbol.name)));
  }
  return out;
}

const CodeSection* Layout::find(u32 section) const {
  const auto found = std::ranges::find(sections_, section, &CodeSection::section);
  return found == sections_.end() ? nullptr : &*found;
}

u64 Layout::moved(const object::Object& object, u32 section, u64 offset) const {
  const auto function = object.image().functions.at(section, offset);
  return function ? u64{slot_of_[*function]} * sizeof(Slot) : offset;
}

}  // namespace skep::optimize
