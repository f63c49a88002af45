#include "cli/map_values.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "events/decode.hpp"
#include "events/encode.hpp"
#include "events/show.hpp"

namespace skep::cli {
namespace {

using platform::MapKind;
using platform::Update;

bool is_per_cpu(const TypedMap& typed) {
  switch (typed.map.spec().kind) {
    case MapKind::percpu_array:
    case MapKind::percpu_hash:
    case MapKind::lru_percpu_hash:
    case MapKind::percpu_cgroup_storage: return true;
    default: return false;
  }
}

Part value_of_cpu(const TypedMap& typed, Part value, u32 cpu) {
  const u64 stride = typed.map.user_value_size() / typed.map.cpus();
  return value.subspan(cpu * stride, typed.map.spec().value_size);
}

// Numbers of one byte each, in decimal or 0x; behind "hex" all hexadecimal. nullopt: they are none.
std::optional<std::vector<std::byte>> plain_bytes(std::span<const std::string> words) {
  const bool is_hex = !words.empty() && words[0] == "hex";
  if (is_hex) words = words.subspan(1);
  std::vector<std::byte> out;
  for (const std::string& word : words) {
    const bool has_prefix = word.starts_with("0x");
    const auto number = parse_unsigned(is_hex && !has_prefix ? "0x" + word : word);
    if (!number || *number > 255) return std::nullopt;
    out.push_back(static_cast<std::byte>(*number));
  }
  return out;
}

struct Wanted {
  std::string_view what;  // "key"
  u32 size;
  btf::TypeId type;
};

Result<std::vector<std::byte>> bytes_of(const TypedMap& typed, std::span<const std::string> words,
                                        const Wanted& wanted) {
  if (words.empty()) {
    return Error(Fault::usage, format("the {} is missing", wanted.what),
                 format("{} of {}, or one word that is read by the map's types", wanted.what,
                        counted(wanted.size, "byte")));
  }
  const auto bytes = plain_bytes(words);
  if (bytes && bytes->size() == wanted.size) return *bytes;
  if (words.size() == 1) return events::encode(typed.types, wanted.type, wanted.size, words[0]);
  if (!bytes) {
    return Error(Fault::usage,
                 format("the {} is neither bytes nor one word: {}", wanted.what,
                        join({words.begin(), words.end()}, " ")),
                 "bytes are numbers up to 255, as in: key 1 0 0 0, key hex 0a 00 00 00");
  }
  return Error(Fault::usage,
               format("a {} of {} instead of {} bytes", wanted.what, bytes->size(), wanted.size));
}

void bytes_json(JsonWriter& json, Part bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  json.begin_array();
  for (const std::byte each : bytes) {
    const auto byte = static_cast<u8>(each);
    json.value(format("0x{}{}", kDigits[byte >> 4], kDigits[byte & 15]));
  }
  json.end_array();
}

events::Value decoded_key(const TypedMap& typed, Part key) {
  return events::decode(typed.types, typed.map.spec().key_type, Bytes(key));
}
events::Value decoded_value(const TypedMap& typed, Part value) {
  return events::decode(typed.types, typed.map.spec().value_type, Bytes(value));
}

bool has_types(const TypedMap& typed) { return typed.map.spec().value_type != btf::kVoid; }
bool has_key_type(const TypedMap& typed) { return typed.map.spec().key_type != btf::kVoid; }

// `write(value of one CPU)`, under bpftool's names.
template <class Write>
void values_json(JsonWriter& json, const TypedMap& typed, Part value, Write write) {
  if (!is_per_cpu(typed)) {
    json.key("value");
    return write(value);
  }
  json.key("values").begin_array();
  for (u32 cpu = 0; cpu < typed.map.cpus(); ++cpu) {
    json.begin_object().member("cpu", cpu).key("value");
    write(value_of_cpu(typed, value, cpu));
    json.end_object();
  }
  json.end_array();
}

// Global variables stand, as bpftool has them, each in an object of its own below the section's
// name.
void value_json(JsonWriter& json, const TypedMap& typed, Part value) {
  const btf::Type& type = typed.types.at(typed.map.spec().value_type);
  const events::Value decoded = decoded_value(typed, value);
  const auto* variables = std::get_if<events::Record>(&decoded.of);
  if (type.kind != btf::Kind::section || variables == nullptr)
    return events::to_json(json, decoded);
  json.begin_object().key(type.name).begin_array();
  for (const events::Field& each : *variables) {
    json.begin_object();
    events::to_json(json.key(each.name), each.value);
    json.end_object();
  }
  json.end_array().end_object();
}

void formatted_json(JsonWriter& json, const TypedMap& typed, Part key, Part value) {
  json.key("formatted").begin_object();
  if (has_key_type(typed)) events::to_json(json.key("key"), decoded_key(typed, key));
  values_json(json, typed, value, [&](Part one) { value_json(json, typed, one); });
  json.end_object();
}

// Where there are no types, bytes.
std::string value_text(const TypedMap& typed, Part value) {
  return has_types(typed) ? events::to_text(decoded_value(typed, value))
                          : events::hexadecimal(Bytes(value));
}

std::optional<Update> update_flag(std::string_view word) {
  if (word == "any") return Update::any;
  if (word == "noexist") return Update::only_new;
  if (word == "exist") return Update::only_existing;
  return std::nullopt;
}

}  // namespace

Result<TypedMap> open_map(const Selector& selector) {
  Fd fd = TRY(open_one(kernel::Kind::map, selector));
  const auto facts = TRY(kernel::map_facts(fd));
  btf::Types types = TRY(types_under(facts.types_id));
  return TypedMap{TRY(kernel::Map::of(std::move(fd), facts.spec)), std::move(types)};
}

Result<MapWords> map_words(const Arguments& arguments) {
  constexpr std::size_t kSelectorWords = 2;
  MapWords out;
  std::vector<std::string>* part = nullptr;
  for (std::size_t at = kSelectorWords; at < arguments.operands().size(); ++at) {
    const std::string& word = arguments.operands()[at];
    const auto flag = update_flag(word);
    if (word == "key" && !out.has_key) {
      part = &out.key;
      out.has_key = true;
    } else if (word == "value" && !out.has_value) {
      part = &out.value;
      out.has_value = true;
    } else if (flag && out.has_value && at + 1 == arguments.operands().size()) {
      out.update = *flag;
    } else if (part != nullptr) {
      part->push_back(word);
    } else {
      return Error(
          Fault::usage, format("expected key or value, found '{}'", word),
          format("usage: skep {} {}", arguments.command().name, arguments.command().usage));
    }
  }
  return out;
}

Result<std::vector<std::byte>> key_bytes(const TypedMap& typed, const MapWords& words) {
  const auto& spec = typed.map.spec();
  if (spec.key_size == 0 && words.key.empty()) return std::vector<std::byte>();
  return bytes_of(typed, words.key, {"key", spec.key_size, spec.key_type});
}

Result<std::vector<std::byte>> value_bytes(const TypedMap& typed, const MapWords& words) {
  const auto& spec = typed.map.spec();
  const auto one = TRY(bytes_of(typed, words.value, {"value", spec.value_size, spec.value_type}));
  std::vector<std::byte> all(typed.map.user_value_size());
  const u64 stride = all.size() / typed.map.cpus();
  for (u32 cpu = 0; cpu < typed.map.cpus(); ++cpu) {
    std::ranges::copy(one, all.begin() + static_cast<std::ptrdiff_t>(cpu * stride));
  }
  return all;
}

std::string key_text(const TypedMap& typed, Part key) {
  return has_key_type(typed) ? events::to_text(decoded_key(typed, key))
                             : events::hexadecimal(Bytes(key));
}

std::string element_text(const TypedMap& typed, Part key, Part value) {
  const std::string front = key.empty() ? std::string() : key_text(typed, key) + ": ";
  if (!is_per_cpu(typed)) return format("{}{}\n", front, value_text(typed, value));
  std::string out;
  for (u32 cpu = 0; cpu < typed.map.cpus(); ++cpu) {
    out += format("{}cpu {}: {}\n", front, cpu, value_text(typed, value_of_cpu(typed, value, cpu)));
  }
  return out;
}

void key_json(JsonWriter& json, std::string_view name, Part key) {
  bytes_json(json.key(name), key);
}

std::string element_json(const TypedMap& typed, Part key, Part value) {
  JsonWriter json;
  json.begin_object();
  if (!key.empty()) key_json(json, "key", key);
  values_json(json, typed, value, [&](Part one) { bytes_json(json, one); });
  if (has_types(typed)) formatted_json(json, typed, key, value);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace skep::cli
