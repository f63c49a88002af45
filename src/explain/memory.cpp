// The memory of a concrete run.
#include "base/text.hpp"
#include "explain/objects.hpp"
#include "platform/program.hpp"

namespace skep::explain {
namespace {

using verify::Kind;
using verify::Value;

constexpr u32 kPacketBytes = 64;  // of a packet that nothing was said of
constexpr u64 kPacketBytesMax = 0xffff;

u64 byte_of(u64 value, u32 number) { return value >> (8 * number) & 0xff; }

u64 sign_extended(u64 value, u32 bytes) {
  const u32 unused = 64 - 8 * bytes;
  return bytes >= 8 ? value : static_cast<u64>(static_cast<s64>(value << unused) >> unused);
}

const platform::MapSpec* map_of(const platform::Program& program, s32 number) {
  const auto& maps = *program.maps;
  const auto at = static_cast<std::size_t>(number);
  if (number < 0 || at >= 2 * maps.size()) return nullptr;
  return at < maps.size() ? &maps[at] : maps[at - maps.size()].inner.get();
}

}  // namespace

u32 Machine::add(Object object) {
  object.id = static_cast<u32>(objects_.size());
  objects_.push_back(std::move(object));
  return objects_.back().id;
}

s64 Machine::size_of(const Object& object) const {
  if (object.kind != ObjectKind::packet) return object.size;
  return static_cast<s64>(input_.get(object.id, kSize, kPacketBytes));
}

// What a pointer of that kind points to, when it is new.
Object Machine::object_for(const Value& value, const std::string& by) const {
  Object out;
  out.made = by;
  out.reference = value.reference;
  out.may_be_null = value.null == verify::Null::maybe;
  const platform::MapSpec* map = map_of(way_.program(), value.map);
  if (value.kind == Kind::map_value && map != nullptr) {
    out.name = map->is_globals ? "section " + map->name : "a value of map " + map->name;
    out.size = map->value_size;
    return out;
  }
  if (value.kind == Kind::map_key && map != nullptr) {
    out.name = "a key of map " + map->name;
    out.size = map->key_size;
    return out;
  }
  if (value.kind == Kind::record || value.kind == Kind::memory) {
    out.name = value.kind == Kind::record ? "a ring record" : "memory";
    out.size = value.range;
    return out;
  }
  out.kind = ObjectKind::outside;
  Value that_is_there = value;
  that_is_there.null = verify::Null::no;
  out.name = describe(that_is_there);
  return out;
}

Cell Machine::made_packet(const Value& value, const std::string& by) {
  const auto [place, is_new] = shared_.try_emplace("packet", 0);
  if (is_new) {
    Object packet;
    packet.kind = ObjectKind::packet;
    packet.name = "the packet";
    packet.made = by;
    place->second = add(packet);
  }
  const u32 id = place->second;
  Cell out{.is_set = true, .object = static_cast<s32>(id)};
  if (value.kind == Kind::packet_end) {
    out.value = static_cast<u64>(size_of(objects_[id]));
    out.trace = {.object = id, .at = kSize, .bytes = 4, .most = kPacketBytesMax};
  } else {
    out.value = static_cast<u64>(value.offset);
  }
  return out;
}

// A number from outside: any that the verifier thinks possible, at first the smallest.
Cell Machine::made_number(const Value& value, const std::string& by) {
  Cell out{.is_set = true};
  const verify::Scalar& number = value.number;
  if (number.is_constant()) {
    out.value = number.value();
    return out;
  }
  Object object;
  object.kind = ObjectKind::outside;
  object.name = "a number";
  object.made = by;
  object.size = verify::kSlotBytes;
  const u32 id = add(object);
  const u64 usual = number.contains(0) ? 0 : number.full.umin;
  for (u32 n = 0; n < verify::kSlotBytes; ++n)
    out.value |= input_.get(id, static_cast<s32>(n), byte_of(usual, n)) << (8 * n);
  out.trace = {.object = id, .at = 0, .bytes = verify::kSlotBytes, .most = number.full.umax};
  impossible_ |= !number.contains(out.value);
  return out;
}

Cell Machine::made_context(const Value& value, const std::string& by) {
  const auto [place, is_new] = shared_.try_emplace("context", 0);
  if (is_new) place->second = add({.kind = ObjectKind::context, .name = "the context", .made = by});
  return {.is_set = true,
          .object = static_cast<s32>(place->second),
          .value = static_cast<u64>(value.offset)};
}

Cell Machine::made(const Value& value, const std::string& by) {
  if (value.kind == Kind::unset) return {};
  if (value.is_number()) return made_number(value, by);
  if (value.is_packet() || value.kind == Kind::packet_end) return made_packet(value, by);
  if (value.kind == Kind::context) return made_context(value, by);
  if (value.kind == Kind::stack) {
    if (value.frame >= stacks_.size()) return {};
    return {.is_set = true,
            .object = static_cast<s32>(stacks_[value.frame]),
            .value = static_cast<u64>(value.offset)};
  }
  const u32 id = add(object_for(value, by));
  const bool is_null = objects_[id].may_be_null && input_.get(id, kIsNull) != 0;
  if (is_null) return {.is_set = true, .null_of = static_cast<s32>(id)};
  return {.is_set = true, .object = static_cast<s32>(id), .value = static_cast<u64>(value.offset)};
}

// The same object each time: what a field of the context or an element of a map is.
Cell Machine::made_once(const std::string& key, const Value& value, const std::string& by) {
  const bool is_packet = value.is_packet() || value.kind == Kind::packet_end;
  if (is_packet || value.kind == Kind::context) return made(value, by);
  if (const auto found = shared_.find(key); found != shared_.end()) {
    const Object& object = objects_[found->second];
    const bool is_null = object.may_be_null && input_.get(object.id, kIsNull) != 0;
    if (is_null) return {.is_set = true, .null_of = static_cast<s32>(object.id)};
    return {.is_set = true,
            .object = static_cast<s32>(object.id),
            .value = static_cast<u64>(value.offset)};
  }
  const Cell out = made(value, by);
  const s32 object = out.is_pointer() ? out.object : out.null_of;
  if (object >= 0) shared_.emplace(key, static_cast<u32>(object));
  return out;
}

Cell Machine::read(const Object& object, s64 at, u32 bytes, bool is_signed) const {
  if (const auto whole = object.stored.find(at);
      whole != object.stored.end() && whole->second.first == bytes && !is_signed) {
    return whole->second.second;
  }
  Cell out{.is_set = true};
  Trace trace{
      .object = object.id, .at = static_cast<s32>(at), .bytes = bytes, .is_signed = is_signed};
  for (u32 n = 0; n < bytes; ++n) {
    const auto written = object.written.find(at + n);
    u32 from = object.id;
    s32 place = static_cast<s32>(at + n);
    if (written != object.written.end()) {
      if (written->second.object < 0) trace.bytes = 0;  // the program wrote it itself
      from = static_cast<u32>(written->second.object);
      place = written->second.at;
    }
    if (n == 0) {
      trace.object = from;
      trace.at = place;
    } else if (from != trace.object || place != trace.at + static_cast<s32>(n)) {
      trace.bytes = 0;
    }
    const bool is_own = written != object.written.end() && written->second.object < 0;
    const u64 byte = is_own ? written->second.value : input_.get(from, place);
    out.value |= byte << (8 * n);
  }
  if (is_signed) out.value = sign_extended(out.value, bytes);
  if (trace.bytes != 0) out.trace = trace;
  return out;
}

void Machine::write(Object& object, s64 at, u32 bytes, const Cell& cell) {
  std::erase_if(object.stored, [&](const auto& each) {
    const s64 first = each.first, end = first + each.second.first;
    return first < at + bytes && at < end;
  });
  const u64 value = number(cell);
  for (u32 n = 0; n < bytes; ++n)
    object.written[at + n] = {.value = static_cast<u8>(byte_of(value, n))};
  const bool fits =
      bytes == verify::kSlotBytes || (!cell.is_pointer() && value >> (8 * bytes) == 0);
  if (fits) object.stored[at] = {bytes, cell};
}

std::string Machine::by_text(std::size_t stop) const {
  const isa::Instruction& i = way_.instruction(stop);
  const std::string what = i.form == isa::Form::call ? way_.text(stop).substr(5) : way_.text(stop);
  const u32 line = way_.line(stop);
  return line == 0 ? format("{}, instruction {}", what, way_.slot(stop))
                   : format("{}, line {}", what, line);
}

// The innermost frame at `stop` begins: its registers are what the verifier thinks they are.
void Machine::enter_frame(std::size_t stop) {
  Object stack;
  stack.kind = ObjectKind::stack;
  stack.name = "the stack";
  stacks_.push_back(add(stack));
  frames_.emplace_back();
  const verify::Frame& frame = way_.stops()[stop].state.frame();
  for (u8 r = 0; r < isa::kRegisters; ++r)
    frames_.back()[r] = made(frame.registers[r], "an argument");
}

}  // namespace skep::explain
