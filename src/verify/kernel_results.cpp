// What calls of the kernel's functions return, and which structures match which.
#include <cctype>

#include "verify/dynptrs.hpp"
#include "verify/kernel_types.hpp"
#include "verify/locks.hpp"

namespace skep::verify {
namespace {

using btf::TypeId;
using btf::Types;
using BtfKind = btf::Kind;

constexpr int kDepthMax = 16;

// bpf_rdonly_cast(): memory of the type whose id the program names, or of no known size.
Check set_cast(Analysis& analysis, const KernelCall& call, Value& out) {
  const Types& types = *analysis.kernel;
  const u64 id = *call.constant;
  const BtfKind kind = id < types.count() ? types.kind(static_cast<TypeId>(id)) : BtfKind::count_;
  if (btf::is_structure(kind)) {
    out = Value::pointer(Kind::kernel);
    out.type = static_cast<u32>(id);
  } else if (kind == BtfKind::void_) {
    out = untrusted_memory();
  } else {
    return Refusal{Property::kernel_function,
                   format("bpf_rdonly_cast gets type {}, which is no structure of the kernel", id),
                   "",
                   {}};
  }
  out.trust = Trust::untrusted;
  return {};
}

Value structure_result(const KernelCall& call, TypeId structure) {
  Value out = Value::pointer(Kind::kernel);
  out.type = structure;
  const bool is_rcu = call.is_rcu || call.row.has(platform::kInRcuSection);
  out.trust = is_rcu ? Trust::rcu : Trust::reference;
  if (call.row.name == "bpf_get_kmem_cache") out.trust = Trust::untrusted;
  return out;
}

// A pointer to anything but a structure is one to memory of that type's size, which may be read; a
// session's cookie is there to be written.
Value memory_result(const KernelCall& call, u32 bytes) {
  Value out = Value::pointer(Kind::memory);
  out.range = bytes;
  out.read_only = call.row.name != "bpf_session_cookie";
  out.reference = call.reference;
  return out;
}

// bpf_dynptr_slice() and bpf_dynptr_slice_rdwr().
Check set_slice(const Analysis& analysis, const KernelCall& call, Value& out) {
  out = slice_of(*call.dynptr, static_cast<u32>(*call.constant));
  out.read_only = call.row.name == "bpf_dynptr_slice";
  const bool may_write = analysis.type().may_write_packet ||
                         analysis.program.type == platform::ProgramType::cgroup_sockopt;
  if (out.read_only || may_write) return {};
  return Refusal{Property::read_only,
                 format("{} is for programs that may write to packets", call.row.name), "",
                 "read it by bpf_dynptr_slice()"};
}

Check pointer_result(Analysis& analysis, const KernelCall& call, TypeId target, Value& out) {
  const Types& types = *analysis.kernel;
  if (call.own.type != 0) {
    const bool is_per_cpu = call.row.name == "bpf_percpu_obj_new_impl";
    out = Value::pointer(is_per_cpu ? Kind::own_per_cpu : Kind::own);
    out.type = call.own.type;
    out.offset = call.own.offset;
    out.trust = call.row.has(platform::kAcquires) ? Trust::reference : Trust::none;
    return {};
  }
  if (call.returned != btf::kVoid) {
    out = structure_result(call, call.returned);
    return {};
  }
  if (call.row.name.starts_with("bpf_dynptr_slice")) return set_slice(analysis, call, out);
  if (call.row.name == "bpf_rdonly_cast") return set_cast(analysis, call, out);
  const btf::Type type = types.at(target);
  if (type.kind == BtfKind::void_) {
    out = Value::of_number(Scalar::unknown());
    return {};
  }
  if (btf::is_structure(type.kind)) {
    out = structure_result(call, target);
    return {};
  }
  const auto bytes = types.size_of(target);
  if (!bytes.ok() || *bytes == 0) {
    return Refusal{Property::unsupported,
                   format("{} returns a pointer to what has no size", call.row.name),
                   "",
                   {}};
  }
  out = memory_result(call, *bytes);
  return {};
}

bool is_projection(std::string_view wanted, std::string_view has) {
  return (wanted == "__sk_buff" && has == "sk_buff") || (wanted == "xdp_md" && has == "xdp_buff");
}

// The structure that begins at `offset` of another, one level down; void if there is none.
TypeId member_at(const Types& types, TypeId structure, u64& offset) {
  for (const btf::Member& member : types.members(structure)) {
    const u64 begin = member.bit_offset / 8;
    const auto bytes = types.size_of(member.type);
    if (member.bit_size != 0 || !bytes.ok() || offset < begin || offset >= begin + *bytes) continue;
    TypeId id = types.resolve(member.type);
    offset -= begin;
    while (types.kind(id) == BtfKind::array) {
      const auto element = types.size_of(types.at(id).type);
      if (!element.ok() || *element == 0) return btf::kVoid;
      offset %= *element;
      id = types.resolve(types.at(id).type);
    }
    return btf::is_structure(types.kind(id)) ? id : btf::kVoid;
  }
  return btf::kVoid;
}

TypeId structure_of_pointer(const Analysis& analysis, const Value& pointer) {
  if (pointer.kind == Kind::kernel) return analysis.kernel->resolve(pointer.type);
  return structure_of_kernel(analysis, kernel_name_of(pointer.kind));
}

}  // namespace

bool is_structure_of(const Analysis& analysis, const Value& pointer, TypeId wanted, Match match) {
  const Types& types = *analysis.kernel;
  TypeId id = structure_of_pointer(analysis, pointer);
  if (is_projection(types.name(wanted), types.name(id))) return true;
  u64 offset = static_cast<u64>(pointer.offset);
  const auto is_it = [&] {
    return offset == 0 && types.kind(id) == types.kind(wanted) &&
           types.name(id) == types.name(wanted);
  };
  if (is_it()) return true;
  if (match == Match::exact) return false;
  for (int depth = 0; depth < kDepthMax && id != btf::kVoid; ++depth) {
    id = member_at(types, id, offset);
    if (id != btf::kVoid && is_it()) return true;
  }
  return false;
}

TypeId kernel_context(const Analysis& analysis) {
  const Types& types = *analysis.kernel;
  const TypeId table = structure_of_kernel(analysis, "bpf_ctx_convert");
  std::string wanted = "BPF_PROG_TYPE_";
  for (const char c : analysis.type().name)
    wanted += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  wanted += "_kern";
  for (const btf::Member& member : types.members(table)) {
    if (member.name != wanted) continue;
    const TypeId id = types.resolve(member.type);
    return types.kind(id) == BtfKind::structure ? id : btf::kVoid;
  }
  return btf::kVoid;
}

Check set_kernel_result(Analysis& analysis, State& state, const KernelCall& call) {
  const Types& types = *analysis.kernel;
  const btf::Type returned = types.resolved(types.at(call.prototype).type);
  Value& out = state.registers()[isa::kR0];
  if (returned.kind == BtfKind::void_) {
    out = Value::unset_value();
    return {};
  }
  out = Value::of_number(Scalar::unknown());
  if (tries_lock(analysis.program, call.at)) out = Value::of_number(Scalar::constant(0));  // taken
  if (returned.kind != BtfKind::pointer) return {};
  if (auto refused = pointer_result(analysis, call, types.resolve(returned.type), out))
    return refused;
  if (!out.is_pointer()) return {};
  const bool may_be_null = call.row.has(platform::kMayReturnNull) && !call.is_never_null;
  if (may_be_null) out.null = Null::maybe;
  if (may_be_null || analysis.has_lock(out)) out.id = analysis.new_id();
  if (call.row.has(platform::kAcquires)) {
    out.reference = out.null == Null::maybe ? out.id : analysis.new_id();
    state.held.push_back({out.reference, call.at});
  }
  return {};
}

}  // namespace skep::verify
