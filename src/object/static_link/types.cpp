// All types are put one after the other first, so that a type of an input has a number from the
// start; then what is written twice is taken out.
#include "object/static_link/types.hpp"

#include <algorithm>

#include "btf/deduplicate.hpp"

namespace skep::object::static_link {
namespace {

using btf::Kind;
using btf::Type;
using btf::TypeId;

class TypeMerger {
 public:
  TypeMerger(std::span<const Input> inputs, const Sections& sections, const Symbols& symbols)
      : inputs_(inputs), sections_(sections), symbols_(symbols) {}

  Result<MergedTypes> run() {
    for (const Input& input : inputs_) shifts_.push_back(builder_.append(*input.types.types));
    const std::vector<TypeId> united = unite();
    for (u32 input = 0; input < inputs_.size(); ++input) list_variables(input);
    add_sections(united);
    const std::vector<std::byte> bytes = TRY(builder_.bytes());
    const btf::Types all = TRY(btf::Types::read(Bytes(bytes)).within("the types of all files"));
    btf::Deduplicated once = TRY(btf::deduplicate(all));
    MergedTypes out{.builder = std::move(once.builder), .ids = {}};
    for (u32 input = 0; input < inputs_.size(); ++input) {
      std::vector<TypeId>& ids = out.ids.emplace_back(1, btf::kVoid);
      for (TypeId id = 1; id < inputs_[input].types.types->count(); ++id) {
        ids.push_back(once.ids[united[number(input, id)]]);
      }
    }
    return out;
  }

 private:
  struct SectionList {
    std::string_view name;
    std::vector<btf::SectionVariable> variables;  // numbered as after the first pass
  };

  TypeId number(u32 input, TypeId id) const { return id + shifts_[input]; }
  const btf::Types& types(u32 input) const { return *inputs_[input].types.types; }

  // The visible name that a variable or function is, when it is one.
  const Global* global(const Type& type) const {
    const bool is_named = type.kind == Kind::variable || type.kind == Kind::function;
    if (!is_named || type.scope == btf::Scope::static_) return nullptr;
    return symbols_.find(type.name);
  }

  // One variable or function for each visible name; sections are written anew.
  std::vector<TypeId> unite() {
    std::vector<TypeId> by(builder_.next_id());
    for (u32 input = 0; input < inputs_.size(); ++input) {
      for (TypeId id = 1; id < types(input).count(); ++id) {
        const Type type = types(input).at(id);
        const Global* known = global(type);
        TypeId& kept = by[number(input, id)];
        if (type.kind == Kind::section) {
          kept = btf::kVoid;
        } else if (known != nullptr) {
          kept = number(known->claim.input, known->claim.declaration.type);
        } else {
          kept = number(input, id);
        }
      }
    }
    return builder_.replace(by);
  }

  SectionList& list_of(std::string_view section) {
    const auto found = std::ranges::find(lists_, section, &SectionList::name);
    if (found != lists_.end()) return *found;
    return lists_.emplace_back(SectionList{section, {}});
  }

  void list_variables(u32 input) {
    for (TypeId id = 1; id < types(input).count(); ++id) {
      if (types(input).kind(id) == Kind::section) list_variables(input, id);
    }
  }

  // By offset, as the kernel wants it: those of each input are (Types::place_section), and inputs
  // stand one behind the other.
  void list_variables(u32 input, TypeId section) {
    const std::string_view name = types(input).name(section);
    const Section* placed = inputs_[input].elf.find(name);
    std::optional<Place> place;
    if (placed != nullptr) place = sections_.place(input, inputs_[input].elf.number_of(*placed));
    if (place && place->is_shared) return;
    SectionList& list = list_of(name);
    for (btf::SectionVariable each : types(input).variables(section)) {
      if (!counts(input, each.type)) continue;
      each.type = number(input, each.type);
      each.offset = place ? each.offset + static_cast<u32>(place->offset) : 0;
      list.variables.push_back(each);
    }
  }

  // Whether this file's word counts for a variable.
  bool counts(u32 input, TypeId id) const {
    const Type type = types(input).at(id);
    if (type.scope == btf::Scope::static_) return true;
    const Global* known = global(type);
    return known != nullptr && known->claim.input == input && known->claim.declaration.type == id;
  }

  void add_sections(const std::vector<TypeId>& united) {
    for (SectionList& list : lists_) {
      const u32 section = sections_.find(list.name);
      const bool is_for_others = section == 0;  // .kconfig, .ksyms: the loader finds what is there
      if (is_for_others && list.variables.empty()) continue;
      for (btf::SectionVariable& each : list.variables) each.type = united[each.type];
      const u64 size = is_for_others ? 0 : sections_.at(section).size;
      builder_.add({.name = list.name, .kind = Kind::section, .size = static_cast<u32>(size)},
                   std::span<const btf::SectionVariable>(list.variables));
    }
  }

  std::span<const Input> inputs_;
  const Sections& sections_;
  const Symbols& symbols_;
  btf::Builder builder_;
  std::vector<u32> shifts_;  // by input, from its ids to those of the builder
  std::vector<SectionList> lists_;
};

}  // namespace

Result<MergedTypes> merge_types(std::span<const Input> inputs, const Sections& sections,
                                const Symbols& symbols) {
  return TypeMerger(inputs, sections, symbols).run();
}

}  // namespace skep::object::static_link
