#include "btf/equivalence.hpp"

#include <algorithm>

#include "btf/record.hpp"

namespace skep::btf {
namespace {

Kind kind_of(std::span<const le32> record) { return common_of(record).kind(); }

bool announces(std::span<const le32> forward, Kind structure) {
  return structure == (common_of(forward).flag() ? Kind::union_ : Kind::structure);
}

std::vector<TypeId> references(std::span<le32> record) {
  std::vector<TypeId> out;
  for_each_type(record, [&](const le32& id) { out.push_back(id); });
  return out;
}

// Records that are the same to the last word, but that members may be of identical types.
bool is_identical(Builder& types, TypeId a, TypeId b) {
  const auto first = types.record(a), second = types.record(b);
  const Kind kind = kind_of(first);
  if (kind != kind_of(second)) return false;
  if (kind == Kind::pointer || kind == Kind::array) return std::ranges::equal(first, second);
  if (!is_structure(kind) || !same_but_references(first, second)) return false;
  const auto ours = references(first), others = references(second);
  return std::ranges::equal(ours, others, [&](TypeId x, TypeId y) {
    if (x == y) return true;
    return x != kVoid && y != kVoid && kind_of(types.record(x)) != Kind::pointer &&
           is_identical(types, x, y);
  });
}

}  // namespace

bool same_but_references(std::span<le32> a, std::span<le32> b) {
  if (a.size() != b.size() || a[0] != b[0] || a[1] != b[1]) return false;
  const Layout& layout = kLayouts[kind_of(a)];
  if (layout.refers == Refers::never && kind_of(a) != Kind::array && a[2] != b[2]) return false;
  const auto same = [&](u32 begin, u32 count, Words types) {
    for (u32 i = 0; i < count; ++i) {
      if ((types >> i & 1) == 0 && a[begin + i] != b[begin + i]) return false;
    }
    return true;
  };
  const u32 fixed = layout.fixed / sizeof(le32), each = layout.each / sizeof(le32);
  u32 at = record::kCommonWords;
  if (!same(at, fixed, layout.fixed_types)) return false;
  for (at += fixed; each != 0 && at < a.size(); at += each) {
    if (!same(at, each, layout.each_types)) return false;
  }
  return true;
}

bool is_declared_enum(std::span<le32> record) {
  const Kind kind = kind_of(record);
  const bool is_enum = kind == Kind::enumeration || kind == Kind::enumeration64;
  return is_enum && common_of(record).count() == 0;
}

bool same_enum_header(std::span<le32> a, std::span<le32> b) {
  const u32 not_count = ~Common::kCountMask;
  return a[0] == b[0] && (a[1] & not_count) == (b[1] & not_count) && a[2] == b[2];
}

bool Equivalence::holds(TypeId candidate, TypeId canonical) {
  for (const TypeId id : met_) assumed_[id] = kVoid;
  met_.clear();
  pending_.assign(1, {candidate, canonical});
  while (!pending_.empty()) {
    const auto [ours, others] = pending_.back();
    pending_.pop_back();
    if (!may_be_equal(ours, others)) return false;
  }
  learn();
  return true;
}

// Forward declarations are followed on the canonical side only: the other one comes from one source
// file, in which they have no structure.
TypeId Equivalence::through_forward(TypeId id) {
  if (id == kVoid || kind_of(types_.record(id)) != Kind::forward) return id;
  const TypeId meant = representatives_.of(id);
  return kind_of(types_.record(meant)) == Kind::forward ? id : meant;
}

bool Equivalence::may_be_equal(TypeId candidate, TypeId canonical) {
  if (representatives_.of(candidate) == representatives_.of(canonical)) return true;
  canonical = through_forward(canonical);
  if (candidate == kVoid || canonical == kVoid) return false;
  if (assumed_[canonical] != kVoid) return agrees_with_assumption(candidate, assumed_[canonical]);
  assumed_[canonical] = candidate;
  met_.push_back(canonical);
  const auto ours = types_.record(candidate), others = types_.record(canonical);
  const Kind our_kind = kind_of(ours), other_kind = kind_of(others);
  if (ours[0] != others[0]) return false;
  if (our_kind != other_kind) {
    if (our_kind == Kind::forward) return announces(ours, other_kind);
    return other_kind == Kind::forward && announces(others, our_kind);
  }
  if (is_declared_enum(ours) || is_declared_enum(others)) return same_enum_header(ours, others);
  if (!same_but_references(ours, others)) return false;
  push_references(ours, others);
  return true;
}

void Equivalence::push_references(std::span<le32> candidate, std::span<le32> canonical) {
  const std::vector<TypeId> ours = references(candidate), others = references(canonical);
  for (std::size_t i = ours.size(); i-- > 0;) pending_.emplace_back(ours[i], others[i]);
}

// Compilers write some types twice in one source file: arrays, pointers, and structures of those.
bool Equivalence::agrees_with_assumption(TypeId candidate, TypeId assumed) {
  return candidate == assumed || is_identical(types_, candidate, assumed);
}

void Equivalence::learn() {
  for (const TypeId id : met_) {
    const TypeId ours = representatives_.of(assumed_[id]), others = representatives_.of(id);
    const bool we_announce = kind_of(types_.record(ours)) == Kind::forward;
    const bool others_announce = kind_of(types_.record(others)) == Kind::forward;
    if (others_announce && !we_announce) representatives_.set(others, ours);
    if (we_announce && !others_announce) representatives_.set(ours, others);
    if (is_structure(kind_of(types_.record(ours))) && !others_announce &&
        representatives_.is_known(others) && !representatives_.is_known(ours)) {
      representatives_.set(ours, others);
    }
  }
}

}  // namespace skep::btf
