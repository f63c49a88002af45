#include "verify/dynptrs.hpp"

#include <algorithm>

#include "verify/stack_objects.hpp"

namespace skep::verify {
namespace {

constexpr u32 kDynptrSlots = 2;  // sizeof(struct bpf_dynptr) is 16

Refusal refuse_dynptr(const State& state, u8 r, std::string_view wanted) {
  return {Property::stack_object,
          format("argument {} is to be {}", r, wanted),
          format("{} is {}", register_name(r), describe(state.frame().registers[r])),
          {}};
}

// Which dynptr a helper or a kernel function makes.
struct MakerRow {
  std::string_view function;
  DynptrKind kind;
};
constexpr MakerRow kMakers[] = {
    {"dynptr_from_mem", DynptrKind::local},
    {"ringbuf_reserve_dynptr", DynptrKind::record},
    {"bpf_dynptr_from_skb", DynptrKind::packet},
    {"bpf_dynptr_from_xdp", DynptrKind::xdp_packet},
    {"bpf_dynptr_from_skb_meta", DynptrKind::packet},
};

DynptrKind made_by(std::string_view function) {
  const auto* const found = std::ranges::find(kMakers, function, &MakerRow::function);
  return found == std::end(kMakers) ? DynptrKind::none : found->kind;
}

}  // namespace

Check find_dynptr(Analysis& analysis, const State& state, u8 r, Dynptr& out) {
  const Value& pointer = state.frame().registers[r];
  if (pointer.kind == Kind::dynptr) {
    if (!pointer.is_at_start()) return refuse_dynptr(state, r, "a dynptr, not moved");
    out = {static_cast<DynptrKind>(pointer.type), pointer.id, 0, true};
    return {};
  }
  if (pointer.kind != Kind::stack) return refuse_dynptr(state, r, "a dynptr on the stack");
  const auto place = object_place(pointer, kDynptrSlots);
  const Value* const found =
      place ? object_at(analysis, state, *place, Kind::dynptr_object) : nullptr;
  if (found == nullptr) return refuse_dynptr(state, r, "a dynptr that was made before");
  out = {static_cast<DynptrKind>(found->type), found->id, found->reference, false};
  return {};
}

Check make_dynptr(Analysis& analysis, State& state, const NewDynptr& of) {
  const auto place = object_place(state.frame().registers[of.r], kDynptrSlots);
  if (!place) {
    return refuse_dynptr(state, of.r, "where a dynptr may be: 16 bytes of the stack, aligned to 8");
  }
  Value object = Value::pointer(Kind::dynptr_object);
  object.type = static_cast<u32>(of.kind);
  object.id = analysis.new_id();
  object.reference = of.shared;
  const bool acquires = of.kind == DynptrKind::record && of.shared == 0;
  if (acquires) object.reference = analysis.new_id();
  if (auto refused = put_object(analysis, state, *place, object)) return refused;
  if (acquires) state.held.push_back({object.reference, of.at});
  return {};
}

void release_dynptrs(const Analysis& analysis, State& state, u32 reference,
                     isa::InstructionIndex at) {
  std::vector<u32> identities;
  const Frames& frames = state.frames;
  for (u32 f = 0; f < frames.size(); ++f) {
    for (u32 s = 0; s < frames[f].slots.size(); ++s) {
      const StackSlot& slot = frames[f].slots[s];
      const bool shares = slot.spilled != 0 && slot.value.kind == Kind::dynptr_object &&
                          slot.value.reference == reference;
      if (!shares) continue;
      identities.push_back(slot.value.id);
      state.frames[f].slots.edit(s) = StackSlot{};
    }
  }
  for (const u32 identity : identities) forget_reference(analysis, state, identity, at);
  forget_reference(analysis, state, reference, at);
}

Value slice_of(const Dynptr& dynptr, u32 bytes) {
  Value out = Value::pointer(Kind::memory);
  out.range = bytes;
  out.reference = dynptr.id;
  out.type = static_cast<u32>(dynptr.kind);
  return out;
}

bool is_packet_slice(const Value& value) {
  if (value.kind != Kind::memory) return false;
  const auto kind = static_cast<DynptrKind>(value.type);
  return kind == DynptrKind::packet || kind == DynptrKind::xdp_packet;
}

Check check_dynptr_argument(Analysis& analysis, State& state, Call& call, u8 r) {
  const platform::Argument kind = call.helper.arguments[r - 1u];
  if (kind == platform::Argument::dynptr_out)
    return make_dynptr(analysis, state, {r, call.at, made_by(call.helper.name)});
  Dynptr dynptr;
  if (auto refused = find_dynptr(analysis, state, r, dynptr)) return refused;
  call.dynptr = dynptr;
  if (kind != platform::Argument::dynptr_taken) return {};
  if (dynptr.kind != DynptrKind::record || dynptr.is_constant)
    return refuse_dynptr(state, r, "the dynptr of a ring record");
  call.dynptr_given_back = dynptr.reference;
  return {};
}

Check check_kernel_dynptr(Analysis& analysis, State& state, KernelCall& call,
                          const KernelParameter& of) {
  if (!of.declared.name.ends_with("__uninit")) {
    Dynptr dynptr;
    if (auto refused = find_dynptr(analysis, state, of.r, dynptr)) return refused;
    call.dynptr = dynptr;
    return {};
  }
  const bool clones = call.row.name == "bpf_dynptr_clone" && call.dynptr;
  const DynptrKind kind = clones ? call.dynptr->kind : made_by(call.row.name);
  return make_dynptr(analysis, state, {of.r, call.at, kind, clones ? call.dynptr->reference : 0});
}

}  // namespace skep::verify
