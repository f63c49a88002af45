// skep map dump, lookup, update, delete, getnext: the elements of a map that the kernel has.
#include "base/text.hpp"
#include "cli/btf_types.hpp"
#include "cli/map_values.hpp"

namespace skep::cli {
namespace {

struct Asked {
  TypedMap typed;
  MapWords words;
};
Result<Asked> asked(const Arguments& arguments) {
  MapWords words = TRY(map_words(arguments));
  return Asked{TRY(open_map(TRY(one_selector(kernel::Kind::map, arguments)))), std::move(words)};
}

Error wrong_words(const Arguments& arguments, std::string_view what) {
  return {Fault::usage, std::string(what),
          format("usage: skep {} {}", arguments.command().name, arguments.command().usage)};
}

}  // namespace

Result<int> map_dump(const Arguments& arguments, Output& out) {
  const auto [typed, words] = TRY(asked(arguments));
  if (words.has_key || words.has_value)
    return wrong_words(arguments, "skep map dump shows all elements");
  const u64 limit = TRY(arguments.number(Flag::limit, 0, 0));
  u64 shown = 0, seen = 0;
  const auto read = typed.map.for_each([&](Part key, Part value) {
    ++seen;
    if (limit != 0 && seen > limit) return;
    ++shown;
    out.write(out.is_json() ? element_json(typed, key, value) : element_text(typed, key, value));
  });
  if (seen > shown) out.note(format("{} more", counted(seen - shown, "element")));
  TRY(read);
  if (seen > 0) return 0;
  const auto first = typed.map.key_after({});
  if (!first.ok()) return first.error();
  if (*first) {
    return Error(Fault::unsupported, format("the values of a {} cannot be read by bpf(2)",
                                            platform::row(typed.map.spec().kind).name));
  }
  return found_nothing(Error(Fault::absent, "the map is empty"), out);
}

Result<int> map_lookup(const Arguments& arguments, Output& out) {
  const auto [typed, words] = TRY(asked(arguments));
  const auto key = TRY(key_bytes(typed, words));
  const auto value = typed.map.lookup_copy(key);
  if (!value.ok() && value.error().fault == Fault::absent) return found_nothing(value.error(), out);
  if (!value.ok()) return value.error();
  out.write(out.is_json() ? element_json(typed, key, *value) : element_text(typed, key, *value));
  return 0;
}

Result<int> map_update(const Arguments& arguments, Output&) {
  auto [typed, words] = TRY(asked(arguments));
  const auto key = TRY(key_bytes(typed, words));
  const auto value = TRY(value_bytes(typed, words));
  TRY(typed.map.update(key, value, words.update));
  return 0;
}

Result<int> map_delete(const Arguments& arguments, Output& out) {
  auto [typed, words] = TRY(asked(arguments));
  if (words.has_value) return wrong_words(arguments, "an element is deleted by its key alone");
  const auto gone = typed.map.erase(TRY(key_bytes(typed, words)));
  if (gone.ok()) return 0;
  return gone.error().fault == Fault::absent ? Result<int>(found_nothing(gone.error(), out))
                                             : gone.error();
}

Result<int> map_getnext(const Arguments& arguments, Output& out) {
  const auto [typed, words] = TRY(asked(arguments));
  const auto key = words.has_key ? TRY(key_bytes(typed, words)) : std::vector<std::byte>();
  const auto next = TRY(typed.map.key_after(key));
  if (!next) return found_nothing(Error(Fault::absent, "there is no further key"), out);
  if (!out.is_json()) {
    out.write(key_text(typed, *next) + "\n");
    return 0;
  }
  JsonWriter json;
  json.begin_object();
  if (words.has_key) {
    key_json(json, "key", key);
  } else {
    json.key("key").null();
  }
  key_json(json, "next_key", *next);
  json.end_object();
  out.write(json.take() + "\n");
  return 0;
}

}  // namespace skep::cli
