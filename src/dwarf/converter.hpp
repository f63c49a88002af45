// Entries of DWARF to types of BTF, one record an entry.
//
// A type gets its id when something first refers to it, and waits in a queue; what the queue holds
// is written in that order. So circles need no care, nothing recurses, and every entry is written
// once. How C++ is told in BTF: docs/manual/writing-programs.md, "Reading an application's own
// structures".
#pragma once

#include <deque>

#include "btf/builder.hpp"
#include "dwarf/names.hpp"
#include "dwarf/notes.hpp"

namespace skep::dwarf {

class Converter {
 public:
  Converter(Program& program, Naming naming, Functions functions, Notes& notes)
      : program_(program), names_(program, naming), functions_(functions), notes_(notes) {}

  // Everything in a unit that is asked for: structures and enums with names, typedefs outside of
  // structures, what global variables are made of, functions if wanted; and all that these need.
  Result<void> add_unit(Unit& unit);

  // All types so far, each once, and not yet checked.
  Result<btf::Types> types();

 private:
  // What is made of an entry.
  enum class Making : u8 {
    entry,      // what it says
    unknown,    // a declaration: it cannot be said
    dimension,  // of an array, those behind the first
    function,
    prototype,
    half,   // the real number that a complex one has two of
    long_,  // an integer as wide as a pointer
  };
  struct Item {
    Place place;
    Making making;
    u32 dimension = 0;
  };
  struct Field;

  // Types that are gathered before equal ones become one. The more, the less often what is unique
  // is compared again; the fewer, the less memory, and BTF has room for a million.
  static constexpr u32 kMergeAt = 400'000, kMergeAtMost = 1'000'000;

  Result<void> add_roots(Unit& unit);
  Result<void> add_root(Unit& unit, EntryNumber entry);
  Result<bool> is_root_structure(Unit& unit, EntryNumber entry);
  Result<void> drain();
  Result<void> merge_equal();
  Result<void> add(const Item& item);

  btf::TypeId enqueue(const Item& item);
  Result<btf::TypeId> id_of(Place place);
  Result<btf::TypeId> known_or_enqueued(Place place);
  Result<btf::TypeId> type_of(Place place);
  Result<std::optional<Place>> settle(Place place);
  Result<std::optional<Place>> behind_aliases(Place place);
  Result<std::optional<Place>> next(Place place, Attribute attribute);

  Result<void> add_entry(Place place);
  Result<void> add_named(Place place, btf::Kind kind);
  void add_unknown(std::string_view name);
  Result<void> add_base(Place place);
  void add_complex(Place place, u32 size);
  void add_half(Place place);
  void add_long();
  Result<void> add_member_pointer(Place place);
  Result<void> add_array(Place place, u32 dimension);
  Result<void> add_enumeration(Place place);
  Result<void> add_function(Place place);
  Result<void> add_prototype(Place place);
  Result<void> add_structure(Place place);
  Result<void> add_forward(Place place);

  Result<std::vector<Field>> fields_of(Place place);
  Result<std::optional<Field>> base_class(Place structure, EntryNumber entry);
  Result<std::optional<Field>> member(Place structure, EntryNumber entry);
  Result<bool> is_empty(Place place);
  Result<bool> is_empty(Place place, u32& steps);
  Result<u64> storage_bytes(Place member, const Attributes& attributes);
  void fit(std::vector<Field>& fields);

  std::string name_in(const Unit& unit, const Attributes& attributes);
  Result<std::string> name_of(Place place);

  Result<std::optional<btf::TypeId>> same_class(Place place);
  Result<u64> fingerprint(Place place, u32& steps);
  Result<u64> spelling(Place place, u32& steps);

  Program& program_;
  Names names_;
  Functions functions_;
  Notes& notes_;
  btf::Builder builder_;
  u32 merge_at_ = kMergeAt;  // types
  std::deque<Item> queue_;
  // Classes by what they say: by the language's rule all that are spelled the same are the same.
  std::unordered_map<u64, btf::TypeId> classes_;
};

}  // namespace skep::dwarf
