#include "dwarf/notes.hpp"

namespace skep::dwarf {
namespace {

constexpr EnumArray<Omission, std::string_view> kTexts({
    {Omission::virtual_base,
     "virtual base classes left out, as only the running program knows where they lie"},
    {Omission::computed_place, "members left out whose place is computed"},
    {Omission::too_far, "members left out that lie further in than BTF or their structure goes"},
    {Omission::too_many, "lists cut after 65535 elements"},
    {Omission::unknown_size, "members left out whose type is declared but defined nowhere"},
    {Omission::other_kind, "types that BTF has no kind for, kept as declarations"},
    {Omission::broken_reference, "references to types that are not there, taken for void"},
    {Omission::variant, "variant parts left out, as only the data tells which members are there"},
    {Omission::cut_name, "names cut after 4096 bytes"},
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
