#include "btf/deduplicate.hpp"

#include <algorithm>
#include <unordered_map>

#include "btf/equivalence.hpp"
#include "btf/record.hpp"

namespace skep::btf {
namespace {

constexpr u32 kDepthOfReferencesMax = 1000;

// Types that are kept, by a hash of what they say; the newest first.
class KeptTypes {
 public:
  explicit KeptTypes(TypeId count) : older_(count) {}

  void add(u64 hash, TypeId id) { older_[id] = std::exchange(newest_[hash], id); }
  TypeId newest(u64 hash) const {
    const auto found = newest_.find(hash);
    return found == newest_.end() ? kVoid : found->second;
  }
  TypeId older(TypeId id) const { return older_[id]; }

 private:
  std::unordered_map<u64, TypeId> newest_;
  std::vector<TypeId> older_;
};

u64 mixed(u64 hash, u32 word) { return (hash ^ word) * 0x9e3779b97f4a7c15u + (hash >> 29); }

class Deduplication {
 public:
  explicit Deduplication(const Types& types)
      : representatives_(types.count()), kept_(types.count()), is_open_(types.count()) {
    builder_.append(types);
  }

  Result<Deduplicated> run() {
    for_each_id([&](TypeId id) { merge_without_references(id); });
    for_each_id([&](TypeId id) { merge_structure(id); });
    merge_forwards();
    for (TypeId id = 1; id < representatives_.count(); ++id) TRY(merge_referring(id, 0));
    std::vector<TypeId> by(representatives_.count());
    for (TypeId id = 0; id < by.size(); ++id) by[id] = representatives_.of(id);
    std::vector<TypeId> ids = builder_.replace(by);
    return Deduplicated{.builder = std::move(builder_), .ids = std::move(ids)};
  }

 private:
  template <class Visit>
  void for_each_id(Visit visit) const {
    for (TypeId id = 1; id < representatives_.count(); ++id) visit(id);
  }

  Kind kind(TypeId id) { return common_of(builder_.record(id)).kind(); }

  void keep(TypeId id, u64 hash) {
    representatives_.set(id, id);
    kept_.add(hash, id);
  }

  // Variables and sections are never merged: each is a place of its own.
  void merge_without_references(TypeId id) {
    switch (kind(id)) {
      case Kind::variable:
      case Kind::section: return representatives_.set(id, id);
      case Kind::integer:
      case Kind::forward:
      case Kind::floating: return merge_equal(id);
      case Kind::enumeration:
      case Kind::enumeration64: return merge_enum(id);
      default: return;
    }
  }

  static u64 hash_of(std::span<const le32> words) {
    u64 hash = 0;
    for (const le32& word : words) hash = mixed(hash, word);
    return hash;
  }

  void merge_equal(TypeId id) {
    const auto words = builder_.record(id);
    const u64 hash = hash_of(words);
    for (TypeId other = kept_.newest(hash); other != kVoid; other = kept_.older(other)) {
      if (std::ranges::equal(words, builder_.record(other))) return representatives_.set(id, other);
    }
    keep(id, hash);
  }

  // A declaration is merged with the definition, whichever comes first.
  void merge_enum(TypeId id) {
    const auto words = builder_.record(id);
    const u64 hash = mixed(mixed(mixed(0, words[0]), words[1] & ~Common::kCountMask), words[2]);
    for (TypeId other = kept_.newest(hash); other != kVoid; other = kept_.older(other)) {
      const auto others = builder_.record(other);
      if (std::ranges::equal(words, others)) return representatives_.set(id, other);
      if (!same_enum_header(words, others)) continue;
      if (is_declared_enum(words)) return representatives_.set(id, other);
      if (is_declared_enum(others)) representatives_.set(other, id);
    }
    keep(id, hash);
  }

  static u64 hash_of_structure(std::span<le32> words) {
    u64 hash = hash_of(words.first(record::kCommonWords));
    for (auto list = words.subspan(record::kCommonWords); !list.empty(); list = list.subspan(3)) {
      hash = mixed(mixed(hash, list[0]), list[2]);  // all but the member's type
    }
    return hash;
  }

  void merge_structure(TypeId id) {
    if (representatives_.is_known(id) || !is_structure(kind(id))) return;
    const auto words = builder_.record(id);
    const u64 hash = hash_of_structure(words);
    for (TypeId other = kept_.newest(hash); other != kVoid; other = kept_.older(other)) {
      if (!same_but_references(words, builder_.record(other))) continue;
      if (equivalence_.holds(id, other)) return representatives_.set(id, other);
    }
    keep(id, hash);
  }

  // What is left of them, where there is one structure of the name and nothing else of it.
  void merge_forwards() {
    std::unordered_map<u32, TypeId> by_name;
    for_each_id([&](TypeId id) {
      if (!representatives_.is_itself(id) || !is_structure(kind(id))) return;
      const auto [entry, is_first] = by_name.emplace(builder_.record(id)[0], id);
      if (!is_first) entry->second = kVoid;
    });
    for_each_id([&](TypeId id) {
      if (!representatives_.is_itself(id) || kind(id) != Kind::forward) return;
      const auto found = by_name.find(builder_.record(id)[0]);
      if (found == by_name.end() || found->second == kVoid) return;
      const bool is_union = common_of(builder_.record(id)).flag();
      const Kind wanted = is_union ? Kind::union_ : Kind::structure;
      if (kind(found->second) == wanted) representatives_.set(id, found->second);
    });
  }

  // Everything else, once what it refers to has its final id; then equal words are equal types.
  Result<void> merge_referring(TypeId id, u32 depth) {
    if (representatives_.is_known(id)) return {};
    if (is_open_[id]) return Error(Fault::malformed, format("type {} contains itself", id));
    if (depth > kDepthOfReferencesMax) {
      return Error(Fault::unsupported, format("type {} is nested too deep", id));
    }
    is_open_[id] = true;
    std::vector<TypeId> targets;
    for_each_type(builder_.record(id), [&](const le32& type) { targets.push_back(type); });
    for (const TypeId target : targets) TRY(merge_referring(target, depth + 1));
    for_each_type(builder_.record(id), [&](le32& type) { type = representatives_.of(type); });
    is_open_[id] = false;
    merge_equal(id);
    return {};
  }

  Builder builder_;
  Representatives representatives_;
  Equivalence equivalence_{builder_, representatives_};
  KeptTypes kept_;
  std::vector<bool> is_open_;
};

}  // namespace

Result<Deduplicated> deduplicate(const Types& types) {
  if (types.base()) {
    return Error(Fault::unsupported, "types on top of others cannot be deduplicated");
  }
  return Deduplication(types).run();
}

}  // namespace skep::btf
