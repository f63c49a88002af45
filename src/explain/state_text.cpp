#include "explain/state_text.hpp"

#include <array>
#include <limits>

#include "base/enum_array.hpp"
#include "base/text.hpp"

namespace skep::explain {
namespace {

using verify::Kind;
using verify::Scalar;
using verify::Value;
using Word64 = verify::Word<u64>;
using Word32 = verify::Word<u32>;

// reg_type_str() in kernel/bpf/log.c.
constexpr EnumArray<Kind, std::string_view> kNames({
    {Kind::unset, "?"},
    {Kind::number, "scalar"},
    {Kind::context, "ctx"},
    {Kind::stack, "fp"},
    {Kind::packet, "pkt"},
    {Kind::packet_meta, "pkt_meta"},
    {Kind::packet_end, "pkt_end"},
    {Kind::map, "map_ptr"},
    {Kind::map_value, "map_value"},
    {Kind::map_key, "map_key"},
    {Kind::record, "ringbuf_mem"},
    {Kind::memory, "mem"},
    {Kind::arena, "arena"},
    {Kind::flow_keys, "flow_keys"},
    {Kind::socket_common, "sock_common"},
    {Kind::socket, "sock"},
    {Kind::tcp_socket, "tcp_sock"},
    {Kind::xdp_socket, "xdp_sock"},
    {Kind::kernel, "ptr_"},
    {Kind::own, "ptr_"},
    {Kind::kernel_per_cpu, "percpu_ptr_"},
    {Kind::own_per_cpu, "percpu_ptr_"},
    {Kind::function, "func"},
    {Kind::dynptr, "dynptr_ptr"},
    {Kind::dynptr_object, "dynptr"},
    {Kind::iterator, "iter"},
    {Kind::interrupt_flags, "irq_flag"},
});

// Numbers of up to 16 bits are decimal, others hexadecimal (verbose_unum, verbose_snum).
std::string number_text(u64 value) {
  return format(value <= std::numeric_limits<u16>::max() ? "{}" : "0x{:x}", value);
}
std::string signed_text(s64 value) {
  const bool small =
      value >= std::numeric_limits<s16>::min() && value <= std::numeric_limits<s16>::max();
  return small ? std::to_string(value) : format("0x{:x}", static_cast<u64>(value));
}

// One bound of a number; those that say nothing are left out.
struct Bound {
  std::string_view name;
  u64 value;  // of 64 bits, signs extended
  bool says_nothing;
  bool is_signed() const { return name[0] == 's'; }
  bool is_negative() const { return is_signed() && static_cast<s64>(value) < 0; }
};

std::array<Bound, 8> bounds_of(const Scalar& scalar) {
  const auto& full = scalar.full;
  const auto& half = scalar.half;
  return {{{"smin", static_cast<u64>(full.smin), full.smin == Word64::kSignedMin},
           {"smax", static_cast<u64>(full.smax), full.smax == Word64::kSignedMax},
           {"umin", full.umin, full.umin == 0},
           {"umax", full.umax, full.umax == Word64::kMax},
           {"smin32", static_cast<u64>(s64{half.smin}), half.smin == Word32::kSignedMin},
           {"smax32", static_cast<u64>(s64{half.smax}), half.smax == Word32::kSignedMax},
           {"umin32", half.umin, half.umin == 0},
           {"umax32", half.umax, half.umax == Word32::kMax}}};
}

class Fields {
 public:
  void add(std::string_view text) {
    if (text.empty()) return;
    if (!text_.empty()) text_ += ',';
    text_ += text;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string trust_prefix(const Value& value) {
  if (value.kind != Kind::kernel) return {};
  switch (value.trust) {
    case verify::Trust::none: return "";
    case verify::Trust::untrusted: return "untrusted_";
    case verify::Trust::rcu: return "rcu_";
    case verify::Trust::reference: return "trusted_";
  }
  return {};
}

std::string map_fields(const platform::Program& program, const Value& value) {
  const bool of_map =
      value.kind == Kind::map || value.kind == Kind::map_value || value.kind == Kind::map_key;
  if (!of_map || value.map < 0) return {};
  const auto& maps = *program.maps;
  const auto number = static_cast<std::size_t>(value.map);
  const platform::MapSpec* map =
      number < maps.size() ? &maps[number] : maps[number - maps.size()].inner.get();
  if (map == nullptr) return {};
  const std::string name = map->name.empty() ? "" : format("map={},", map->name);
  return name + format("ks={},vs={}", map->key_size, map->value_size);
}

std::string pointer_fields(const platform::Program& program, const Value& value) {
  Fields fields;
  if (value.id != 0 && (value.null == verify::Null::maybe || !value.number.is_constant()))
    fields.add(format("id={}", value.id));
  if (value.reference != 0) fields.add(format("ref_obj_id={}", value.reference));
  fields.add(map_fields(program, value));
  if (value.kind == Kind::kernel) fields.add(format("btf_id={}", value.type));
  if (value.offset != 0) fields.add("off=" + signed_text(value.offset));
  if (value.is_packet()) fields.add("r=" + number_text(value.range));
  if (value.kind == Kind::record || value.kind == Kind::memory)
    fields.add("sz=" + number_text(value.range));
  if (!value.number.is_constant()) fields.add(ranges_text(value.number));
  return fields.text();
}

std::string slot_text(const platform::Program& program, const verify::StackSlot& slot, u32 frame) {
  std::string bytes;
  for (u32 byte = verify::kSlotBytes; byte-- > slot.spilled;)
    bytes += (slot.set >> byte & 1) != 0 ? 'm' : '?';
  return slot.spilled == 0 ? bytes : bytes + kernel_text(program, slot.value, frame);
}

}  // namespace

std::string ranges_text(const Scalar& scalar) {
  Fields fields;
  auto bounds = bounds_of(scalar);
  for (std::size_t at = 0; at < bounds.size(); ++at) {
    const Bound& bound = bounds[at];
    if (bound.says_nothing) continue;
    std::string names = std::string(bound.name) + "=";
    // Bounds of the same side and value share it, unless one is negative and the other is not.
    for (std::size_t other = at + 2; other < bounds.size(); other += 2) {
      Bound& same = bounds[other];
      if (same.says_nothing || same.value != bound.value ||
          same.is_negative() != bound.is_negative())
        continue;
      same.says_nothing = true;
      names += std::string(same.name) + "=";
    }
    fields.add(names + (bound.is_signed() ? signed_text(static_cast<s64>(bound.value))
                                          : number_text(bound.value)));
  }
  const bool bits_known = scalar.full.mask != Word64::kMax;
  if (bits_known)
    fields.add(format("var_off=(0x{:x}; 0x{:x})", scalar.full.value, scalar.full.mask));
  return fields.text();
}

std::string kernel_text(const platform::Program& program, const Value& value, u32 frame) {
  if (value.kind == Kind::unset) return "?";
  if (value.is_number()) {
    if (value.number.is_constant()) return signed_text(static_cast<s64>(value.number.value()));
    Fields fields;
    if (value.id != 0) fields.add(format("id={}", value.id));
    fields.add(ranges_text(value.number));
    return "scalar(" + fields.text() + ")";
  }
  std::string out = trust_prefix(value) + std::string(kNames[value.kind]);
  if (value.null == verify::Null::maybe) out += "_or_null";
  if (value.kind == Kind::stack) {
    if (value.frame != frame) out += format("[{}]", value.frame);
    if (value.number.is_constant())
      return out + signed_text(value.offset + static_cast<s64>(value.number.value()));
  }
  return out + "(" + pointer_fields(program, value) + ")";
}

std::string kernel_text(const platform::Program& program, const verify::State& state, u32 number,
                        const Shown& shown) {
  const verify::Frame& frame = state.frames[number];
  std::string out;
  for (u8 r = 0; r < isa::kRegisters; ++r) {
    const Value& value = frame.registers[r];
    if ((shown.registers & verify::bit(r)) == 0 || value.kind == Kind::unset) continue;
    out += format(" R{}={}", r, kernel_text(program, value, number));
  }
  for (std::size_t at = 0; at < frame.slots.size(); ++at) {
    if ((shown.slots >> at & 1) == 0 || frame.slots[at].is_untouched()) continue;
    const s64 offset = -static_cast<s64>((at + 1) * verify::kSlotBytes);
    out += format(" fp{}={}", offset, slot_text(program, frame.slots[at], number));
  }
  if (out.empty()) return out;
  for (std::size_t at = 0; at < state.held.size(); ++at)
    out += format("{}{}", at == 0 ? " refs=" : ",", state.held[at].id);
  if (number == 0) return out;
  return format(" frame{}:", number) + out;
}

}  // namespace skep::explain
