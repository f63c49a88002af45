// All units of a program, over all the files that they are in, and the references between them.
//
// Units are loaded one at a time and given back, so that memory follows the largest and not the
// sum. Those that others refer to stay: units of one type (by signature) and, after optimising at
// link time or by dwz, any (by offset in the section). So every unit is indexed twice at most.
#pragma once

#include <deque>
#include <optional>

#include "dwarf/debug_files.hpp"
#include "dwarf/unit.hpp"

namespace skep::dwarf {

struct Place {
  Unit* unit;
  EntryNumber entry;
};

class Program {
 public:
  // Fault::absent when there is no debug information, neither here nor where the file points to.
  static Result<Program> open(Bytes file, Surroundings around, Inflate inflate,
                              Functions functions);

  // Grows while units are loaded: the linked part of a split unit brings the others.
  u64 unit_count() const { return units_.size(); }
  // Null for a unit that only says where another one is.
  Result<Unit*> load(u64 number);
  void give_back(u64 number);

  // What a value refers to; nothing when that is not there or no entry of interest.
  Result<std::optional<Place>> follow(Unit& from, const Value& value);

  template <class Visit>
  void for_each_loaded(Visit visit) {
    for (Slot& each : units_) {
      if (each.unit) visit(*each.unit);
    }
  }

 private:
  struct Slot {
    UnitHeader header;
    std::unique_ptr<Unit> unit;
    bool stays = false;
    bool is_linked_part = false;  // what it has is in another file, which was added
  };

  Result<void> add(DebugFilePointer file);
  Result<void> add_split_of(const Unit& skeleton);
  Result<Unit*> load_to_stay(u64 number);
  std::optional<u64> unit_at(Bytes section, u64 offset) const;

  Surroundings around_;
  Inflate inflate_;
  Functions functions_ = Functions::no;
  std::vector<DebugFilePointer> files_;
  std::deque<Slot> units_;
  std::unordered_map<const Sections*, Abbreviations> abbreviations_;
  std::unordered_map<const std::byte*, std::vector<u64>> by_section_;  // units in their order
  std::unordered_map<u64, u64> by_signature_;
  bool has_package_ = false;
};

}  // namespace skep::dwarf
