#include "dwarf/unit.hpp"

#include <algorithm>

namespace skep::dwarf {
namespace {

bool is_type(Tag tag) {
  switch (tag) {
    case Tag::array_type:
    case Tag::class_type:
    case Tag::enumeration_type:
    case Tag::pointer_type:
    case Tag::reference_type:
    case Tag::string_type:
    case Tag::structure_type:
    case Tag::subroutine_type:
    case Tag::typedef_:
    case Tag::union_type:
    case Tag::ptr_to_member_type:
    case Tag::set_type:
    case Tag::base_type:
    case Tag::const_type:
    case Tag::file_type:
    case Tag::packed_type:
    case Tag::volatile_type:
    case Tag::restrict_type:
    case Tag::interface_type:
    case Tag::unspecified_type:
    case Tag::shared_type:
    case Tag::rvalue_reference_type:
    case Tag::template_alias:
    case Tag::dynamic_type:
    case Tag::atomic_type:
    case Tag::immutable_type:
    case Tag::llvm_ptrauth_type:
    case Tag::subrange_type: return true;
    default: return false;
  }
}

}  // namespace

std::optional<u64> Attributes::number(Attribute attribute) const {
  const Value* value = find(attribute);
  return value != nullptr && value->is_number() ? std::optional(value->number) : std::nullopt;
}

// One pass over the entries of a unit.
class UnitIndexer {
 public:
  UnitIndexer(Unit& unit, Functions functions)
      : unit_(unit),
        table_(*unit.abbreviations_),
        functions_(functions),
        cursor_(unit.header_.bytes, unit.header_.size) {}

  Result<void> run() {
    do {
      const auto at = static_cast<u32>(cursor_.at());
      if (cursor_.at_end()) break;  // closing zeros may be left out at the end
      const u64 code = cursor_.uleb();
      if (code == 0) {
        close();
        continue;
      }
      const Abbreviation* row = table_.find(code);
      if (row == nullptr) {
        return Error(Fault::malformed,
                     format("entry at offset 0x{:x} has the unknown abbreviation {}",
                            unit_.header_.offset + at, code));
      }
      enter(at, *row);
      step_over(*row);
      if (cursor_.failed()) {
        return Error(Fault::malformed,
                     format("entry at offset 0x{:x} goes past the end of its unit",
                            unit_.header_.offset + at));
      }
    } while (!open_.empty());
    while (!open_.empty()) close();
    return {};
  }

 private:
  struct Open {
    EntryNumber entry;  // the innermost that is kept
    bool is_kept;       // whether that is this one
  };

  void enter(u32 offset, const Abbreviation& row) {
    const auto number = static_cast<EntryNumber>(unit_.entries_.size());
    const bool keep = unit_.entries_.empty() || is_wanted(row.tag);
    const EntryNumber parent = open_.empty() ? kRoot : open_.back().entry;
    if (keep) {
      unit_.entries_.push_back({.offset = offset,
                                .abbreviation = table_.number_of(row),
                                .parent = parent,
                                .end = number + 1});
    }
    if (row.has_children) open_.push_back({.entry = keep ? number : parent, .is_kept = keep});
  }

  void close() {
    if (open_.empty()) return;
    const Open last = open_.back();
    open_.pop_back();
    if (last.is_kept)
      unit_.entries_[last.entry].end = static_cast<EntryNumber>(unit_.entries_.size());
  }

  void step_over(const Abbreviation& row) {
    if (row.size) return cursor_.skip(*row.size);
    for (const AttributeForm& each : table_.attributes(row)) {
      read_value(cursor_, *each.form, each.implicit, unit_.header_.widths);
    }
  }

  // The tag of the entry right around, or none if that is not kept.
  Tag around() const {
    return open_.empty() || !open_.back().is_kept ? Tag{} : unit_.tag(open_.back().entry);
  }

  bool is_wanted(Tag tag) const {
    switch (tag) {
      case Tag::namespace_:
      case Tag::module:
      case Tag::subprogram: return true;
      case Tag::member:
      case Tag::inheritance:
      case Tag::variant_part: return is_structure(around());
      case Tag::enumerator: return around() == Tag::enumeration_type;
      case Tag::generic_subrange: return around() == Tag::array_type;
      case Tag::variable: return is_unit(around()) || around() == Tag::namespace_;
      case Tag::formal_parameter:
      case Tag::unspecified_parameters:
        return around() == Tag::subroutine_type ||
               (functions_ == Functions::yes && around() == Tag::subprogram);
      default: return is_type(tag);
    }
  }

