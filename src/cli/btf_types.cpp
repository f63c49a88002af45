#include "cli/btf_types.hpp"

#include <algorithm>
#include <filesystem>

#include "base/enum_array.hpp"
#include "base/text.hpp"
#include "btf/split.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;
using btf::Kind;

constexpr const char* kWhatIsRead =
    "a file of types is one as /sys/kernel/btf/vmlinux, or an ELF file with a section .BTF";

struct KindWord {
  std::string_view word;
  Kind kind;
};
constexpr KindWord kKindWords[] = {
    {"struct", Kind::structure},   {"union", Kind::union_},      {"enum", Kind::enumeration},
    {"enum", Kind::enumeration64}, {"typedef", Kind::typedef_},  {"function", Kind::function},
    {"func", Kind::function},      {"variable", Kind::variable}, {"var", Kind::variable}};

Error needs_base(const std::string& path) {
  return Error(Fault::malformed,
               format("{}: these types continue those of a kernel, which are not given", path),
               "name the kernel's types with --base FILE");
}

// The base of a file that needs one.
Result<std::string> base_beside(const std::string& path) {
  const fs::path kernel = fs::path(path).parent_path() / "vmlinux";
  std::error_code ignored;
  if (fs::path(path).filename() == kernel.filename() || !fs::exists(kernel, ignored)) {
    return needs_base(path);
  }
  return kernel.string();
}

Result<btf::Types> open_as_it_is(const std::string& path, const SharedTypes& base, Check check) {
  if (check == Check::no) return btf::Types::open_for_lookups(path, base);
  btf::Types types = TRY(btf::Types::open(path, base));
  TRY(types.check().within(path));
  return types;
}

// `otherwise` is the hint for bytes that make no sense.
Result<SharedTypes> open_file(const std::string& path, const SharedTypes& base, Check check,
                              const std::string& otherwise) {
  auto types = open_as_it_is(path, base, check);
  if (types.ok()) return std::make_shared<const btf::Types>(*std::move(types));
  Error error = std::move(types).error();
  const bool is_of_another_kind = error.fault != Fault::system && error.fault != Fault::exhausted;
  if (error.hint.empty() && is_of_another_kind) error.hint = otherwise;
  return error;
}

}  // namespace

std::vector<std::string> kernel_files() {
  std::vector<std::string> paths;
  std::error_code ignored;
  for (fs::directory_iterator at(kKernelFolder, ignored), end; at != end; at.increment(ignored)) {
    paths.push_back(at->path().string());
  }
  std::ranges::sort(paths, {},
                    [](const std::string& path) { return std::pair(path != kKernelTypes, path); });
  return paths;
}

Result<SharedTypes> TypeFiles::open(const std::string& path,
                                    const std::optional<std::string>& base) {
  if (const auto known = bases_.find(path); known != bases_.end()) return known->second;
  const auto is_split = btf::is_split(path);
  if (!is_split.ok()) return this->base(path);  // which says why, and what is read
  if (*is_split) return open_upon(path, base ? *base : TRY(base_beside(path)));
  if (!base) return this->base(path);
  return Error(Fault::usage, format("{}: these types stand alone and continue none", path),
               "leave --base out");
}

Result<SharedTypes> TypeFiles::base(const std::string& path) {
  SharedTypes& known = bases_[path];
  if (known == nullptr) known = TRY(open_file(path, nullptr, check_, kWhatIsRead));
  return known;
}

Result<SharedTypes> TypeFiles::open_upon(const std::string& path, const std::string& base_path) {
  return open_file(path, TRY(base(base_path)), Check::yes,
                   format("is {} the kernel that it was made for?", base_path));
}

bool is_kind_word(std::string_view text) {
  return std::ranges::find(kKindWords, text, &KindWord::word) != std::end(kKindWords);
}

TypeQuery parse_query(std::string_view text) {
  TypeQuery query;
  const std::size_t space = text.find(' ');
  const std::string_view word = text.substr(0, space);
  if (space != std::string_view::npos && is_kind_word(word)) {
    for (const KindWord& each : kKindWords) {
      if (each.word != word) continue;
      query.kinds.push_back(each.kind);
      query.word_ = each.word;
    }
    text = trimmed(text.substr(space));
  }
  query.name = text;
  return query;
}

std::string TypeQuery::text() const { return kinds.empty() ? name : format("{} {}", word_, name); }

std::vector<btf::TypeId> find_types(const btf::Types& types, const TypeQuery& query,
                                    btf::TypeId from) {
  const auto is_other = [&](btf::TypeId id) {
    const Kind kind = types.kind(id);
    return !query.kinds.empty() && std::ranges::find(query.kinds, kind) == query.kinds.end();
  };
  std::vector<btf::TypeId> ids = types.find_all(query.name, from);
  std::erase_if(ids, is_other);
  if (!ids.empty()) return ids;
  ids = types.find_flavors(query.name, from);
  std::erase_if(ids, is_other);
  return ids;
}

Error no_such_type(const TypeQuery& query, const std::vector<SharedTypes>& where,
                   std::string_view place) {
  std::vector<std::string_view> known;
  for (const SharedTypes& types : where) {
    for (btf::TypeId id = types->first(); id < types->count(); ++id) {
      const bool is_wanted = query.kinds.empty() ||
                             std::ranges::find(query.kinds, types->kind(id)) != query.kinds.end();
      if (is_wanted && !types->name(id).empty()) known.push_back(types->name(id));
    }
  }
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  std::string hint = did_you_mean(query.name, known);
  if (hint.empty()) hint = "skep btf list FILE lists what is there";
  return Error(Fault::absent, format("no type '{}' in {}", query.text(), place), std::move(hint));
}

int found_nothing(const Error& error, Output& out) {
  (void)out.flush();
  report(error, out.form());
  return kFoundNothing;
}

}  // namespace skep::cli
