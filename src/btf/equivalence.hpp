// Whether two structures say the same, with all that they reach.
//
// Both graphs are walked side by side under the assumption that the pairs of types that were met
// are equal; the first pair that cannot be refutes all. One type of the canonical side may stand
// for one type of the other side only, but for those that compilers wrongly write twice. A forward
// declaration is equal to a structure of its name.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "btf/builder.hpp"
#include "btf/types.hpp"

namespace skep::btf {

// Which type stands for which: what deduplication finds out, step by step.
class Representatives {
 public:
  explicit Representatives(TypeId count) : by_id_(count, kUnknown) { by_id_[kVoid] = kVoid; }

  TypeId count() const { return static_cast<TypeId>(by_id_.size()); }
  bool is_known(TypeId id) const { return by_id_[id] != kUnknown; }
  bool is_itself(TypeId id) const { return by_id_[id] == id; }
  void set(TypeId id, TypeId representative) { by_id_[id] = representative; }
  // At the end of the chain; the type itself while nothing is known.
  TypeId of(TypeId id) const {
    while (is_known(id) && !is_itself(id)) id = by_id_[id];
    return id;
  }

 private:
  static constexpr TypeId kUnknown = ~TypeId{0};
  std::vector<TypeId> by_id_;
};

class Equivalence {
 public:
  Equivalence(Builder& types, Representatives& representatives)
      : types_(types),
        representatives_(representatives),
        assumed_(representatives.count(), kVoid) {}

  // Whether `candidate` and all it reaches may be represented by `canonical` and what that reaches.
  // If so, what was learnt about forward declarations and other structures on the way is kept.
  bool holds(TypeId candidate, TypeId canonical);

 private:
  using Pair = std::pair<TypeId, TypeId>;

  bool may_be_equal(TypeId candidate, TypeId canonical);
  bool agrees_with_assumption(TypeId candidate, TypeId assumed);
  void push_references(std::span<le32> candidate, std::span<le32> canonical);
  TypeId through_forward(TypeId id);
  void learn();

  Builder& types_;
  Representatives& representatives_;
  std::vector<TypeId> assumed_;  // by canonical type, the candidate's; void: nothing yet
  std::vector<TypeId> met_;      // canonical types with an assumption
  std::vector<Pair> pending_;
};

// What two types say themselves, leaving out to which types they refer.
bool same_but_references(std::span<le32> a, std::span<le32> b);
// Enums may also be a declaration and its definition.
bool is_declared_enum(std::span<le32> record);
bool same_enum_header(std::span<le32> a, std::span<le32> b);

}  // namespace skep::btf
