#include "verify/kernel_types.hpp"

#include <algorithm>

#include "verify/operations.hpp"
#include "verify/privileges.hpp"
#include "verify/trust.hpp"

namespace skep::verify {
namespace {

using BtfKind = btf::Kind;
using btf::TypeId;
using btf::Types;
using platform::AttachType;
using platform::ProgramType;

constexpr u32 kPointerSize = 8;

// ---- structures ----

// What stands at some bytes of a structure.
struct Field {
  enum class What : u8 { number, pointer, nothing } what = What::nothing;
  TypeId target = btf::kVoid;  // pointer: what it points to, tags and all
  std::string problem;         // nothing: why
  std::string_view name = {};  // pointer
  bool in_union = false;       // pointer: there may be something else
};

Field nothing(std::string problem) {
  return {Field::What::nothing, btf::kVoid, std::move(problem)};
}

// One member on the way, after arrays: its type, its first byte and the byte behind it all.
struct Part {
  TypeId type = btf::kVoid;
  u64 begin = 0;
  u64 end = 0;
};

// The element of an array (of arrays) that `offset` is in.
Part element_at(const Types& types, Part part, u64 offset) {
  for (int depth = 0; depth < 8; ++depth) {
    const btf::Type type = types.resolved(part.type);
    if (type.kind != BtfKind::array) break;
    const auto bytes = types.size_of(type.type);
    if (!bytes.ok() || *bytes == 0) break;
    part.begin += (offset - part.begin) / *bytes * *bytes;
    part.type = type.type;
  }
  return part;
}

// The rules of btf_struct_walk in kernel/bpf/btf.c: numbers may be read in part, pointers as a
// whole.
Field field_at(const Types& types, TypeId structure, u64 offset, u32 bytes) {
  bool in_union = false;
  for (int depth = 0; depth < 32; ++depth) {
    const btf::Type outer = types.resolved(structure);
    if (!btf::is_structure(outer.kind)) return nothing("it is no structure");
    bool descends = false;
    in_union |= outer.kind == BtfKind::union_ && outer.count != 1;
    for (const btf::Member& member : types.members(types.resolve(structure))) {
      const u64 begin = member.bit_offset / 8;
      if (offset + bytes <= begin) break;
      if (member.bit_size != 0) {
        const u64 end = (u64{member.bit_offset} + member.bit_size + 7) / 8;
        if (offset <= begin && end <= offset + bytes) return {Field::What::number, btf::kVoid, {}};
        continue;
      }
      if (offset < begin) break;
      const auto size = types.size_of(member.type);
      u64 end = begin + (size.ok() ? *size : 0);
      const btf::Type type = types.resolved(member.type);
      // char data[] at the end; others mark places only.
      const bool is_open =
          type.kind == BtfKind::array && type.count == 0 && offset + bytes > outer.size;
      if (is_open) end = ~u64{0};
      if (offset >= end) continue;
      const Part part = element_at(types, {member.type, begin, end}, offset);
      const btf::Type inner = types.resolved(part.type);
      if (btf::is_structure(inner.kind)) {
        structure = part.type;
        offset -= part.begin;
        descends = true;
        break;
      }
      if (inner.kind == BtfKind::pointer) {
        if (offset != part.begin || bytes != kPointerSize)
          return nothing(format("pointer {} is read in part", member.name));
        return {Field::What::pointer, inner.type, {}, member.name, in_union};
      }
      // An array of numbers is one piece, and in unions there may be more.
      if (offset + bytes > end && !is_open && !in_union)
        return nothing(format("it reaches behind the end of {}", member.name));
      return {Field::What::number, btf::kVoid, {}};
    }
    if (!descends) return nothing("no field is there");
  }
  return nothing("its structures nest too deep");
}

// ---- pointers ----

bool has_tag(const Types& types, TypeId id, std::string_view tag) {
  for (int steps = 0; steps < 16; ++steps) {
    const btf::Type type = types.at(id);
    if (type.kind == BtfKind::type_tag && type.name == tag) return true;
    const bool goes_on = type.kind == BtfKind::type_tag || type.kind == BtfKind::const_ ||
                         type.kind == BtfKind::volatile_ || type.kind == BtfKind::restrict_ ||
                         type.kind == BtfKind::typedef_;
    if (!goes_on) return false;
    id = type.type;
  }
  return false;
}

// What a map is to the kernel.
TypeId structure_of_map(const Analysis& analysis, platform::MapKind kind) {
  return structure_of_kernel(analysis, platform::structure_of(kind));
}

}  // namespace

Refusal no_kernel_types(const platform::Program& program) {
  return {Property::unsupported,
          format("{} programs are verified against the types of a kernel, and none are there",
                 platform::row(program.type).name),
          "", "name them: --btf FILE, or run it where /sys/kernel/btf/vmlinux is"};
}

Value kernel_value(const Types& types, TypeId target) {
  if (!btf::is_structure(types.resolved(target).kind) || has_tag(types, target, "user"))
    return Value::of_number(Scalar::unknown());
  const bool is_per_cpu = has_tag(types, target, "percpu");
  Value out = Value::pointer(is_per_cpu ? Kind::kernel_per_cpu : Kind::kernel);
  out.type = types.resolve(target);
  return out;
}

Value untrusted_memory() {
  Value out = Value::pointer(Kind::memory);
  out.trust = Trust::untrusted;
  out.read_only = true;
  return out;
}

Check load_kernel(Analysis& analysis, const State& state, const KernelAccess& of, Value& out) {
  const auto& [pointer, access] = of;
  if (analysis.kernel == nullptr) return no_kernel_types(analysis.program);
  const Types& types = *analysis.kernel;
  const TypeId structure = pointer.kind == Kind::map
                               ? structure_of_map(analysis, analysis.map(pointer.map).kind)
                               : pointer.type;
  if (auto refused = check_may_look(analysis, types.c_name(structure))) return refused;
  const auto refuse = [&](std::string_view before, std::string_view after) {
    const std::string name = types.c_name(structure);
    return Refusal{Property::kernel_memory,
                   format("{}{}{}", before, name, after),
                   format("{} at offset {} of {}", counted(access.bytes, "byte"),
                          pointer.offset + access.offset, name),
                   {}};
  };
  if (!analysis.program.gpl_compatible && pointer.kind == Kind::kernel) {
    return Refusal{
        Property::gpl_only,
        format("{} of the kernel is for GPL-compatible programs only", types.c_name(structure)),
        "",
        {}};
  }
  const bool writes = access.touch == Touch::write;
  const bool may_write =
      writes && pointer.kind == Kind::kernel && may_write_for_operation(analysis, pointer, access);
  if (writes && !may_write) return refuse("writes into ", " of the kernel");
  if (!pointer.number.is_constant() || pointer.number.value() != 0)
    return refuse("", " is read at a variable offset");
  const s64 offset = pointer.offset + access.offset;
  if (offset < 0) return refuse("reads in front of ", "");
  const Field field = field_at(types, structure, static_cast<u64>(offset), access.bytes);
  if (field.what == Field::What::nothing)
    return refuse("reads what is no field of ", ": " + field.problem);
  if (field.what != Field::What::pointer) return {};
  out = kernel_value(types, field.target);
  // To the kernel since 6.17.
  if (!btf::is_structure(types.resolved(field.target).kind) && !analysis.for_user_engine()) {
    out = untrusted_memory();
    return {};
  }
  if (out.kind == Kind::kernel && pointer.kind == Kind::kernel && !analysis.for_user_engine()) {
    const FieldLoad step{pointer, types.name(types.resolve(structure)), field.name,
                         has_tag(types, field.target, "rcu"), field.in_union};
    set_trust(analysis, state, step, out);
  }
  return {};
}

bool points_to(const Analysis& analysis, const Value& pointer, std::string_view names) {
  if (pointer.kind != Kind::kernel || analysis.kernel == nullptr) return false;
  if (pointer.trust == Trust::untrusted) return false;
  const Types& types = *analysis.kernel;
  TypeId id = pointer.type;
  for (int depth = 0; depth < 8; ++depth) {
    const std::string_view name = types.name(types.resolve(id));
    for (std::string_view left = names; !left.empty();) {
      const std::size_t bar = left.find('|');
      if (left.substr(0, bar) == name) return true;
      left = bar == std::string_view::npos ? "" : left.substr(bar + 1);
    }
    const auto members = types.members(types.resolve(id));
    if (members.begin() == members.end()) return false;
    id = (*members.begin()).type;
    if (!btf::is_structure(types.resolved(id).kind)) return false;
  }
  return false;
}

std::string problem_of_field(const Types& types, TypeId structure, u64 offset, u32 bytes) {
  return field_at(types, structure, offset, bytes).problem;
}

TypeId structure_of_kernel(const Analysis& analysis, std::string_view name) {
  if (analysis.kernel == nullptr) return btf::kVoid;
  return analysis.kernel->find(name, BtfKind::structure).value_or(btf::kVoid);
}

}  // namespace skep::verify
