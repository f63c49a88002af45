// Both sides are sorted by kind, name and fingerprint and walked together; only types whose
// fingerprints differ are looked into.
#include "btf/difference.hpp"

#include <algorithm>
#include <span>
#include <tuple>
#include <unordered_map>

#include "base/enum_array.hpp"
#include "base/text.hpp"
#include "btf/anatomy.hpp"
#include "btf/fingerprint.hpp"

namespace skep::btf {
namespace {

// Kinds of types that have a name of their own.
bool is_compared(Kind kind) {
  return is_structure(kind) || is_enum(kind) || kind == Kind::typedef_ || kind == Kind::function ||
         kind == Kind::variable || kind == Kind::integer || kind == Kind::floating;
}

struct Entry {
  Kind kind;
  std::string_view name;
  u64 fingerprint;
  TypeId id;

  auto key() const { return std::tie(kind, name); }
};

// Each definition once.
std::vector<Entry> entries_of(const Types& types) {
  std::vector<Entry> out;
  Fingerprints fingerprints(types);
  for (TypeId id = types.first(); id < types.count(); ++id) {
    const Kind kind = types.kind(id);
    if (!is_compared(kind)) continue;
    const std::string_view name = types.name(id);
    if (name.empty()) continue;
    out.push_back({kind == Kind::enumeration64 ? Kind::enumeration : kind, name,
                   fingerprints.definition(id), id});
  }
  std::ranges::sort(out, {}, [](const Entry& each) {
    return std::tie(each.kind, each.name, each.fingerprint, each.id);
  });
  const auto is_same = [](const Entry& a, const Entry& b) {
    return a.key() == b.key() && a.fingerprint == b.fingerprint;
  };
  out.erase(std::ranges::unique(out, is_same).begin(), out.end());
  return out;
}

std::optional<Version> version_of(const Types& types, TypeId id) {
  const Type type = types.at(id);
  const auto size = types.size_of(id);
  Version out;
  if (size.ok()) out.bytes = *size;
  const bool is_declared = type.kind == Kind::function || type.kind == Kind::variable;
  if (is_declared) out.declaration = types.c_declaration(type.type, type.name);
  if (type.kind == Kind::typedef_) {
    out.declaration = "typedef " + types.c_declaration(type.type, type.name);
  }
  return out;
}

struct Placed {
  std::string path;
  MemberPlace place;
};

void flatten(const Types& types, const std::vector<Part>& parts, const std::string& prefix,
             std::vector<Placed>& out) {
  for (const Part& part : parts) {
    std::string path = prefix;
    if (!part.name.empty()) {
      path += (path.empty() ? "" : ".") + std::string(part.name);
    }
    if (!part.parts.empty()) {
      flatten(types, part.parts, path, out);
      continue;
    }
    std::string declaration = types.c_declaration(part.type, path);
    if (part.bit_size != 0) declaration += format(":{}", part.bit_size);
    out.push_back({path,
                   {std::move(declaration), types.c_name(part.type), part.bit_offset, part.bit_size,
                    part.bytes}});
  }
}

Result<std::vector<Placed>> members_of(const Types& types, TypeId id) {
  const Anatomy anatomy = TRY(anatomy_of(types, id));
  std::vector<Placed> out;
  flatten(types, anatomy.parts, {}, out);
  return out;
}

bool is_only_moved(const MemberPlace& before, const MemberPlace& after) {
  return before.type == after.type && before.bit_size == after.bit_size &&
         before.bytes == after.bytes;
}

std::vector<MemberChange> member_changes(const std::vector<Placed>& before,
                                         const std::vector<Placed>& after) {
  std::unordered_map<std::string_view, const MemberPlace*> old;
  std::unordered_map<std::string_view, bool> is_kept;
  for (const Placed& each : before) old.emplace(each.path, &each.place);
  std::vector<MemberChange> out;
  for (const Placed& each : after) {
    const auto found = old.find(each.path);
    is_kept[each.path] = true;
    if (found == old.end()) {
      out.push_back({.change = Change::added, .name = each.path, .after = each.place});
      continue;
    }
    const MemberPlace& was = *found->second;
    const bool is_same = is_only_moved(was, each.place);
    if (is_same && was.bit_offset == each.place.bit_offset) continue;
    out.push_back({.change = is_same ? Change::moved : Change::changed,
                   .name = each.path,
                   .before = was,
                   .after = each.place});
  }
  for (const Placed& each : before) {
    if (is_kept.contains(each.path)) continue;
    out.push_back({.change = Change::removed, .name = each.path, .before = each.place});
  }
  std::ranges::stable_sort(out, {}, [](const MemberChange& each) {
    return each.before ? each.before->bit_offset : each.after->bit_offset;
  });
  return out;
}

using Values = std::vector<std::pair<std::string_view, std::string>>;

void add_values(const Types& types, TypeId id, Values& out) {
  const bool is_signed = types.at(id).encoding == Encoding::signed_;
  for (const Enumerator& each : types.enumerators(id)) {
    out.emplace_back(each.name, is_signed ? std::to_string(each.value)
                                          : std::to_string(static_cast<u64>(each.value)));
  }
}

// In the order of `before`, then what is new in that of `after`.
std::vector<ValueChange> value_changes(const Values& before, const Values& after) {
  std::unordered_map<std::string_view, const std::string*> now, then;
  for (const auto& [name, value] : after) now.emplace(name, &value);
  for (const auto& [name, value] : before) then.emplace(name, &value);
  std::vector<ValueChange> out;
  for (const auto& [name, value] : before) {
    const auto found = now.find(name);
    if (found == now.end()) {
      out.push_back({.change = Change::removed, .name = std::string(name), .before = value});
    } else if (*found->second != value) {
      out.push_back({.name = std::string(name), .before = value, .after = *found->second});
    }
  }
  for (const auto& [name, value] : after) {
    if (then.contains(name)) continue;
    out.push_back({.change = Change::added, .name = std::string(name), .after = value});
  }
  return out;
}

// Enumerators of all enums without a name, each once.
Values constants_of(const Types& types) {
  Values out;
  for (TypeId id = types.first(); id < types.count(); ++id) {
    if (is_enum(types.kind(id)) && types.name(id).empty()) add_values(types, id, out);
  }
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out, {}, &Values::value_type::first).begin(), out.end());
  return out;
}

