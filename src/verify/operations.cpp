#include "verify/operations.hpp"

#include <algorithm>

#include "platform/operations.hpp"

namespace skep::verify {
namespace {

using BtfKind = btf::Kind;
using btf::TypeId;
using btf::Types;

// Where a program stands: the structure and the member, as the object spells them.
struct Operation {
  std::string_view structure;
  std::string_view member;
};

std::optional<Operation> operation_of(const platform::Program& program) {
  if (program.types == nullptr) return std::nullopt;
  for (const platform::MapSpec& map : *program.maps) {
    if (map.kind != platform::MapKind::struct_ops) continue;
    for (const auto& [number, name] : map.initial_programs) {
      const auto members = program.types->members(map.value_type);
      if (name != program.name || number >= members.size()) continue;
      return Operation{btf::essential_name(program.types->name(map.value_type)),
                       btf::essential_name(members[number].name)};
    }
  }
  return std::nullopt;
}

Refusal no_member(const platform::Program& program, std::string message) {
  return {Property::unsupported, std::move(message), format("its section is {}", program.section),
          "name it in a variable of SEC(\".struct_ops\") or SEC(\".struct_ops.link\")"};
}

std::optional<btf::Member> member_named(const Types& types, TypeId structure,
                                        std::string_view name) {
  for (const btf::Member& member : types.members(types.resolve(structure))) {
    if (member.name == name) return member;
  }
  return std::nullopt;
}

// Arguments that may be null are named so in the stub of the member ("tcp_congestion_ops__init").
void note_nullable(const Types& types, const Operation& operation, KernelPrototype& out) {
  const auto stub =
      types.find(format("{}__{}", operation.structure, operation.member), BtfKind::function);
  if (!stub) return;
  const auto parameters = types.parameters(types.resolve(types.at(*stub).type));
  const u32 count = std::min(parameters.size(), static_cast<u32>(out.arguments.size()));
  for (u32 at = 0; at < count; ++at) {
    out.arguments[at].may_be_null = parameters[at].name.ends_with("__nullable");
  }
}

// Bytes of a structure.
struct Span {
  u64 begin = 0;
  u64 end = 0;
};

std::optional<Span> find_span(const Types& types, std::string_view structure,
                              std::string_view path) {
  const auto found = types.find(structure, BtfKind::structure);
  if (!found) return std::nullopt;
  TypeId type = *found;
  u64 begin = 0;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const auto member = member_named(types, type, path.substr(0, dot));
    if (!member) return std::nullopt;
    begin += member->bit_offset / 8;
    type = member->type;
    // A bit field ends with the byte that its last bit is in.
    if (member->bit_size != 0)
      return Span{begin, (u64{member->bit_offset} + member->bit_size + 7) / 8};
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  const auto bytes = types.size_of(type);
  if (!bytes.ok()) return std::nullopt;
  return Span{begin, begin + *bytes};
}

}  // namespace

Refusal no_operation(const platform::Program& program) {
  return no_member(program, "the program is in no structure of operations");
}

Check find_operation(const Analysis& analysis, KernelPrototype& out) {
  const platform::Program& program = analysis.program;
  const Types& types = *analysis.kernel;
  const auto operation = operation_of(program);
  if (!operation) return no_operation(program);
  out.name = format("{}.{}", operation->structure, operation->member);
  out.operations = operation->structure;
  out.is_trusted = true;
  if (!program.gpl_compatible) {
    return Refusal{Property::gpl_only, "struct_ops programs are GPL-compatible", "", {}};
  }
  const TypeId structure = structure_of_kernel(analysis, operation->structure);
  const auto member = member_named(types, structure, operation->member);
  if (!member) return no_member(program, format("the kernel's types have no member {}", out.name));
  const TypeId prototype = prototype_behind(types, member->type);
  if (prototype == btf::kVoid || !platform::takes_program(operation->structure, operation->member))
    return no_member(program, format("{} is no member that a program can be", out.name));
  if (analysis.may_sleep() && !platform::may_sleep(operation->structure, operation->member))
    return no_member(program,
                     format("{} is no member that a program which sleeps can be", out.name));
  for (const btf::Parameter& parameter : types.parameters(prototype))
    out.arguments.push_back({parameter.type, parameter.name});
  out.result = types.at(prototype).type;
  note_nullable(types, *operation, out);
  return {};
}

void promote_for_operation(const Analysis& analysis, Value& argument) {
  const std::string_view name = analysis.kernel->name(argument.type);
  const std::string_view better = platform::promoted(analysis.prototype->operations, name);
  if (better == name) return;
  if (const TypeId type = structure_of_kernel(analysis, better)) argument.type = type;
}

bool may_write_for_operation(const Analysis& analysis, const Value& pointer, const Access& access) {
  if (!analysis.prototype || pointer.trust != Trust::reference) return false;
  const s64 first = pointer.offset + access.offset;
  if (first < 0) return false;
  const u64 begin = static_cast<u64>(first), end = begin + access.bytes;
  return std::ranges::any_of(platform::writable_fields(), [&](const auto& field) {
    if (field.operations != analysis.prototype->operations) return false;
    if (!points_to(analysis, pointer, field.structure)) return false;
    const auto span = find_span(*analysis.kernel, field.structure, field.path);
    return span && span->begin <= begin && end <= span->end;
  });
}

}  // namespace skep::verify
