#include "verify/context.hpp"

#include <algorithm>
#include <span>

#include "isa/tables.hpp"
#include "platform/contexts.hpp"
#include "platform/objects.hpp"
#include "verify/kernel_types.hpp"
#include "verify/privileges.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::Width;

// A structure whose fields are accessed: the context, or what a pointer leads to.
struct Layout {
  std::string_view name;  // "struct xdp_md"
  std::span<const platform::ContextField> fields;
  bool is_context;
};

Layout context_layout(const Analysis& analysis) {
  return {analysis.type().context_name, platform::context_of(analysis.program.type), true};
}

platform::ObjectKind object_kind(Kind kind) {
  switch (kind) {
    case Kind::socket_common: return platform::ObjectKind::socket_common;
    case Kind::socket: return platform::ObjectKind::socket;
    case Kind::tcp_socket: return platform::ObjectKind::tcp_socket;
    case Kind::xdp_socket: return platform::ObjectKind::xdp_socket;
    case Kind::flow_keys: return platform::ObjectKind::flow_keys;
    default: return platform::ObjectKind::count_;
  }
}

Layout object_layout(Kind kind) {
  const platform::ObjectRow& row = platform::row(object_kind(kind));
  return {row.name, row.fields, false};
}

// Whether this program has the field: others are for the kernel only, or for programs that are
// attached in another way.
bool has(const Analysis& analysis, const platform::ContextField& field) {
  if (analysis.for_user_engine() && !field.is_in_user_engine()) return false;
  const auto attach = analysis.attach();
  return field.attach == 0 || (attach && (field.attach & platform::set_of(*attach)) != 0);
}

Refusal bad_access(const Analysis& analysis, const Layout& layout, std::string what, s64 offset,
                   u32 bytes) {
  const std::string whose =
      layout.is_context ? format(" for {} programs", analysis.type().name) : std::string();
  return {Property::context_access,
          std::move(what),
          format("{} at offset {} of {}{}", counted(bytes, "byte"), offset, layout.name, whose),
          {}};
}

Refusal bad_context(const Analysis& analysis, std::string what, s64 offset, u32 bytes) {
  return bad_access(analysis, context_layout(analysis), std::move(what), offset, bytes);
}

Refusal moved(const Analysis& analysis, const Value& pointer, const Access& access) {
  return bad_context(analysis, "the context is reached through a moved pointer",
                     pointer.offset + access.offset, access.bytes);
}

bool is_memory(const Analysis& analysis) {
  return analysis.type().input == platform::Input::context;
}

bool may_be_in_part(const platform::ContextField& field, const Access& access) {
  switch (field.parts) {
    case platform::Parts::none: return false;
    case platform::Parts::at_start:
      return access.touch == Touch::read && access.offset == field.offset;
    case platform::Parts::of_reads: return access.touch == Touch::read;
    case platform::Parts::of_reads_and_writes:
    case platform::Parts::anywhere: return true;
  }
  return false;
}

// What is wrong with an access inside of a field, or nothing.
std::string wrong_with(const platform::ContextField& field, const Access& access) {
  if (field.parts != platform::Parts::anywhere && access.offset % access.bytes != 0)
    return format("field {} is accessed across its alignment", field.name);
  if (access.touch == Touch::write && field.access != platform::Access::read_write)
    return format("field {} is written, but may only be read", field.name);
  if (access.bytes == field.size || may_be_in_part(field, access)) return {};
  return format("field {} is {} in part, but has to be as a whole of {}", field.name,
                access.touch == Touch::read ? "read" : "written", counted(field.size, "byte"));
}

// The field that an access reaches, or a refusal. There may be several rows of one field, one a
// way in which it may be accessed.
Check find_field(const Analysis& analysis, const Layout& layout, const Access& access,
                 const platform::ContextField*& found) {
  std::string wrong;
  for (const platform::ContextField& field : layout.fields) {
    const bool inside =
        access.offset >= field.offset && access.offset + access.bytes <= field.offset + field.size;
    if (!inside || !has(analysis, field)) continue;
    std::string why = wrong_with(field, access);
    if (why.empty()) {
      found = &field;
      if (field.privilege == platform::Privilege::none) return {};
      return check_privilege(
          analysis, field.privilege,
          format("{} field {}", access.touch == Touch::read ? "reading" : "writing", field.name));
    }
    if (wrong.empty()) wrong = std::move(why);
  }
  if (wrong.empty()) {
    wrong = layout.is_context ? "no field of the context is there for this program type"
                              : format("no field of {} is there", layout.name);
  }
  return bad_access(analysis, layout, std::move(wrong), access.offset, access.bytes);
}

Value nullable(Analysis& analysis, Value pointer) {
  pointer.null = Null::maybe;
  pointer.id = analysis.new_id();
  return pointer;
}

