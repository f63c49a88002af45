#include "verify/context.hpp"

#include <algorithm>

#include "isa/tables.hpp"
#include "verify/kernel_types.hpp"

namespace skep::verify {
namespace {

using isa::Instruction;
using isa::Width;

const platform::ContextField* field_at(const platform::ProgramTypeRow& type, s64 offset,
                                       u32 bytes) {
  for (const platform::ContextField& field : type.context) {
    if (offset >= field.offset && offset + bytes <= field.offset + field.size) return &field;
  }
  return nullptr;
}

Kind pointer_kind(platform::FieldKind kind) {
  switch (kind) {
    case platform::FieldKind::packet: return Kind::packet;
    case platform::FieldKind::packet_meta: return Kind::packet_meta;
    case platform::FieldKind::packet_end: return Kind::packet_end;
    case platform::FieldKind::number: break;
  }
  return Kind::number;
}

Refusal bad_context(const Analysis& analysis, std::string what, s64 offset, u32 bytes) {
  return {Property::context_access,
          std::move(what),
          format("{} at offset {} of {} for {} programs", counted(bytes, "byte"), offset,
                 analysis.type().context_name, analysis.type().name),
          {}};
}

Refusal moved(const Analysis& analysis, const Value& pointer, const Access& access) {
  return bad_context(analysis, "the context is reached through a moved pointer",
                     pointer.offset + access.offset, access.bytes);
}

bool is_memory(const Analysis& analysis) {
  return analysis.type().input == platform::Input::context;
}

bool may_be_in_part(const platform::ContextField& field, Touch touch) {
  switch (field.parts) {
    case platform::Parts::none: return false;
    case platform::Parts::of_reads: return touch == Touch::read;
    case platform::Parts::of_reads_and_writes: return true;
  }
  return false;
}

// The field that an access reaches, or a refusal.
Check find_field(const Analysis& analysis, const Value& pointer, const Access& access,
                 const platform::ContextField*& field) {
  if (pointer.offset != 0) return moved(analysis, pointer, access);
  field = field_at(analysis.type(), access.offset, access.bytes);
  if (field == nullptr)
    return bad_context(analysis, "no field of the context is there for this program type",
                       access.offset, access.bytes);
  if (access.offset % access.bytes != 0)
    return bad_context(analysis, format("field {} is accessed across its alignment", field->name),
                       access.offset, access.bytes);
  if (access.touch == Touch::write && field->access != platform::Access::read_write) {
    return bad_context(analysis, format("field {} is written, but may only be read", field->name),
                       access.offset, access.bytes);
  }
  if (access.bytes != field->size && !may_be_in_part(*field, access.touch)) {
    return bad_context(
        analysis,
        format("field {} is {} in part, but has to be as a whole of {}", field->name,
               access.touch == Touch::read ? "read" : "written", counted(field->size, "byte")),
        access.offset, access.bytes);
  }
  return {};
}

// The rules of syscall_prog_is_valid_access in kernel/bpf/syscall.c.
Check check_context_memory(Analysis& analysis, const Value& pointer, const Access& access) {
  if (pointer.offset != 0) return moved(analysis, pointer, access);
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

Check load_context(Analysis& analysis, const Value& pointer, isa::InstructionIndex at, Value& out) {
  const Instruction& i = analysis.program.code[at.value()];
  const Access access{i.src, i.offset, isa::bytes_of(i.width), Touch::read};
  if (is_memory(analysis)) return check_context_memory(analysis, pointer, access);
  if (analysis.prototype) return load_argument(analysis, pointer, access, out);
  const platform::ContextField* field = nullptr;
  if (auto refused = find_field(analysis, pointer, access, field)) return refused;
  if (field->kind == platform::FieldKind::number) return {};
  if (i.form == isa::Form::load_signed)
    return bad_context(
        analysis, format("field {} is a pointer and is loaded as a signed number", field->name),
        i.offset, access.bytes);
  out = Value::pointer(pointer_kind(field->kind));
  Instruction& rewritten = analysis.code[at.value()];
  rewritten.offset = static_cast<s16>(field->runtime_offset);
  rewritten.width = field->runtime_size == 8 ? Width::w64 : Width::w32;
  return {};
}

Check store_context(Analysis& analysis, const Value& pointer, const Access& access,
                    const Value& stored) {
  std::string where = "the context";
  if (analysis.prototype)
    return bad_context(analysis, "an argument is written", access.offset, access.bytes);
  if (is_memory(analysis)) {
    if (auto refused = check_context_memory(analysis, pointer, access)) return refused;
  } else {
    const platform::ContextField* field = nullptr;
    if (auto refused = find_field(analysis, pointer, access, field)) return refused;
    where = format("field {}", field->name);
  }
  if (!stored.is_pointer() || !analysis.for_user_engine()) return {};
  return bad_context(analysis, format("a pointer is stored into {}", where), access.offset,
                     access.bytes);
}

}  // namespace skep::verify
