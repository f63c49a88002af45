// Questions about types that follow references. Checked types have no circles; of others, a walk
// ends after kDepthMax steps and the answer is void or an Error.
#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {

TypeId Types::resolve(TypeId id) const {
  for (u32 steps = 0; steps <= kDepthMax; ++steps) {
    const Bytes bytes = from(id);
    if (bytes.empty()) return kVoid;
    const Common common = bytes.read<Common>(0).value();
    if (!is_alias(common.kind())) return id;
    id = common.size_or_type;
  }
  return kVoid;
}

Result<u32> Types::size_of(TypeId id) const {
  u64 elements = 1;
  bool many = false;  // more elements than any value has; fine only when they have no size
  Type type = resolved(id);
  for (u32 steps = 0; type.kind == Kind::array || type.kind == Kind::variable; ++steps) {
    if (steps > kDepthMax) return Error(Fault::malformed, label(*this, id) + " has no end");
    if (type.kind == Kind::array) many |= __builtin_mul_overflow(elements, type.count, &elements);
    id = type.type;
    type = resolved(id);
  }
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

// The records are rewritten where they stand, so that bytes() says the same as the lists.
Result<void> Types::place_section(TypeId section, u32 size, std::span<const u32> offsets) {
  const auto list = variables(section);
  EXPECT(!owned_.empty() && section >= first() && offsets.size() == list.size());
  std::vector<VariableRecord> records;
  for (u32 i = 0; i < list.size(); ++i) {
    const SectionVariable variable = list[i];
    if (offsets[i] > size || variable.size > size - offsets[i]) {
      return Error(Fault::malformed,
                   format("{}: {} at offset {} goes past its {}", label(*this, section),
                          name(variable.type), offsets[i], counted(size, "byte")));
    }
    records.push_back({variable.type, offsets[i], variable.size});
  }
  std::ranges::sort(records, {}, [](const VariableRecord& each) { return u32{each.offset}; });
  const Bytes old = from(section);
  std::byte* to = owned_.data() + (old.data() - owned_.data());
  auto common = TRY(old.read<Common>(0));
  common.size_or_type = size;
  std::memcpy(to, &common, sizeof common);
  if (!records.empty()) {
    std::memcpy(to + sizeof common, records.data(), records.size() * sizeof(VariableRecord));
  }
  return {};
}

}  // namespace skep::btf
