// skep btf find: one type as it lies in memory, or one member of it.
//
// The kernel's types are mapped and searched, not read: an answer touches a small part of them. A
// file that cannot be read stands in nobody's way as long as there are others.
#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "btf/member_path.hpp"
#include "btf/print_layout.hpp"
#include "cli/btf_types.hpp"

namespace skep::cli {
namespace {

using btf::Kind;
using btf::TypeId;

struct File {
  std::string path;
  SharedTypes types;
};

// "struct" alone is the beginning of a name of two words.
struct Question {
  TypeQuery query;
  std::vector<std::string> paths;
};

Question question_of(const Arguments& arguments) {
  const auto& words = arguments.operands();
  const bool has_kind = is_kind_word(words[0]) && words.size() > 1;
  const std::size_t files_at = has_kind ? 2 : 1;
  Question out{parse_query(has_kind ? words[0] + " " + words[1] : words[0]), {}};
  out.paths.assign(words.begin() + static_cast<std::ptrdiff_t>(files_at), words.end());
  const bool with_modules = arguments.has(Flag::modules);
  if (with_modules) {
    for (std::string& path : kernel_files()) out.paths.push_back(std::move(path));
  }
  if (out.paths.empty()) out.paths.emplace_back(kKernelTypes);
  return out;
}

Result<std::vector<File>> open_files(const std::vector<std::string>& paths,
                                     const Arguments& arguments, Output& out) {
  std::vector<File> files;
  TypeFiles opened(Check::no);
  for (const std::string& path : paths) {
    auto types = opened.open(path, arguments.text(Flag::base));
    if (types.ok()) {
      files.push_back({path, *std::move(types)});
    } else if (paths.size() == 1) {
      return std::move(types).error();
    } else {
      out.note(types.error().message + "; left out");
    }
  }
  if (!files.empty()) return files;
  return Error(Fault::absent, "none of the files has types that can be read");
}

bool can_be_shown(Kind kind) {
  return kind != Kind::declaration_tag && kind != Kind::type_tag && kind != Kind::section;
}

// Of a file's own types: those of a module's kernel are found in the kernel. Declarations are left
// out where there is a definition.
std::vector<TypeId> shown_types(const File& file, const TypeQuery& query, bool with_base) {
  std::vector<TypeId> ids = find_types(*file.types, query, with_base ? 1 : file.types->first());
  std::erase_if(ids, [&](TypeId id) { return !can_be_shown(file.types->kind(id)); });
  const auto is_forward = [&](TypeId id) { return file.types->kind(id) == Kind::forward; };
  if (!std::ranges::all_of(ids, is_forward)) std::erase_if(ids, is_forward);
  return ids;
}

Result<void> write_type(const File& file, TypeId id, Output& out) {
  if (!out.is_json()) {
    out.write(TRY(btf::layout_text(*file.types, id).within(file.path)));
    return {};
  }
  JsonWriter json;
  json.begin_object().member("file", file.path).member("id", id);
  TRY(btf::layout_json(*file.types, id, json).within(file.path));
  json.end_object();
  out.write(json.take() + "\n");
  return {};
}

// All types of the name; a heading tells them apart where there are several.
Result<bool> write_types(const std::vector<File>& files, const TypeQuery& query, Output& out) {
  struct Found {
    const File* file;
    TypeId id;
  };
  std::vector<Found> all;
  for (const File& file : files) {
    for (const TypeId id : shown_types(file, query, files.size() == 1)) all.push_back({&file, id});
  }
  for (std::size_t at = 0; at < all.size() && !out.is_closed(); ++at) {
    if (all.size() > 1 && !out.is_json()) {
      out.write(
          format("{}/* type {} of {} */\n", at == 0 ? "" : "\n", all[at].id, all[at].file->path));
    }
    TRY(write_type(*all[at].file, all[at].id, out));
  }
  return !all.empty();
}

std::string place_text(const btf::Types& types, const btf::Stretch& each) {
  const auto size = types.size_of(each.type);
  const std::string name = each.path.substr(each.path.rfind('.') + 1);
  std::string text = types.c_declaration(each.type, name);
  std::string place = format("{} + {}", types.c_name(each.root), each.bit_offset / 8);
  if (each.bit_size != 0) {
    text += format(":{}", each.bit_size);
    place += format(", bit {}", each.bit_offset % 8);
  } else if (size.ok()) {
    place += ", " + counted(*size, "byte");
  }
  text += ";";
  constexpr std::size_t kColumn = 48;
  text.append(text.size() < kColumn ? kColumn - text.size() : 1, ' ');
  return format("{}/* {} */\n", text, place);
}

void place_json(const File& file, const btf::Stretch& each, JsonWriter& json) {
  const auto size = file.types->size_of(each.type);
  json.begin_object().member("struct", file.types->c_name(each.root)).member("path", each.path);
  json.member("type", file.types->c_name(each.type)).member("offset", each.bit_offset / 8);
  if (size.ok()) json.member("size", *size);
  if (each.bit_size != 0) {
    json.member("bit_offset", each.bit_offset % 8).member("bits", each.bit_size);
  }
  json.end_object();
}

void write_places(const File& file, TypeId id, const std::vector<btf::Stretch>& stretches,
                  Output& out) {
  if (!out.is_json()) {
    for (const btf::Stretch& each : stretches) out.write(place_text(*file.types, each));
    return;
  }
  JsonWriter json;
  json.begin_object().member("file", file.path).member("id", id).key("places").begin_array();
  for (const btf::Stretch& each : stretches) place_json(file, each, json);
  json.end_array().end_object();
  out.write(json.take() + "\n");
}

// NAME.member.member, in each type of that name; the first refusal when none has it.
Result<bool> write_members(const std::vector<File>& files, TypeQuery query, Output& out) {
  const std::size_t dot = query.name.find('.');
  if (dot == std::string::npos || dot == 0) return false;
  const std::string path = query.name.substr(dot + 1);
  query.name.resize(dot);
  std::optional<Error> refusal;
  bool found = false;
  for (const File& file : files) {
    for (const TypeId id : shown_types(file, query, files.size() == 1)) {
      const auto stretches = btf::follow_path(*file.types, id, path);
      if (stretches.ok()) {
        if (files.size() > 1 && !out.is_json()) out.write(format("/* {} */\n", file.path));
        write_places(file, id, *stretches, out);
        found = true;
      } else if (!refusal) {
        refusal = stretches.error();
      }
    }
  }
  if (!found && refusal) return *refusal;
  return found;
}

std::string places_of(const std::vector<File>& files) {
  return files.size() == 1 ? files[0].path : counted(files.size(), "file");
}

}  // namespace

Result<int> btf_find(const Arguments& arguments, Output& out) {
  const Question question = question_of(arguments);
  const auto files = TRY(open_files(question.paths, arguments, out));
  if (TRY(write_types(files, question.query, out))) return 0;
  const auto found = write_members(files, question.query, out);
  if (!found.ok()) {
    if (found.error().fault != Fault::absent) return found.error();
    return found_nothing(found.error(), out);
  }
  if (*found) return 0;
  std::vector<SharedTypes> searched;
  for (const File& each : files) searched.push_back(each.types);
  TypeQuery root = question.query;
  root.name.resize(std::min(root.name.find('.', 1), root.name.size()));
  return found_nothing(no_such_type(root, searched, places_of(files)), out);
}

}  // namespace skep::cli
