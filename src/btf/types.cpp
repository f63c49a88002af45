// Questions that checked types answer. Loops over aliases end because read() has refused circles.
#include "btf/types.hpp"

#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

template <class T>
std::span<const T> list(const std::vector<T>& all, const Type& type) {
  return std::span(all).subspan(type.first, type.count);
}

}  // namespace

std::string_view name_of(Kind kind) { return kLayouts[kind].name; }

std::span<const Member> Types::members(TypeId id) const {
  const Type& type = at(id);
  if (type.kind != Kind::structure && type.kind != Kind::union_) return {};
  return list(members_, type);
}

std::span<const Enumerator> Types::enumerators(TypeId id) const {
  const Type& type = at(id);
  if (type.kind != Kind::enumeration && type.kind != Kind::enumeration64) return {};
  return list(enumerators_, type);
}

std::span<const Parameter> Types::parameters(TypeId id) const {
  const Type& type = at(id);
  if (type.kind != Kind::prototype) return {};
  return list(parameters_, type);
}

std::span<const SectionVariable> Types::variables(TypeId id) const {
  const Type& type = at(id);
  if (type.kind != Kind::section) return {};
  return list(variables_, type);
}

TypeId Types::resolve(TypeId id) const {
  while (is_alias(at(id).kind)) id = at(id).type;
  return id < count() ? id : kVoid;
}

Result<u32> Types::size_of(TypeId id) const {
  u64 elements = 1;
  bool many = false;  // more elements than any value has; fine only when they have no size
  while (true) {
    const Type& type = resolved(id);
    if (type.kind == Kind::array) many |= __builtin_mul_overflow(elements, type.count, &elements);
    if (type.kind != Kind::array && type.kind != Kind::variable) break;
    id = type.type;
  }
  const Type& type = resolved(id);
  const u64 size = type.kind == Kind::pointer ? 8 : type.size;
  const bool may_be_empty =
      type.kind == Kind::structure || type.kind == Kind::union_ || type.kind == Kind::section;
  if (size == 0 && !may_be_empty)
    return Error(Fault::malformed, format("{} has no size", c_name(id)));
  u64 bytes = 0;
  if (size == 0) return 0u;
  if (many || __builtin_mul_overflow(elements, size, &bytes) || bytes > ~u32{0}) {
    return Error(Fault::malformed, format("array of {} is larger than 4 GiB", c_name(id)));
  }
  return static_cast<u32>(bytes);
}

std::optional<TypeId> Types::find(std::string_view name, Kind kind) const {
  for (TypeId id = 1; id < count(); ++id) {
    if (types_[id].kind == kind && types_[id].name == name) return id;
  }
  return std::nullopt;
}

Result<std::string_view> Types::string(u32 offset) const {
  return Bytes(strings_).c_string(offset);
}

Result<void> Types::place_section(TypeId section, u32 size, std::span<const u32> offsets) {
  EXPECT(at(section).kind == Kind::section && offsets.size() == at(section).count);
  Type& type = types_[section];
  for (u32 i = 0; i < type.count; ++i) {
    SectionVariable& variable = variables_[type.first + i];
    if (offsets[i] > size || variable.size > size - offsets[i]) {
      return Error(Fault::malformed,
                   format("{}: {} at offset {} goes past its {}", label(*this, section),
                          at(variable.type).name, offsets[i], counted(size, "byte")));
    }
    variable.offset = offsets[i];
  }
  type.size = size;
  std::ranges::sort(std::span(variables_).subspan(type.first, type.count), {},
                    &SectionVariable::offset);
  return {};
}

}  // namespace skep::btf
