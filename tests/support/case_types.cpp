#include "support/case_types.hpp"

#include <algorithm>
#include <sstream>

#include "base/text.hpp"
#include "platform/map_fields.hpp"

namespace skep::test {

using btf::Kind;
using btf::TypeId;

Result<CaseTypes> CaseTypes::of(const CaseFile& file) {
  CaseTypes out;
  if (!file.has("struct")) return out;
  for (const u32 bytes : {1u, 2u, 4u, 8u}) out.integer(bytes);
  for (const std::string_view line : file.all("struct")) TRY(out.add(line));
  TRY(out.finish());
  return out;
}

Result<void> CaseTypes::finish() {
  const std::vector<std::byte> section = TRY(builder_.bytes());
  types_ = std::make_shared<const btf::Types>(TRY(btf::Types::read(Bytes(section))));
  return {};
}

Result<void> CaseTypes::add_functions(const std::vector<std::string>& names) {
  if (types_ == nullptr) return {};
  const TypeId prototype = builder_.add({.kind = Kind::prototype, .type = names_.at("u32")},
                                        std::span<const btf::Parameter>());
  for (const std::string& name : names)
    builder_.add(
        {.name = name, .kind = Kind::function, .scope = btf::Scope::static_, .type = prototype});
  return finish();
}

TypeId CaseTypes::structure(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? btf::kVoid : found->second;
}

TypeId CaseTypes::key(u32 bytes) const { return structure(format("u{}", 8 * bytes)); }

TypeId CaseTypes::integer(u32 bytes) {
  const std::string name = format("u{}", 8 * bytes);
  const TypeId id =
      builder_.add({.name = name, .kind = Kind::integer, .size = bytes, .bits = 8 * bytes});
  names_[name] = id;
  sizes_[id] = bytes;
  return id;
}

// A structure that is known by its name: its members say nothing.
TypeId CaseTypes::known(const std::string& name) {
  if (const TypeId id = structure(name); id != btf::kVoid) return id;
  u32 bytes = 8;
  for (const platform::SpecialKind kind : every<platform::SpecialKind>()) {
    if (platform::row(kind).name == name) bytes = platform::row(kind).bytes;
  }
  const btf::Member first{.name = "opaque", .type = names_.at("u32")};
  const TypeId id =
      builder_.add({.name = name, .kind = Kind::structure, .size = bytes}, std::span(&first, 1));
  names_[name] = id;
  sizes_[id] = bytes;
  return id;
}

TypeId CaseTypes::pointer(const std::string& tag, const std::string& target) {
  TypeId id = known(target);
  if (tag != "ptr") id = builder_.add({.name = tag, .kind = Kind::type_tag, .type = id});
  id = builder_.add({.kind = Kind::pointer, .type = id});
  sizes_[id] = 8;
  return id;
}

u32 CaseTypes::size_of(TypeId id) const { return sizes_.at(id); }

// `contents` gets what a root holds.
Result<TypeId> CaseTypes::type_of(std::string text, std::string& contents) {
  const std::size_t bracket = text.find('[');
  if (bracket != std::string::npos) {
    const auto count =
        parse_unsigned(std::string_view(text).substr(bracket + 1, text.size() - bracket - 2));
    if (!count) return Error(Fault::malformed, format("no number of elements: {}", text));
    const TypeId element = TRY(type_of(text.substr(0, bracket), contents));
    const TypeId id = builder_.add({.kind = Kind::array,
                                    .type = element,
                                    .index_type = names_.at("u32"),
                                    .count = static_cast<u32>(*count)});
    sizes_[id] = size_of(element) * static_cast<u32>(*count);
    return id;
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return known(text);
  const std::string name = text.substr(0, colon), behind = text.substr(colon + 1);
  if (behind.find('.') == std::string::npos) return pointer(name, behind);
  contents = "contains:" + behind;
  std::ranges::replace(contents, '.', ':');
  return known(name);
}

Result<void> CaseTypes::add(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string name, word;
  words >> name;
  std::vector<std::pair<std::string, btf::Member>> members;
  std::vector<std::string> contents;
  u32 size = 0;
  while (words >> word) {
    const std::size_t equals = word.find('='), at = word.find('@');
    const std::string value = word.substr(equals + 1);
    if (word.starts_with("size=")) {
      size = static_cast<u32>(parse_unsigned(value).value_or(0));
      continue;
    }
    const auto offset =
        at == std::string::npos ? std::nullopt : parse_unsigned(word.substr(at + 1));
    if (!offset) return Error(Fault::malformed, format("struct {}: no offset: {}", name, word));
    const TypeId type =
        TRY(type_of(word.substr(equals + 1, at - equals - 1), contents.emplace_back()));
    members.push_back(
        {word.substr(0, equals), {.type = type, .bit_offset = static_cast<u32>(*offset * 8)}});
    const u32 end = static_cast<u32>(*offset) + size_of(type);
    size = std::max(size, (end + 7) / 8 * 8);
  }
  std::vector<btf::Member> list;
  for (auto& [member, each] : members) {
    each.name = member;
    list.push_back(each);
  }
  const TypeId id = builder_.add({.name = name, .kind = Kind::structure, .size = size},
                                 std::span<const btf::Member>(list));
  names_[name] = id;
  sizes_[id] = size;
  for (std::size_t n = 0; n < contents.size(); ++n) {
    if (contents[n].empty()) continue;
    builder_.add({.name = contents[n],
                  .kind = Kind::declaration_tag,
                  .type = id,
                  .component = static_cast<s32>(n)});
  }
  return {};
}

}  // namespace skep::test
