// The way back from a value to what made it.
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "explain/origins.hpp"
#include "isa/control_flow.hpp"
#include "isa/tables.hpp"
#include "platform/helpers.hpp"
#include "text/text.hpp"
#include "verify/analysis.hpp"
#include "verify/liveness.hpp"

namespace skep::explain {
namespace {

using isa::Form;
using isa::Instruction;
using verify::Kind;
using verify::Value;

bool is_load(const Instruction& i) { return i.form == Form::load || i.form == Form::load_signed; }

bool is_pointer_arithmetic(const Instruction& i) {
  return i.form == Form::alu && (i.alu() == isa::Alu::add || i.alu() == isa::Alu::sub);
}

struct Region {
  Kind kind;
  std::string_view name;
};
constexpr auto kRegions = std::to_array<Region>({
    {Kind::context, "the context"},
    {Kind::stack, "the stack"},
    {Kind::packet, "the packet"},
    {Kind::packet_meta, "the packet"},
    {Kind::map_value, "a map's value"},
    {Kind::map_key, "a map's key"},
    {Kind::record, "a ring record"},
    {Kind::arena, "the arena"},
});

std::string_view region_name(Kind kind) {
  const auto row = std::ranges::find(kRegions, kind, &Region::kind);
  return row == kRegions.end() ? "memory" : row->name;
}

}  // namespace

const Value& Way::value(const Place& place) const {
  static const Value kNothing;
  const verify::State& state = stops_[place.stop].state;
  if (place.frame >= state.frames.size()) return kNothing;
  const verify::Frame& frame = state.frames[place.frame];
  if (!place.is_slot) return frame.registers[place.number];
  return place.number < frame.slots.size() ? frame.slots[place.number].value : kNothing;
}

u32 Way::line(std::size_t stop) const {
  const platform::SourceLine* line = program_.line_at(stops_[stop].at);
  return line == nullptr ? 0 : line->line;
}

std::string Way::source(std::size_t stop) const {
  const platform::SourceLine* line = program_.line_at(stops_[stop].at);
  return line == nullptr ? std::string() : std::string(trimmed(line->text));
}

std::string Way::text(std::size_t stop) const {
  return text::disassemble(program_.code, stops_[stop].at, text::kPeople, text::names_of(program_));
}

std::optional<Place> Way::slot_reached(std::size_t stop) const {
  const Instruction& i = instruction(stop);
  if (!is_load(i) && i.form != Form::store) return std::nullopt;
  const Value& base = stops_[stop].state.frame().registers[is_load(i) ? i.src : i.dst];
  if (base.kind != Kind::stack || !base.number.is_constant()) return std::nullopt;
  const s64 offset = base.offset + static_cast<s64>(base.number.value()) + i.offset;
  if (offset >= 0 || offset < -s64{isa::kStackBytes}) return std::nullopt;
  return Place{stop, base.frame, static_cast<u8>(verify::Frame::slot_of(offset)), true};
}

bool Way::is_taken(std::size_t jump) const {
  isa::InstructionIndex target = instruction(jump).target;
  // Plain jumps are no stops; there are fewer of them in a row than instructions.
  for (std::size_t n = 0; n < program_.code.size(); ++n) {
    const Instruction& i = program_.code[target.value()];
    if (i.form != Form::jump_always) break;
    target = i.target;
  }
  return stops_[jump + 1].at == target;
}

// `by` wrote the register or slot: what it was before, or that it was made there.
Way::Found Way::undo_write(std::size_t by, Place& place, Made& made) const {
  const Instruction& i = instruction(by);
  if (place.is_slot) {
    if (!i.has_register_source()) return Found::yes;
    place = {by, depth(by), i.src, false};
    return Found::no;
  }
  if (i.form == Form::alu && i.alu() == isa::Alu::mov && i.has_register_source()) {
    place.number = i.src;
    if (i.width == isa::Width::w32) made.changed_by.push_back(by);
    return Found::no;
  }
  const Value& before = stops_[by].state.frame().registers[i.dst];
  if (is_pointer_arithmetic(i) && before.is_pointer()) {
    made.changed_by.push_back(by);
    return Found::no;
  }
  const auto slot = is_load(i) ? slot_reached(by) : std::nullopt;
  if (!slot || value(*slot).kind == Kind::unset) return Found::yes;
  const Value& spilled = value(*slot);
  const bool is_whole = spilled.is_pointer() || i.width == isa::Width::w64;
  if (!is_whole) made.changed_by.push_back(by);
  place = *slot;
  return Found::no;
}

// One instruction back. Frames of callees begin and end on the way.
Way::Found Way::step_back(std::size_t by, Place& place, Made& made) const {
  const Instruction& i = instruction(by);
  const u32 now = depth(by), behind = depth(by + 1);
  place.stop = by;
  if (place.frame > now) {  // `by` entered the frame
    const bool is_argument = !place.is_slot && place.number >= isa::kR1 && place.number <= isa::kR5;
    if (!is_argument || !isa::is_local_call(i)) return Found::yes;
    --place.frame;
    return Found::no;
  }
  if (behind < now && place.frame == behind && !place.is_slot) {  // `by` returned from a callee
    const bool is_callback = stops_[by].state.frame().entered == verify::Entered::as_callback;
    if (place.number > isa::kR5 || is_callback) return Found::no;
    if (place.number != isa::kR0) return Found::yes;
    ++place.frame;
    return Found::no;
  }
  if (place.is_slot) {
    const auto slot = i.form == Form::store ? slot_reached(by) : std::nullopt;
    const bool writes = slot && slot->frame == place.frame && slot->number == place.number;
    return writes ? undo_write(by, place, made) : Found::no;
  }
  if (place.frame != now || behind != now) return Found::no;
  const bool writes = (verify::effects_of(i).writes & verify::bit(place.number)) != 0;
  return writes ? undo_write(by, place, made) : Found::no;
}

Made Way::made(Place place) const {
  Made made{place};
  for (std::size_t by = place.stop; by-- > 0;) {
    if (step_back(by, place, made) == Found::no) continue;
    made.by = by;
    break;
  }
  made.place = place;
  return made;
}

std::string how_made(const Way& way, const Made& made) {
  if (!made.by) return "given at the start";
  const Instruction& i = way.instruction(*made.by);
  const Value* base = nullptr;
  if (is_load(i)) base = &way.stops()[*made.by].state.frame().registers[i.src];
  switch (i.form) {
    case Form::load:
    case Form::load_signed: return format("read from {}", region_name(base->kind));
    case Form::call: {
      // What a callback gets.
      if (made.place.frame > way.depth(*made.by)) return "given by " + way.text(*made.by).substr(5);
      const bool result = made.place.is_slot || made.place.number == isa::kR0;
      return (result ? "returned by " : "not kept by ") + way.text(*made.by).substr(5);
    }
    case Form::constant: return "set by " + way.text(*made.by);
    case Form::packet_load: return "read from the packet";
    case Form::atomic: return "what memory held before";
    case Form::store: return "stored by " + way.text(*made.by);
    case Form::alu:
      return (i.alu() == isa::Alu::mov ? "set by " : "computed by ") + way.text(*made.by);
    case Form::jump:
    case Form::jump_always:
    case Form::may_goto:
    case Form::exit:
    case Form::address_space_cast:
    case Form::unknown:
    case Form::count_: break;
  }
  return "made by " + way.text(*made.by);
}

}  // namespace skep::explain
