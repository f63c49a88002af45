// Looking up types by name, at first without an index, which would cost more than it saves.
//
// A name is text at an offset. So the text is searched in the strings first (which gives all
// offsets at which it stands, also as the end of a longer string), and then one pass over the types
// compares offsets, not names. Of the kernel's 5.5 MB this takes a fraction of a millisecond, and
// no memory. Who asks often gets an index after all (name_index.hpp).
#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

enum class Which : u8 { whole, essential };

// Offsets of strings, tested with one shift in nearly all cases.
class Offsets {
 public:
  void add(u32 offset) {
    sorted_.push_back(offset);
    filter_ |= bit(offset);
  }
  bool empty() const { return sorted_.empty(); }
  bool has(u32 offset) const {
    return (filter_ & bit(offset)) != 0 && std::ranges::binary_search(sorted_, offset);
  }

 private:
  static u64 bit(u32 offset) { return u64{1} << (offset * 0x9e3779b1u >> 26); }
  std::vector<u32> sorted_;  // they are found in order
  u64 filter_ = 0;
};

constexpr u64 kNameLengthMax = 1024;  // longer strings are no names; KSYM_NAME_LEN is 512

// Whether the string that begins at `at` is `name`, or a flavor of it; it is known to begin with
// it.
bool matches(Bytes strings, u64 at, std::string_view name, Which match) {
  const auto rest = strings.span().subspan(at + name.size());
  if (rest.empty()) return false;
  if (rest.front() == std::byte{0}) return match == Which::whole || essential_name(name) == name;
  if (match == Which::whole || rest.front() != std::byte{'_'}) return false;
  const Bytes bytes(strings.span().subspan(at));
  const auto text = Bytes(bytes.span().first(std::min(bytes.size(), kNameLengthMax))).c_string(0);
  return text.ok() && essential_name(*text) == name;
}

constexpr u32 kFlavorLength = 3;  // of "___"

bool begins_flavor(std::string_view name, std::size_t at) {
  return name[at] != '_' && name.substr(at + 1, kFlavorLength) == "___" &&
         name[at + 1 + kFlavorLength] != '_';
}

}  // namespace

class NameSearch {
 public:
  NameSearch(std::string_view name, Which match) : name_(name), match_(match) {}

  // Calls `visit` with each type of that name, by rising id, until it says stop.
  template <class Visit>
  void run(const Types& types, TypeId from, Visit visit) {
    collect(types);
    if (!offsets_.empty()) scan(types, from, visit);
  }

 private:
  // Offsets at which the name stands, as a whole string or as the end of one. The empty name is at
  // 0 only, as compilers write it.
  void collect(const Types& types) {
    if (types.base_) collect(*types.base_);
    if (name_.empty()) return types.base_ ? void() : offsets_.add(0);
    const auto all = types.strings_.span();
    for (std::size_t at = 0; at < all.size(); ++at) {
      const void* found = ::memmem(all.data() + at, all.size() - at, name_.data(), name_.size());
      if (found == nullptr) return;
      at = static_cast<std::size_t>(static_cast<const std::byte*>(found) - all.data());
      if (matches(types.strings_, at, name_, match_)) {
        offsets_.add(types.first_string_ + static_cast<u32>(at));
      }
    }
  }

  template <class Visit>
  bool scan(const Types& types, TypeId from, Visit visit) const {
    const TypeId first = types.first();
    if (from < first && types.base_ && !scan(*types.base_, from, visit)) return false;
    for (TypeId id = std::max(from, first);; ++id) {
      const auto offset = types.index_.offset(id - first);
      if (!offset) return true;
      le32 name;
      std::memcpy(&name, types.records_.data() + *offset, sizeof name);
      if (offsets_.has(name) && !visit(id)) return false;
    }
    return true;
  }

  std::string_view name_;
  Which match_;
  Offsets offsets_;
};

std::optional<TypeId> Types::find(std::string_view name, Kind kind) const {
  std::optional<TypeId> out;
  const NameIndex* index = lookups_ == nullptr || name.empty() ? nullptr : lookups_->index(*this);
  if (index != nullptr) {
    if (base_) out = base_->find(name, kind);
    if (out) return out;
    index->each(name, [&](TypeId id) {
      if (this->kind(id) == kind && this->name(id) == name) out = id;
      return !out.has_value();
    });
    return out;
  }
  NameSearch(name, Which::whole).run(*this, 1, [&](TypeId id) {
    if (this->kind(id) == kind) out = id;
    return !out.has_value();
  });
  return out;
}

std::vector<TypeId> Types::find_all(std::string_view name, TypeId from) const {
  std::vector<TypeId> out;
  NameSearch(name, Which::whole).run(*this, from, [&](TypeId id) {
    return out.push_back(id), true;
  });
  return out;
}

std::vector<TypeId> Types::find_flavors(std::string_view name, TypeId from) const {
  std::vector<TypeId> out;
  NameSearch(name, Which::essential).run(*this, from, [&](TypeId id) {
    return out.push_back(id), true;
  });
  return out;
}

std::string_view essential_name(std::string_view name) {
  for (std::size_t end = name.size(); end >= kFlavorLength + 2; --end) {
    const std::size_t at = end - kFlavorLength - 2;
    if (begins_flavor(name, at)) return name.substr(0, at + 1);
  }
  return name;
}

}  // namespace skep::btf
