#include "verify/fields.hpp"

#include <algorithm>

#include "platform/map_fields.hpp"
#include "verify/kernel_functions.hpp"
#include "verify/kernel_types.hpp"
#include "verify/locks.hpp"
#include "verify/own_objects.hpp"
#include "verify/sections.hpp"

namespace skep::verify {
namespace {

using platform::ProgramType;
using platform::SpecialKind;

constexpr u32 kPointerBytes = 8;

Refusal refused(std::string message, std::string reason = {}, std::string hint = {}) {
  return {Property::special_field, std::move(message), std::move(reason), std::move(hint)};
}

std::string place_of(const Analysis& analysis, const Value& pointer, const MapField& field) {
  return format("the {} at offset {} of a value of map {}", platform::row(field.kind).name,
                field.offset, analysis.map(pointer.map).name);
}

bool overlaps(const Value& pointer, const Access& access, const MapField& field) {
  const s64 fixed = pointer.offset + access.offset;
  const s64 end = static_cast<s64>(field.offset) + platform::row(field.kind).bytes;
  const s64 last = pointer.number.full.smax + fixed + access.bytes;
  return fixed + pointer.number.full.smin < end && static_cast<s64>(field.offset) < last;
}

// Pointers may be loaded and stored, as a whole.
Check check_whole(const Value& pointer, const Access& access, const MapField& field,
                  const std::string& what) {
  if (access.by == By::helper)
    return refused(format("{} is reached by a helper", what), {},
                   "it is loaded and exchanged, not copied: copy the bytes around it");
  if (!pointer.number.is_constant())
    return refused(format("{} is reached at a variable offset", what),
                   format("{} is {}", register_name(access.r), describe(pointer)));
  const s64 offset = pointer.offset + access.offset + static_cast<s64>(pointer.number.value());
  if (offset != field.offset || access.bytes != kPointerBytes)
    return refused(format("{} is reached in part", what),
                   format("{} at offset {}", counted(access.bytes, "byte"), offset),
                   "pointers are read as eight bytes");
  return {};
}

// Whether the field may hold `value` (map_kptr_match_type).
bool may_hold(const Analysis& analysis, const MapField& field, const Value& value) {
  const bool is_at_place = value.number.is_constant() && value.number.value() == 0;
  if (!is_at_place || value.offset < 0) return false;
  const bool owns = field.kind != SpecialKind::kptr_untrusted;
  // One that is not of each CPU is taken for one that is, too.
  const bool is_per_cpu = field.kind == SpecialKind::percpu_kptr && value.kind == Kind::own_per_cpu;
  if (field.kernel_type == btf::kVoid)
    return (value.kind == Kind::own || is_per_cpu) && value.type == field.type_id &&
           value.offset == 0 && value.trust == Trust::reference;
  if (value.kind != Kind::kernel || (owns && value.trust == Trust::untrusted)) return false;
  return is_structure_of(analysis, value, field.kernel_type, owns ? Match::exact : Match::embedded);
}

// What a pointer to an object of the program's own leads to. Where it may be gone, that is not even
// one of each CPU any more (btf_ld_kptr_type).
Kind kind_in(const MapField& field, bool lasts) {
  return field.kind == SpecialKind::percpu_kptr && lasts ? Kind::own_per_cpu : Kind::own;
}

Refusal wrong_pointer(const MapField& field, const Value& value) {
  return refused(
      format("a {} to {} gets something else", platform::row(field.kind).name, field.type),
      format("it is {}", describe(value)));
}

}  // namespace

Check check_fields(const Analysis& analysis, const Value& pointer, const Access& access) {
  for (const MapField& field : analysis.fields(pointer.map).all) {
    if (!overlaps(pointer, access, field)) continue;
    const std::string what = place_of(analysis, pointer, field);
    if ((set_of(field.kind) & platform::kPointerFields) == 0)
      return refused(format("{} is {}", what, access.touch == Touch::read ? "read" : "written"),
                     format("{} is {}", register_name(access.r), describe(pointer)));
    if (auto wrong = check_whole(pointer, access, field, what)) return wrong;
  }
  return {};
}

const MapField* pointer_field(const Analysis& analysis, const Value& pointer, s64 offset) {
  if (!pointer.number.is_constant()) return nullptr;
  return analysis.fields(pointer.map)
      .at(pointer.offset + offset + static_cast<s64>(pointer.number.value()),
          platform::kPointerFields);
}

Check load_pointer_field(Analysis& analysis, const State& state, const MapField& field,
                         const isa::Instruction& i, Value& out) {
  const std::string_view name = platform::row(field.kind).name;
  if (i.form != isa::Form::load) return refused(format("a {} is read as a number", name));
  if (field.kind == SpecialKind::uptr) {
    out = Value::pointer(Kind::memory);
    const auto bytes = analysis.program.types == nullptr
                           ? Result<u32>(0u)
                           : analysis.program.types->size_of(field.type_id);
    out.range = bytes.ok() ? *bytes : 0;
  } else {
    if (analysis.kernel == nullptr) return no_kernel_types(analysis.program);
    const bool is_own = field.kernel_type == btf::kVoid;
    const bool lasts = is_rcu_protected(field) && is_in_rcu(analysis, state);
    out = Value::pointer(is_own ? kind_in(field, lasts) : Kind::kernel);
    out.type = is_own ? field.type_id : field.kernel_type;
    out.trust = lasts ? Trust::rcu : Trust::untrusted;
  }
  out.null = Null::maybe;
  out.id = analysis.new_id();
  return {};
}

Check store_pointer_field(const Analysis& analysis, const MapField& field,
                          const isa::Instruction& i, const Value& stored) {
  const std::string_view name = platform::row(field.kind).name;
  if (field.kind != SpecialKind::kptr_untrusted) {
    return refused(format("a {} is stored", name), {},
                   field.kind == SpecialKind::uptr ? "user space alone sets it"
                                                   : "exchange it: bpf_kptr_xchg");
  }
  if (stored.is_null()) return {};
  if (!i.has_register_source())
    return refused(format("a {} gets {}", name, i.immediate), {}, "0 is the only constant");
  if (may_hold(analysis, field, stored)) return {};
  return wrong_pointer(field, stored);
}

Check check_named_maps(const Analysis& analysis) {
  constexpr platform::SpecialKinds kLocks =
      set_of(SpecialKind::spin_lock, SpecialKind::res_spin_lock);
  constexpr platform::SpecialKinds kNotTraced =
      kLocks | platform::kRootFields | set_of(SpecialKind::timer, SpecialKind::workqueue);
  constexpr std::array kTracing = {ProgramType::kprobe, ProgramType::tracepoint,
                                   ProgramType::perf_event, ProgramType::raw_tracepoint,
                                   ProgramType::raw_tracepoint_writable};
  const ProgramType type = analysis.program.type;
  const bool is_tracing = std::ranges::find(kTracing, type) != kTracing.end();
  const auto barred = is_tracing                           ? kNotTraced
                      : type == ProgramType::socket_filter ? kLocks
                                                           : platform::SpecialKinds{0};
  if (barred == 0 || analysis.map_fields.empty()) return {};
  for (const isa::Instruction& i : analysis.program.code) {
    const bool names_map =
        i.form == isa::Form::constant &&
        (i.constant() == isa::Constant::map || i.constant() == isa::Constant::map_value);
    if (!names_map) continue;
    const s32 number = static_cast<s32>(i.map_number());
    const MapField* field = analysis.fields(number).first(barred);
    if (field == nullptr) continue;
    return refused(
        format("{} programs cannot use map {}", analysis.type().name, analysis.map(number).name),
        format("its values have a {}", platform::row(field->kind).name),
        "keep what they use in a map of its own");
  }
  return {};
}

// ---- arguments ----

Check check_place(const State& state, const Call& call, u8 r, std::string_view what) {
  const Value& value = state.frame().registers[r];
  if (auto wrong = not_null(state, r)) return wrong;
  const bool is_own = value.kind == Kind::own && value.trust != Trust::untrusted;
  if (value.kind != Kind::map_value && !is_own)
    return bad_argument(call, r, state, format("a {} in a map's value", what));
  if (value.number.is_constant()) return {};
  return bad_argument(call, r, state, format("a {} at a constant offset", what));
}

namespace {

s64 offset_of(const Value& value) { return value.offset + static_cast<s64>(value.number.value()); }

std::string owner_of(const Analysis& analysis, const Value& value) {
  if (value.kind == Kind::map_value)
    return format("a value of map {}", analysis.map(value.map).name);
  return format("a {}", analysis.program.types->c_name(value.type));
}

Refusal not_there(const Analysis& analysis, const Value& value, std::string_view name) {
  const MapFields& fields = analysis.fields_of(value);
  return refused(
      format("{} has no {}", owner_of(analysis, value), name),
      fields.problem.empty() ? "the type of its values says so, or is not known" : fields.problem);
}

}  // namespace

Check check_only(const Analysis& analysis, const State& state, u8 r, SpecialKind kind) {
  const Value& value = state.frame().registers[r];
  const std::string_view name = platform::row(kind).name;
  const MapField* field = analysis.fields_of(value).first(set_of(kind));
  if (field == nullptr) return not_there(analysis, value, name);
  if (offset_of(value) == field->offset) return {};
  return refused(format("{} points to offset {} of {}, not to its {}", register_name(r),
                        offset_of(value), owner_of(analysis, value), name),
                 format("the {} is at offset {}", name, field->offset));
}

Check check_timer(const Analysis& analysis, const State& state, Call& call, u8 r) {
  if (auto wrong = check_place(state, call, r, "struct bpf_timer")) return wrong;
  if (state.frame().registers[r].kind == Kind::own)
    return bad_argument(call, r, state, "a struct bpf_timer in a map's value");
  if (auto wrong = check_only(analysis, state, r, SpecialKind::timer)) return wrong;
  const Value& value = state.frame().registers[r];
  call.map = value.map;
  call.map_reference = value.reference;
  call.timer = true;
  return {};
}

Check check_exchanged(const Analysis& analysis, const State& state, Call& call, u8 r) {
  if (auto wrong = check_place(state, call, r, "kptr")) return wrong;
  const Value& value = state.frame().registers[r];
  const MapFields& fields = analysis.fields_of(value);
  constexpr auto kPointers = platform::kPointerFields & ~set_of(SpecialKind::uptr);
  if (!fields.has(kPointers)) return not_there(analysis, value, "kptr");
  call.field = fields.at(offset_of(value), kPointers);
  if (call.field == nullptr) {
    return refused(format("{} points to offset {} of {}, where no kptr is", register_name(r),
                          offset_of(value), owner_of(analysis, value)));
  }
  if (call.field->kind == SpecialKind::kptr_untrusted) {
    return refused("a kptr that owns nothing is exchanged", "it is a kptr_untrusted",
                   "load and store it, or declare it __kptr");
  }
  return {};
}

Check check_owned(const Analysis& analysis, const State& state, Call& call, u8 r) {
  const Value& value = state.frame().registers[r];
  if (value.is_null()) return {};
  const bool is_held = value.reference != 0 && std::ranges::find(state.held, value.reference,
                                                                 &Held::id) != state.held.end();
  if (!is_held) return bad_argument(call, r, state, "null, or a pointer that the program holds");
  if (!may_hold(analysis, *call.field, value)) return wrong_pointer(*call.field, value);
  call.given_back = value.reference;
  return {};
}

}  // namespace skep::verify
