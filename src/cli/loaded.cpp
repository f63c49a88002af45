#include "cli/loaded.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/btf_types.hpp"

namespace skep::cli {
namespace {

constexpr EnumArray<By, std::string_view> kWords(
    {{By::id, "id"}, {By::name, "name"}, {By::tag, "tag"}, {By::pinned, "pinned"}});

// What a kind may be named by, and how messages call it.
struct KindRow {
  std::string_view one, many;
  std::array<bool, kCount<By>> by;  // in the order of By
};
constexpr std::array<KindRow, 4> kKinds{{
    {"program", "programs", {true, true, true, true}},
    {"map", "maps", {true, true, false, true}},
    {"types", "types", {true, false, false, false}},
    {"link", "links", {true, false, false, true}},
}};
const KindRow& row(kernel::Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string choices(kernel::Kind kind) {
  std::vector<std::string> words;
  for (const By by : every<By>()) {
    if (!row(kind).by[static_cast<std::size_t>(by)]) continue;
    words.push_back(format("{} {}", kWords[by],
                           by == By::id       ? "N"
                           : by == By::pinned ? "PATH"
                           : by == By::tag    ? "TAG"
                                              : "NAME"));
  }
  return join(words, ", ");
}

Error wrong_selector(kernel::Kind kind, std::string message) {
  return {Fault::usage, std::move(message),
          format("a {} is named by {}", row(kind).one, choices(kind))};
}

// The ids of those that `matches`.
template <class Entry, class Matches>
std::vector<u32> ids_where(const std::vector<Entry>& entries, Matches matches) {
  std::vector<u32> out;
  for (const Entry& each : entries) {
    if (matches(each)) out.push_back(each.id);
  }
  return out;
}

Result<std::vector<u32>> ids_by_name(kernel::Kind kind, const std::string& name) {
  const auto is_called = [&](const auto& each) { return each.name == name; };
  if (kind == kernel::Kind::map) return ids_where(TRY(kernel::maps()), is_called);
  return ids_where(TRY(kernel::programs()), is_called);
}

std::string described(kernel::Kind kind, const Selector& selector) {
  return format("{} {} '{}'", row(kind).one, kWords[selector.by], selector.word);
}

}  // namespace

Result<std::optional<Selector>> selector(kernel::Kind kind,
                                         const std::vector<std::string>& operands, std::size_t at) {
  if (at >= operands.size()) return std::optional<Selector>();
  const By by = kWords.find([&](std::string_view word) { return word == operands[at]; });
  if (by == By::count_ || !row(kind).by[static_cast<std::size_t>(by)]) {
    return wrong_selector(kind, format("'{}' names no {}", operands[at], row(kind).one));
  }
  if (at + 1 >= operands.size())
    return wrong_selector(kind, format("'{}' needs a value", operands[at]));
  Selector out{by, operands[at + 1], 0};
  if (by != By::id) return std::optional(std::move(out));
  const auto id = parse_unsigned(out.word);
  if (!id || *id == 0 || *id > ~u32{0}) {
    return wrong_selector(kind, format("an id is a number of at least 1, not '{}'", out.word));
  }
  out.id = static_cast<u32>(*id);
  return std::optional(std::move(out));
}

Result<Selector> one_selector(kernel::Kind kind, const Arguments& arguments, std::size_t at) {
  auto found = TRY(selector(kind, arguments.operands(), at));
  if (!found) return wrong_selector(kind, format("which {}?", row(kind).one));
  return std::move(*found);
}

Result<std::vector<u32>> ids_of(kernel::Kind kind, const Selector& selector) {
  switch (selector.by) {
    case By::id: {
      const auto fd = kernel::open_id(kind, selector.id);
      if (fd.ok()) return std::vector<u32>{selector.id};
      return fd.error().fault == Fault::absent ? Result<std::vector<u32>>(std::vector<u32>())
                                               : fd.error();
    }
    case By::pinned: {
      const Fd fd = TRY(open_one(kind, selector));
      return std::vector<u32>{TRY(kernel::id_of(fd, kind))};
    }
    case By::name: return ids_by_name(kind, selector.word);
    case By::tag:
      return ids_where(TRY(kernel::programs()),
                       [&](const auto& each) { return each.tag == selector.word; });
    case By::count_: break;
  }
  return std::vector<u32>();
}

Result<Fd> open_one(kernel::Kind kind, const Selector& selector) {
  if (selector.by == By::pinned) return open_pinned_as(kind, selector.word);
  const std::vector<u32> ids = TRY(ids_of(kind, selector));
  if (ids.empty()) {
    return Error(
        Fault::usage, format("there is no {}", described(kind, selector)),
        format("skep {} list shows all", kind == kernel::Kind::program ? "prog" : row(kind).one));
  }
  if (ids.size() > 1) {
    std::vector<std::string> words;
    for (const u32 id : ids) words.push_back(std::to_string(id));
    return Error(Fault::usage,
                 format("{} is the {} of {}", selector.word, kWords[selector.by],
                        counted(ids.size(), row(kind).one)),
                 format("name one by its id: {}", join(words, ", ")));
  }
  return kernel::open_id(kind, ids[0]);
}

Result<Fd> open_pinned_as(kernel::Kind kind, const std::string& path) {
  Fd fd = TRY(kernel::open_pinned(path));
  const auto is = kernel::kind_of(fd);
  if (is && *is == kind) return fd;
  return Error(Fault::usage, format("{} is no pinned {}{}", path, row(kind).one,
                                    is ? format(": it is a {}", row(*is).one) : std::string()));
}

Result<btf::Types> types_under(u32 id) {
  if (id == 0) return btf::Types();
  const auto bytes = TRY(kernel::types_bytes(id));
  return btf::Types::read(Bytes(bytes));
}

int nothing_loaded(kernel::Kind kind, const std::optional<Selector>& selector, Output& out) {
  const std::string what = selector ? format("there is no {}", described(kind, *selector))
                                    : format("no {} are loaded", row(kind).many);
  return found_nothing(Error(Fault::absent, what), out);
}

Holders read_holders(Output& out) {
  Holders holders{kernel::owners(), kernel::pins()};
  if (holders.owners.closed_processes > 0) {
    out.note(format("the descriptors of {} may not be read; owners among them are not shown",
                    counted(holders.owners.closed_processes, "process")));
  }
  if (holders.pins.is_cut) out.note("more is pinned than was looked at; some paths are not shown");
  return holders;
}

void holders_json(JsonWriter& json, const Holders& holders, kernel::Kind kind, u32 id) {
  const auto& paths = holders.pins.at(kind, id);
  if (!paths.empty()) {
    json.key("pinned").begin_array();
    for (const std::string& path : paths) json.value(std::string_view(path));
    json.end_array();
  }
  const auto& owners = holders.owners.at(kind, id);
  if (owners.empty()) return;
  json.key("pids").begin_array();
  for (const kernel::Owner& each : owners) {
    json.begin_object().member("pid", each.pid).member("comm", each.comm).end_object();
  }
  json.end_array();
}

std::string pinned_text(const Holders& holders, kernel::Kind kind, u32 id) {
  std::string out;
  for (const std::string& path : holders.pins.at(kind, id)) out += format("\n\tpinned {}", path);
  return out;
}

std::string pids_text(const Holders& holders, kernel::Kind kind, u32 id) {
  std::vector<std::string> words;
  for (const kernel::Owner& each : holders.owners.at(kind, id)) {
    words.push_back(format("{}({})", each.comm, each.pid));
  }
  return words.empty() ? std::string() : "\n\tpids " + join(words, ", ");
}

bool asks_for_user_engine(const Arguments& arguments) {
  return arguments.text(Flag::engine).value_or("kernel") == "user";
}

int nothing_in_user_engine(Output& out) {
  return found_nothing(
      Error(Fault::absent,
            "nothing outlives a process in the user engine, so there is nothing to list",
            "--engine kernel, the default here, lists what the kernel has"),
      out);
}

}  // namespace skep::cli
