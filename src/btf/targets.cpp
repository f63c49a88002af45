// Names are looked for in one place, candidates_in(), whatever way Types finds them.
#include "btf/targets.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace skep::btf {
namespace {

// How C may spell `long`, whose size tells 32-bit machines from 64-bit ones (determine_ptr_size of
// libbpf); the spellings that compilers write come first.
constexpr std::string_view kLong[] = {
    "long unsigned int", "long int",          "unsigned long",     "long",
    "int long",          "long unsigned",     "unsigned long int", "unsigned int long",
    "long int unsigned", "int unsigned long", "int long unsigned"};

u32 pointer_bytes_of(const Types& types) {
  for (const std::string_view name : kLong) {
    const auto found = types.find(name, Kind::integer);
    if (!found) continue;
    const u32 size = types.at(*found).size;
    if (size == 4 || size == 8) return size;
  }
  return 8;
}

// The ids of `target`, its base left out, that have that essential name and kind.
std::vector<TypeId> candidates_in(const TargetTypes& target, std::string_view essential,
                                  Kind kind) {
  std::vector<TypeId> ids = target.types->find_flavors(essential, target.types->first());
  std::erase_if(ids, [&](TypeId id) { return !same_core_kind(target.types->kind(id), kind); });
  return ids;
}

}  // namespace

bool same_core_kind(Kind left, Kind right) {
  return left == right || (is_enum(left) && is_enum(right));
}

Result<u32> Machine::size_of(TypeId id) const {
  const bool is_pointer = types->at(element_of(*types, id)).kind == Kind::pointer;
  const u32 size = TRY(types->size_of(id));
  return is_pointer ? size / 8 * pointer_bytes : size;
}

TypeId element_of(const Types& types, TypeId id) {
  constexpr u32 kDepthMax = 64;  // of arrays in arrays
  id = types.resolve(id);
  for (u32 depth = 0; depth < kDepthMax && types.at(id).kind == Kind::array; ++depth) {
    id = types.resolve(types.at(id).type);
  }
  return id;
}

void Targets::add(std::string name, std::shared_ptr<const Types> types) {
  const u32 pointer_bytes = all_.empty() ? pointer_bytes_of(*types) : all_[0].pointer_bytes;
  all_.push_back({std::move(name), std::move(types), pointer_bytes});
  memo_ = std::make_shared<Memo>();
}

Result<void> Targets::open(const std::string& path) {
  auto types = TRY(Types::open(path, all_.empty() ? nullptr : all_[0].types));
  add(path, std::make_shared<const Types>(std::move(types)));
  return {};
}

std::string Targets::name() const {
  if (all_.empty()) return "no types";
  if (all_.size() == 1) return all_[0].name;
  return format("{} and {}", all_[0].name, counted(all_.size() - 1, "module"));
}

u64 Targets::size() const {
  u64 count = 0;
  for (const TargetTypes& each : all_) count += each.types->count() - each.types->first();
  return count;
}

std::vector<Candidate> Targets::candidates(std::string_view essential, Kind kind) const {
  const std::lock_guard lock(memo_->mutex);
  const auto [entry, is_new] =
      memo_->candidates.try_emplace({std::string(essential), kind}, std::vector<Candidate>());
  if (is_new) entry->second = search(essential, kind);
  return entry->second;
}

std::vector<Candidate> Targets::search(std::string_view essential, Kind kind) const {
  std::vector<Candidate> found;
  for (u32 target = 0; target < all_.size(); ++target) {
    if (target == 1 && !found.empty()) break;
    for (const TypeId id : candidates_in(all_[target], essential, kind)) {
      found.push_back({target, id});
    }
  }
  return found;
}

std::vector<std::string_view> Targets::nearest_names(std::string_view wanted, Kind kind) const {
  const std::lock_guard lock(memo_->mutex);
  const auto [entry, is_new] = memo_->nearest_names.try_emplace({std::string(wanted), kind},
                                                                std::vector<std::string_view>());
  if (is_new) entry->second = search_near(wanted, kind);
  return entry->second;
}

std::vector<std::string_view> Targets::search_near(std::string_view wanted, Kind kind) const {
  std::vector<std::string_view> known;
  for (const TargetTypes& target : all_) {
    for (TypeId id = target.types->first(); id < target.types->count(); ++id) {
      if (same_core_kind(target.types->kind(id), kind)) known.push_back(target.types->name(id));
    }
  }
  std::erase(known, std::string_view());  // anonymous
  return nearest(wanted, known);
}

}  // namespace skep::btf
