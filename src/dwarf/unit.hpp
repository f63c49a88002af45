// One unit, indexed: where its entries stand, which of them are types or belong to one, and how
// they nest.
//
// The index is one pass over the unit. Entries that no type is made of (code, lines, variables of
// functions) are stepped over and not kept; the others keep the order of the file, so that the
// children of an entry are those behind it, up to its end. Attributes are read when they are asked
// for.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "btf/list.hpp"
#include "dwarf/unit_header.hpp"

namespace skep::dwarf {

using EntryNumber = u32;
inline constexpr EntryNumber kRoot = 0, kNoEntry = ~u32{0};

struct Entry {
  u32 offset;          // in the unit
  u32 abbreviation;    // its number
  EntryNumber parent;  // the root's is itself
  EntryNumber end;     // the first one that is not inside
};

// The attributes of one entry, as far as they are looked at.
class Attributes {
 public:
  bool has(Attribute attribute) const { return (has_ & only(attribute)) != 0; }
  // Null when it is not there.
  const Value* find(Attribute attribute) const {
    return has(attribute) ? &values_[static_cast<u32>(attribute)] : nullptr;
  }
  // The number; nothing when it is not there or no constant.
  std::optional<u64> number(Attribute attribute) const;
  bool is_set(Attribute flag) const { return number(flag).value_or(0) != 0; }

 private:
  friend class Unit;
  void set(Attribute attribute, const Value& value) {
    has_ |= only(attribute);
    values_[static_cast<u32>(attribute)] = value;
  }

  AttributeSet has_ = 0;
  std::array<Value, kCount<Attribute>> values_;
};

enum class Functions : u8 { no, yes };

class Unit {
 public:
  // Fault::malformed when entries go past the end or name no abbreviation.
  static Result<Unit> load(const UnitHeader& header,
                           std::shared_ptr<const AbbreviationTable> abbreviations,
                           Functions functions);

  const UnitHeader& header() const { return header_; }
  u64 language() const { return language_; }
  bool has_scopes() const { return !is_c(language_); }

  std::span<const Entry> entries() const { return entries_; }
  const Entry& operator[](EntryNumber entry) const { return entries_[entry]; }
  const Abbreviation& abbreviation(EntryNumber entry) const {
    return (*abbreviations_)[entries_[entry].abbreviation];
  }
  Tag tag(EntryNumber entry) const { return abbreviation(entry).tag; }
  bool has(EntryNumber entry, Attribute attribute) const {
    return abbreviation(entry).has_any(only(attribute));
  }
  // kNoEntry when nothing is kept of what stands there.
  EntryNumber find(u64 offset) const;

  Attributes attributes(EntryNumber entry) const;
  // The text of a value, cut after kTextMax bytes; empty when it is none or lies outside.
  std::string_view text(const Value* value) const;
  Bytes block(const Value& value) const;

  template <class Visit>
  Result<void> for_each_child(EntryNumber entry, Visit visit) const {
    for (EntryNumber at = entry + 1; at < entries_[entry].end; at = entries_[at].end)
      TRY(visit(at));
    return {};
  }

  // What became of each entry; kVoid until it is something.
  btf::TypeId& type_id(EntryNumber entry) { return types_[entry]; }
  std::span<btf::TypeId> type_ids() { return types_; }
  // The entry that completes a declaration further up (struct A::B { ... }), or kNoEntry.
  EntryNumber definition_of(EntryNumber declaration) const;

  static constexpr u32 kTextMax = 4096;

 private:
  friend class UnitIndexer;
  void read_root();
  void note_definitions();

  UnitHeader header_;
  std::shared_ptr<const AbbreviationTable> abbreviations_;
  std::vector<Entry> entries_;
  std::vector<btf::TypeId> types_;
  std::unordered_map<EntryNumber, EntryNumber> definitions_;
  u64 language_ = 0;
  u64 text_offsets_ = 0;
};

}  // namespace skep::dwarf