// What is loaded from a field; of numbers, what is known anyway.
void load_field(Analysis& analysis, const platform::ContextField& field, Value& out) {
  using platform::FieldKind;
  switch (field.kind) {
    case FieldKind::number: return;
    case FieldKind::packet: out = Value::pointer(Kind::packet); return;
    case FieldKind::packet_meta: out = Value::pointer(Kind::packet_meta); return;
    case FieldKind::packet_end: out = Value::pointer(Kind::packet_end); return;
    case FieldKind::flow_keys: out = Value::pointer(Kind::flow_keys); return;
    case FieldKind::socket: out = Value::pointer(Kind::socket); return;
    case FieldKind::socket_or_null: out = nullable(analysis, Value::pointer(Kind::socket)); return;
    case FieldKind::socket_common_or_null:
      out = nullable(analysis, Value::pointer(Kind::socket_common));
      return;
    case FieldKind::kernel_pointer:
      out = Value::pointer(Kind::kernel);
      out.type = structure_of_kernel(analysis, field.kernel_type);
      out.trust = Trust::reference;
      return;
    case FieldKind::buffer:
      out = Value::pointer(Kind::memory);
      out.range = ~u32{0} >> 1;  // how large it is is compared when the program is attached
      return;
  }
}

// The rules of syscall_prog_is_valid_access in kernel/bpf/syscall.c.
Check check_context_memory(Analysis& analysis, const Value& pointer, const Access& access) {
  if (!pointer.is_at_start()) return moved(analysis, pointer, access);
  const u32 most = analysis.type().context_size;
  if (access.offset < 0 || access.offset + s64{access.bytes} > s64{most}) {
    return bad_context(analysis, format("a context has at most {}", counted(most, "byte")),
                       access.offset, access.bytes);
  }
  if (access.offset % access.bytes != 0)
    return bad_context(analysis, "the context is accessed across the alignment of the access",
                       access.offset, access.bytes);
  const u32 end = static_cast<u32>(access.offset) + access.bytes;
  analysis.context_bytes = std::max(analysis.context_bytes, end);
  return {};
}

}  // namespace

namespace {

// The context that the tables do not have: of the program in whose place it is.
Check check_known(const Analysis& analysis) {
  if (analysis.program.type != platform::ProgramType::ext) return {};
  return Refusal{Property::unsupported,
                 format("the arguments of {} programs are not verified yet", analysis.type().name),
                 "they are those of what the program stands in for",
                 "the kernel's verifier can say: skep run --engine kernel"};
}

}  // namespace

bool is_object(Kind kind) { return object_kind(kind) != platform::ObjectKind::count_; }

Check load_context(Analysis& analysis, const Value& pointer, isa::InstructionIndex at, Value& out) {
  const Instruction& i = analysis.program.code[at.value()];
  const Access access{i.src, i.offset, isa::bytes_of(i.width), Touch::read};
  if (auto refused = check_known(analysis)) return refused;
  if (is_memory(analysis)) return check_context_memory(analysis, pointer, access);
  if (!pointer.is_at_start()) return moved(analysis, pointer, access);
  if (analysis.prototype) return load_argument(analysis, pointer, access, out);
  const platform::ContextField* field = nullptr;
  if (auto refused = find_field(analysis, context_layout(analysis), access, field)) return refused;
  if (field->kind == platform::FieldKind::number) return {};
  if (i.form == isa::Form::load_signed)
    return bad_context(
        analysis, format("field {} is a pointer and is loaded as a signed number", field->name),
        i.offset, access.bytes);
  load_field(analysis, *field, out);
  if (!field->is_in_user_engine()) return {};
  Instruction& rewritten = analysis.code[at.value()];
  rewritten.offset = static_cast<s16>(field->runtime_offset);
  rewritten.width = field->runtime_size == 8 ? Width::w64 : Width::w32;
  return {};
}

Check store_context(Analysis& analysis, const Value& pointer, const Access& access,
                    const Value& stored) {
  if (auto refused = check_known(analysis)) return refused;
  std::string where = "the context";
  if (analysis.prototype)
    return bad_context(analysis, "an argument is written", access.offset, access.bytes);
  if (is_memory(analysis)) {
    if (auto refused = check_context_memory(analysis, pointer, access)) return refused;
  } else {
    if (!pointer.is_at_start()) return moved(analysis, pointer, access);
    const platform::ContextField* field = nullptr;
    if (auto refused = find_field(analysis, context_layout(analysis), access, field))
      return refused;
    where = format("field {}", field->name);
  }
  if (!stored.is_pointer() || !analysis.for_user_engine()) return {};
  return bad_context(analysis, format("a pointer is stored into {}", where), access.offset,
                     access.bytes);
}

Check check_object_access(const Analysis& analysis, const Value& pointer, const Access& access) {
  if (pointer.null == Null::maybe) {
    return Refusal{Property::null_check,
                   format("{} may be null here", register_name(access.r)),
                   format("{} is {}", register_name(access.r), describe(pointer)),
                   {}};
  }
  Access moved_access = access;
  moved_access.offset += pointer.offset;
  const platform::ContextField* field = nullptr;
  return find_field(analysis, object_layout(pointer.kind), moved_access, field);
}

}  // namespace skep::verify
