// skep btf list: where this machine has BTF, or which types a file has.
#include <algorithm>
#include <filesystem>

#include "base/json.hpp"
#include "base/text.hpp"
#include "btf/print_raw.hpp"
#include "cli/btf_loaded.hpp"
#include "cli/btf_types.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;

std::string right_aligned(std::string text, std::size_t width) {
  text.insert(0, width > text.size() ? width - text.size() : 0, ' ');
  return text;
}

// One file of the kernel's, or types that came with programs, which have no file.
struct Listed {
  std::string name, path;
  u64 types = 0, bytes = 0;
  std::optional<LoadedTypes> loaded{};  // where bpf(2) tells
};

std::string entry_text(const Listed& entry, std::size_t width) {
  return format("{}{} types{} bytes{}\n", padded(entry.name.empty() ? "<anon>" : entry.name, width),
                right_aligned(grouped(entry.types), 10), right_aligned(grouped(entry.bytes), 13),
                entry.loaded ? users_text(*entry.loaded) : std::string());
}

std::string entry_json(const Listed& entry) {
  JsonWriter json;
  json.begin_object().member("name", entry.name).member("path", entry.path);
  json.member("types", entry.types).member("bytes", entry.bytes);
  if (entry.loaded) users_json(json, *entry.loaded);
  json.end_object();
  return json.take() + "\n";
}

// Adds ids and users to the kernel's files, and what has none.
void add_loaded(std::vector<Listed>& entries) {
  for (LoadedTypes& each : loaded_types().value_or(std::vector<LoadedTypes>())) {
    const auto file = std::ranges::find(entries, each.entry.name, &Listed::name);
    if (each.entry.is_of_kernel && file != entries.end()) {
      file->loaded = std::move(each);
    } else {
      entries.push_back({each.entry.name, "", each.types, each.entry.bytes, std::move(each)});
    }
  }
}

Result<int> list_kernel(Output& out) {
  std::vector<Listed> entries;
  std::size_t width = 0;
  TypeFiles files(Check::yes);
  for (const std::string& path : kernel_files()) {
    const auto types = files.open(path);
    if (!types.ok()) {
      out.note(types.error().message + "; left out");
      continue;
    }
    const std::string name = fs::path(path).filename().string();
    entries.push_back(
        {name, path, (*types)->count() - (*types)->first(), (*types)->bytes().size()});
  }
  add_loaded(entries);
  for (const Listed& each : entries)
    width = std::max(width, each.name.empty() ? 6 : each.name.size());
  if (entries.empty()) {
    return found_nothing(Error(Fault::absent, format("no types in {}", kKernelFolder),
                               "kernels have them when built with CONFIG_DEBUG_INFO_BTF"),
                         out);
  }
  for (const Listed& each : entries) {
    out.write(out.is_json() ? entry_json(each) : entry_text(each, width));
  }
  return 0;
}

std::string kind_word(btf::Kind kind) {
  std::string word(btf::raw_name(kind));
  for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

std::string type_text(const btf::Types& types, btf::TypeId id) {
  const auto size = types.size_of(id);
  const std::string_view name = types.name(id);
  return format("{} {} {}  {}\n", right_aligned(std::to_string(id), 7),
                padded(kind_word(types.kind(id)), 10),
                right_aligned(size.ok() ? std::to_string(*size) : "-", 7),
                name.empty() ? types.c_name(id) : name);
}

std::string type_json(const btf::Types& types, btf::TypeId id) {
  const auto size = types.size_of(id);
  JsonWriter json;
  json.begin_object().member("id", id).member("kind", kind_word(types.kind(id)));
  json.member("name", types.name(id));
  if (size.ok()) json.member("size", *size);
  json.end_object();
  return json.take() + "\n";
}

Result<int> list_file(const Arguments& arguments, Output& out) {
  const std::string& path = arguments.operands()[0];
  const SharedTypes types = TRY(TypeFiles(Check::yes).open(path, arguments.text(Flag::base)));
  const auto kind = arguments.text(Flag::kind);
  bool found = false;
  for (btf::TypeId id = types->first(); id < types->count() && !out.is_closed(); ++id) {
    if (kind && kind_word(types->kind(id)) != *kind) continue;
    out.write(out.is_json() ? type_json(*types, id) : type_text(*types, id));
    found = true;
  }
  if (found) return 0;
  return found_nothing(
      Error(Fault::absent, format("{} has no types{}", path, kind ? " of kind " + *kind : ""),
            kind ? "without --kind, all are listed" : ""),
      out);
}

}  // namespace

Result<int> btf_list(const Arguments& arguments, Output& out) {
  if (!arguments.operands().empty()) return list_file(arguments, out);
  for (const Flag flag : {Flag::kind, Flag::base}) {
    if (!arguments.has(flag)) continue;
    return Error(Fault::usage, format("{} is for the types of a file", row(flag).name),
                 "usage: skep btf list FILE " + std::string(row(flag).name) + " ...");
  }
  return list_kernel(out);
}

}  // namespace skep::cli
