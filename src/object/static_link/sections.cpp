#include "object/static_link/sections.hpp"

#include <algorithm>

namespace skep::object::static_link {
namespace {

constexpr u64 kSectionMax = u64{256} << 20;  // bytes, as of files that can be opened

bool is_of_the_whole(std::string_view name) { return name == "license" || name == "version"; }

bool same_contents(const ElfSection& linked, const Section& section) {
  return linked.size == section.size && std::ranges::equal(linked.bytes, section.bytes.span());
}

std::string shown(std::string_view name, Bytes bytes) {
  const auto text = bytes.c_string(0);
  const bool is_one_text = text.ok() && text->size() + 1 == bytes.size();
  if (name == "license" && is_one_text) return format("\"{}\"", *text);
  return counted(bytes.size(), "byte");
}

Error differ(const ElfSection& linked, const std::string& first, const Section& section,
             const std::string& input) {
  return {Fault::malformed,
          format("the {} is {} in {} and {} in {}", section.name,
                 shown(section.name, Bytes(linked.bytes)), first,
                 shown(section.name, section.bytes), input),
          format("an object has one {}: write the same in all files", section.name)};
}

}  // namespace

u32 Sections::find(std::string_view name) const {
  const auto found = std::ranges::find(all_, name, &ElfSection::name);
  return found == all_.end() ? 0 : static_cast<u32>(found - all_.begin()) + 1;
}

Result<void> Sections::add(const Input& input) {
  std::vector<std::optional<Place>> places;
  for (const Section& section : input.elf.sections()) {
    places.emplace_back();
    if (is_linked(section)) places.back() = TRY(append(section, input.name));
  }
  places_.push_back(std::move(places));
  return {};
}

Result<Place> Sections::append(const Section& section, const std::string& input) {
  u32 number = find(section.name);
  const bool is_new = number == 0;
  if (is_new) {
    all_.push_back({.name = std::string(section.name),
                    .type = section.kind,
                    .flags = section.flags,
                    .entry_size = section.entry_size});
    first_inputs_.push_back(input);
    number = static_cast<u32>(all_.size());
  }
  ElfSection& linked = at(number);
  const std::string& first = first_inputs_[number - 1];
  if (linked.type != section.kind || linked.flags != section.flags ||
      linked.entry_size != section.entry_size) {
    return Error(
        Fault::malformed,
        format("section {} is of another kind in {} than in {}: type {} and {}, flags "
               "0x{:x} and 0x{:x}",
               section.name, first, input, linked.type, section.kind, linked.flags, section.flags),
        "rename the section in one of them");
  }
  if (!is_new && is_of_the_whole(section.name)) {
    if (!same_contents(linked, section)) return differ(linked, first, section, input);
    return Place{.section = number, .offset = 0, .is_shared = true};
  }
  linked.alignment = std::max(linked.alignment, section.alignment);
  const u64 offset = (linked.size + linked.alignment - 1) / linked.alignment * linked.alignment;
  if (section.size > kSectionMax || offset > kSectionMax - section.size) {
    return Error(Fault::exhausted, format("section {} has more than {} bytes with that of {}",
                                          section.name, kSectionMax, input));
  }
  linked.size = offset + section.size;
  if (!section.has_no_bytes()) {
    linked.bytes.resize(offset);
    linked.bytes.insert(linked.bytes.end(), section.bytes.span().begin(),
                        section.bytes.span().end());
  }
  return Place{.section = number, .offset = offset};
}

}  // namespace skep::object::static_link