  Unit& unit_;
  const AbbreviationTable& table_;
  Functions functions_;
  Cursor cursor_;
  std::vector<Open> open_;
};

Result<Unit> Unit::load(const UnitHeader& header,
                        std::shared_ptr<const AbbreviationTable> abbreviations,
                        Functions functions) {
  Unit unit;
  unit.header_ = header;
  unit.abbreviations_ = std::move(abbreviations);
  TRY(UnitIndexer(unit, functions).run());
  unit.types_.assign(unit.entries_.size(), btf::kVoid);
  if (!unit.entries_.empty()) {
    unit.read_root();
    unit.note_definitions();
  }
  return unit;
}

// Before DWARF 5, and in a part of its own, the offsets of texts begin without being told.
void Unit::read_root() {
  const Attributes root = attributes(kRoot);
  language_ = root.number(Attribute::language).value_or(0);
  const bool has_own = header_.sections->part == Part::split && header_.widths.version >= 5;
  const u64 table_header = has_own ? (header_.widths.offset == 8 ? 16 : 8) : 0;
  const Value* base = root.find(Attribute::str_offsets_base);
  text_offsets_ = header_.text_offsets + (base != nullptr ? base->number : table_header);
}

void Unit::note_definitions() {
  for (EntryNumber entry = 0; entry < entries_.size(); ++entry) {
    if (!is_structure(tag(entry)) || !has(entry, Attribute::specification)) continue;
    const Value target = *attributes(entry).find(Attribute::specification);
    if (target.meaning != Meaning::entry_in_unit) continue;
    const EntryNumber declaration = find(target.number);
    if (declaration != kNoEntry && declaration != entry) definitions_.emplace(declaration, entry);
  }
}

EntryNumber Unit::definition_of(EntryNumber declaration) const {
  const auto found = definitions_.find(declaration);
  return found == definitions_.end() ? kNoEntry : found->second;
}

EntryNumber Unit::find(u64 offset) const {
  const auto found = std::ranges::lower_bound(entries_, offset, {}, &Entry::offset);
  if (found == entries_.end() || found->offset != offset) return kNoEntry;
  return static_cast<EntryNumber>(found - entries_.begin());
}

Attributes Unit::attributes(EntryNumber entry) const {
  Attributes out;
  Cursor cursor(header_.bytes, entries_[entry].offset);
  cursor.uleb();
  for (const AttributeForm& each : abbreviations_->attributes(abbreviation(entry))) {
    const Value value = read_value(cursor, *each.form, each.implicit, header_.widths);
    if (each.attribute != Attribute::count_) out.set(each.attribute, value);
  }
  return out;
}

std::string_view Unit::text(const Value* value) const {
  if (value == nullptr) return {};
  const Sections& sections = *header_.sections;
  Bytes from;
  u64 at = value->number;
  switch (value->meaning) {
    case Meaning::text: from = header_.bytes; break;
    case Meaning::text_at: from = sections.text; break;
    case Meaning::line_text_at: from = sections.line_text; break;
    case Meaning::text_number: {
      from = sections.text;
      const u64 entry = text_offsets_ + at * header_.widths.offset;
      if (at > sections.text_offsets.size()) return {};
      Cursor cursor(sections.text_offsets, entry);
      at = cursor.number(header_.widths.offset);
      if (cursor.failed()) return {};
      break;
    }
    case Meaning::other:
    case Meaning::number:
    case Meaning::signed_number:
    case Meaning::entry_in_unit:
    case Meaning::entry_in_section:
    case Meaning::signature:
    case Meaning::section_offset:
    case Meaning::block: return {};
  }
  if (at >= from.size()) return {};
  const auto rest = from.span().subspan(at);
  const auto* begin = reinterpret_cast<const char*>(rest.data());
  return {begin, ::strnlen(begin, std::min<u64>(rest.size(), kTextMax))};
}

Bytes Unit::block(const Value& value) const {
  return value.meaning == Meaning::block ? header_.bytes.slice(value.number, value.length).value()
                                         : Bytes();
}

}  // namespace skep::dwarf
