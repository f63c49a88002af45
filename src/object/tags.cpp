#include "object/tags.hpp"

#include <algorithm>

namespace skep::object {

Tags Tags::read(const btf::Types& types) {
  Tags out;
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    if (types.kind(id) != btf::Kind::declaration_tag) continue;
    const btf::Type tag = types.at(id);
    if (types.kind(tag.type) != btf::Kind::function) continue;
    out.all_.push_back({tag.type, tag.component, tag.name});
  }
  std::ranges::stable_sort(out.all_, {}, &Tag::function);
  return out;
}

bool Tags::has(btf::TypeId function, s32 component, std::string_view text) const {
  return std::ranges::any_of(
      std::ranges::equal_range(all_, function, {}, &Tag::function),
      [&](const Tag& tag) { return tag.component == component && tag.text == text; });
}

std::vector<std::string_view> Tags::of(btf::TypeId function, s32 component) const {
  std::vector<std::string_view> out;
  for (const Tag& tag : std::ranges::equal_range(all_, function, {}, &Tag::function)) {
    if (tag.component == component) out.push_back(tag.text);
  }
  return out;
}

std::size_t Tags::count(btf::TypeId function, std::string_view prefix) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      std::ranges::equal_range(all_, function, {}, &Tag::function),
      [&](const Tag& tag) { return tag.component == -1 && tag.text.starts_with(prefix); }));
}

std::optional<std::string_view> Tags::behind(btf::TypeId function, std::string_view prefix) const {
  for (const Tag& tag : std::ranges::equal_range(all_, function, {}, &Tag::function)) {
    if (tag.component == -1 && tag.text.starts_with(prefix)) return tag.text.substr(prefix.size());
  }
  return std::nullopt;
}

}  // namespace skep::object
