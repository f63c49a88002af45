#include "selftests/new_tags.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "btf/types.hpp"

namespace skep::selftests {

ByteString with_new_tags(ByteString types) {
  constexpr std::string_view kOld = "kptr_ref";
  const std::string_view text(reinterpret_cast<const char*>(types.data()), types.size());
  if (text.find(kOld) == std::string_view::npos) return types;
  struct Header {
    u16 magic;
    u8 version, flags;
    u32 header_bytes, types_at, types_bytes, strings_at, strings_bytes;
  } header;
  constexpr u32 kTypeTag = static_cast<u32>(btf::Kind::type_tag) << 24;
  constexpr std::string_view kNew = "kptr_untrusted";
  std::memcpy(&header, types.data(), sizeof(header));
  const u32 added = header.strings_bytes;
  const auto name_at = [&](u32 offset) {
    return std::string_view(reinterpret_cast<const char*>(types.data()) + header.header_bytes +
                            header.strings_at + offset);
  };
  std::vector<u32> words(header.types_bytes / sizeof(u32));
  std::memcpy(words.data(), types.data() + header.header_bytes, header.types_bytes);
  const auto old = std::ranges::find_if(
      words, [&](const u32& word) { return word == kTypeTag && name_at(*(&word - 1)) == "kptr"; });
  const u32 kptr = old == words.end() ? added : *(old - 1);
  for (std::size_t at = 1; at < words.size(); ++at) {
    if (words[at] != kTypeTag) continue;
    const std::string_view name = name_at(words[at - 1]);
    words[at - 1] = name == "kptr" ? added : name == kOld ? kptr : words[at - 1];
  }
  std::memcpy(types.data() + header.header_bytes, words.data(), header.types_bytes);
  header.strings_bytes += static_cast<u32>(kNew.size()) + 1;
  std::memcpy(types.data(), &header, sizeof(header));
  for (const char c : kNew) types.push_back(static_cast<std::byte>(c));
  types.push_back({});
  return types;
}

}  // namespace skep::selftests
