// Types by their names, for those who ask often.
//
// A search through all of the kernel's types takes half a millisecond; this takes some milliseconds
// to make, and a fraction of a microsecond to ask. Types makes it when it was asked a few times.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "btf/list.hpp"

namespace skep::btf {

class Types;

class NameIndex {
 public:
  // Of the types that are not those of the base.
  explicit NameIndex(const Types& types);

  // Calls `visit` with each of them that may have that name, by rising id, until it says stop;
  // false when it did.
  template <class Visit>
  bool each(std::string_view name, Visit visit) const {
    for (u32 id = heads_[slot_of(name)]; id != 0; id = next_[id - first_]) {
      if (!visit(TypeId{id})) return false;
    }
    return true;
  }

 private:
  u32 slot_of(std::string_view name) const;

  u32 first_;
  std::vector<u32> heads_;  // by hash: the first type, or 0
  std::vector<u32> next_;   // by type: another one of the same hash, or 0
};

// The index of Types that were asked often enough.
class Lookups {
 public:
  // Null: searching is cheaper so far. Threads may ask together.
  const NameIndex* index(const Types& types);

 private:
  std::atomic<u32> asked_ = 0;
  std::once_flag made_;
  std::unique_ptr<NameIndex> index_;
};

}  // namespace skep::btf
