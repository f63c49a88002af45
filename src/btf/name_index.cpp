#include "btf/name_index.hpp"

#include <bit>
#include <cstring>
#include <functional>

#include "btf/layout.hpp"
#include "btf/types.hpp"

namespace skep::btf {
namespace {

constexpr u32 kSearchesBefore = 3;

}  // namespace

NameIndex::NameIndex(const Types& types) : first_(types.first()) {
  const u32 count = types.count() - first_;
  heads_.resize(std::bit_ceil(std::max(count, 1u)));
  next_.resize(count);
  for (u32 at = count; at-- > 0;) {
    const auto offset = types.index_.offset(at);
    if (!offset) continue;
    le32 name_offset;
    std::memcpy(&name_offset, types.records_.data() + *offset, sizeof name_offset);
    if (name_offset == 0) continue;
    const std::string_view name = types.text(name_offset);
    u32& head = heads_[slot_of(name)];
    next_[at] = head;
    head = first_ + at;
  }
}

u32 NameIndex::slot_of(std::string_view name) const {
  return static_cast<u32>(std::hash<std::string_view>()(name)) &
         static_cast<u32>(heads_.size() - 1);
}

const NameIndex* Lookups::index(const Types& types) {
  if (asked_.fetch_add(1, std::memory_order_relaxed) < kSearchesBefore) return nullptr;
  std::call_once(made_, [&] { index_ = std::make_unique<NameIndex>(types); });
  return index_.get();
}

}  // namespace skep::btf
