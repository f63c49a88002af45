#include "dwarf/notes.hpp"

namespace skep::dwarf {
namespace {

constexpr EnumArray<Omission, std::string_view> kTexts({
    {Omission::virtual_base,
     "virtual base classes left out: where they lie is known only while the program runs"},
    {Omission::computed_place, "members left out whose place is computed"},
    {Omission::too_far, "members left out that are further in than BTF can say"},
    {Omission::too_many, "lists of more than 65535 elements cut"},
    {Omission::unknown_size, "members left out whose type is declared but defined nowhere"},
    {Omission::other_kind, "types that BTF has no kind for, kept as declarations"},
    {Omission::broken_reference, "references to types that are not there, taken as void"},
    {Omission::variant, "variant parts left out: which members are there is in the data"},
    {Omission::cut_name, "names cut that are longer than 4096 bytes"},
});

}  // namespace

std::vector<Notes::Line> Notes::lines() const {
  std::vector<Line> out;
  for (const Omission each : every<Omission>()) {
    const u64 count = counts_[static_cast<u32>(each)];
    if (count != 0) out.push_back({.what = kTexts[each], .count = count});
  }
  return out;
}

}  // namespace skep::dwarf