class Comparison {
 public:
  Comparison(const Types& before, const Types& after) : before_(before), after_(after) {}

  Result<std::vector<Difference>> run() {
    constants();
    const std::vector<Entry> old = entries_of(before_), now = entries_of(after_);
    std::span<const Entry> left = old, right = now;
    while (!left.empty() || !right.empty()) {
      const Entry& first =
          right.empty() || (!left.empty() && left[0].key() <= right[0].key()) ? left[0] : right[0];
      TRY(group(taken(left, first), taken(right, first)));
    }
    return std::move(out_);
  }

 private:
  // The entries of that name, which are taken off the front.
  static std::span<const Entry> taken(std::span<const Entry>& from, const Entry& like) {
    std::size_t count = 0;
    while (count < from.size() && from[count].key() == like.key()) ++count;
    const auto out = from.first(count);
    from = from.subspan(count);
    return out;
  }

  // Those of one name that have no equal on the other side, in the order of their ids.
  static std::vector<Entry> rest(std::span<const Entry> of, std::span<const Entry> without) {
    std::vector<Entry> out;
    std::ranges::set_difference(of, without, std::back_inserter(out), {}, &Entry::fingerprint,
                                &Entry::fingerprint);
    std::ranges::sort(out, {}, &Entry::id);
    return out;
  }

  Result<void> group(std::span<const Entry> left, std::span<const Entry> right) {
    const std::vector<Entry> old = rest(left, right), now = rest(right, left);
    for (std::size_t at = 0; at < std::max(old.size(), now.size()); ++at) {
      if (at >= now.size()) {
        if (right.empty() || is_structure(old[at].kind)) only(old[at], Change::removed);
      } else if (at >= old.size()) {
        if (left.empty() || is_structure(now[at].kind)) only(now[at], Change::added);
      } else {
        TRY(changed(old[at], now[at]));
      }
    }
    return {};
  }

  void only(const Entry& entry, Change change) {
    Difference out{.change = change, .kind = entry.kind, .name = std::string(entry.name)};
    (change == Change::removed ? out.before : out.after) =
        version_of(change == Change::removed ? before_ : after_, entry.id);
    out_.push_back(std::move(out));
  }

  Result<void> changed(const Entry& old, const Entry& now) {
    Difference out{.kind = old.kind, .name = std::string(old.name)};
    out.before = version_of(before_, old.id);
    out.after = version_of(after_, now.id);
    if (is_structure(old.kind)) {
      out.members =
          member_changes(TRY(members_of(before_, old.id)), TRY(members_of(after_, now.id)));
    } else if (is_enum(old.kind)) {
      Values was, is;
      add_values(before_, old.id, was);
      add_values(after_, now.id, is);
      out.values = value_changes(was, is);
    }
    out_.push_back(std::move(out));
    return {};
  }

  void constants() {
    Difference out{.kind = Kind::enumeration, .name = {}};
    out.values = value_changes(constants_of(before_), constants_of(after_));
    if (!out.values.empty()) out_.push_back(std::move(out));
  }

  const Types& before_;
  const Types& after_;
  std::vector<Difference> out_;
};

}  // namespace

std::string_view name_of(Change change) {
  static constexpr EnumArray<Change, std::string_view> kNames({{Change::removed, "removed"},
                                                               {Change::added, "added"},
                                                               {Change::changed, "changed"},
                                                               {Change::moved, "moved"}});
  return kNames[change];
}

Result<std::vector<Difference>> differences(const Types& before, const Types& after) {
  return Comparison(before, after).run();
}

}  // namespace skep::btf
