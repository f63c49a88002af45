#include "object/configuration.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace skep::object {
namespace {

Error unfit(std::string_view written, std::string_view type) {
  return {Fault::malformed, format("the value {} does not fit into {}", written, type)};
}

// The numbers of enum libbpf_tristate.
std::optional<u8> tristate_of(char letter) {
  if (letter == 'n') return u8{0};
  if (letter == 'y') return u8{1};
  if (letter == 'm') return u8{2};
  return std::nullopt;
}

void put(std::span<std::byte> to, u64 value) {
  const le64 bytes = value;
  std::memcpy(to.data(), &bytes, std::min(to.size(), sizeof(bytes)));
}

Result<void> store_letter(ConfigurationType type, char letter, std::span<std::byte> to) {
  const auto state = tristate_of(letter);
  const bool takes_state =
      type == ConfigurationType::tristate || (type == ConfigurationType::boolean && letter != 'm');
  if (state && takes_state) {
    put(to, *state);
  } else if (type == ConfigurationType::character) {
    put(to, static_cast<u8>(letter));
  } else {
    return unfit(std::string_view(&letter, 1), "a variable of that type");
  }
  return {};
}

Result<void> store_text(std::string_view written, std::span<std::byte> to) {
  if (written.size() < 2 || !written.ends_with('"'))
    return unfit(written, "char[]: no closing quote");
  const std::string_view text = written.substr(1, written.size() - 2);
  const std::size_t length = std::min(text.size(), to.size() - 1);
  std::ranges::fill(to, std::byte{0});
  std::memcpy(to.data(), text.data(), length);
  return {};
}

Result<void> store_number(std::string_view written, bool is_signed, std::span<std::byte> to) {
  const u64 bits = to.size() * 8;
  const auto number = parse_signed(written);
  const auto natural = parse_unsigned(written);
  if (!number && !natural) return unfit(written, "an integer");
  const u64 value = natural ? *natural : static_cast<u64>(*number);
  const bool negative = !natural;
  const u64 limit = is_signed ? u64{1} << (bits - 1) : bits == 64 ? 0 : u64{1} << bits;
  const bool fits = negative ? is_signed && 0 - value <= limit : limit == 0 || value < limit;
  if (!fits) return unfit(written, format("{} bits", bits));
  put(to, value);
  return {};
}

}  // namespace

Configuration Configuration::read(std::string_view text, std::span<const platform::Extern> wanted) {
  Configuration out;
  for (const platform::Extern& each : wanted) {
    if (each.kind == platform::ExternKind::configuration) out.values_[each.name];
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with("CONFIG_")) continue;
    const std::size_t equals = line.find('=');
    const auto known = out.values_.find(line.substr(0, equals));
    if (equals == std::string_view::npos || known == out.values_.end()) continue;
    known->second = trimmed(line.substr(equals + 1));
  }
  std::erase_if(out.values_, [](const auto& each) { return each.second.empty(); });
  return out;
}

std::optional<std::string_view> Configuration::value(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

Result<void> store_value(const btf::Types& types, btf::TypeId id, std::string_view written,
                         std::span<std::byte> to) {
  const auto type = configuration_type(types, id);
  EXPECT(type && !to.empty());  // checked when the object was read
  const bool is_letter = written == "y" || written == "n" || written == "m";
  if (is_letter) return store_letter(*type, written[0], to);
  if (written.starts_with('"')) {
    if (*type == ConfigurationType::text) return store_text(written, to);
    return unfit(written, types.c_name(id));
  }
  if (*type != ConfigurationType::number && *type != ConfigurationType::character) {
    return unfit(written, types.c_name(id));
  }
  const bool is_signed = types.resolved(id).encoding == btf::Encoding::signed_;
  return store_number(written, is_signed, to);
}

}  // namespace skep::object
