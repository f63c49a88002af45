#include "btf/member_path.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "btf/targets.hpp"

namespace skep::btf {
namespace {

constexpr u32 kNestingMax = 32;  // of unnamed structures
constexpr std::size_t kNamesMax = 1 << 14;

// Visits all members that can be named, as they are met, until the visitor says stop.
template <class Visit>
class MemberWalk {
 public:
  MemberWalk(const Types& types, Visit visit) : types_(types), visit_(visit) {}

  bool run(TypeId structure, u32 base = 0, u32 nesting = 0) {
    for (Member member : types_.members(structure)) {
      if (steps_left_-- == 0) return false;
      member.bit_offset += base;
      if (!member.name.empty()) {
        if (!visit_(member)) return false;
      } else if (nesting < kNestingMax) {
        if (!run(types_.resolve(member.type), member.bit_offset, nesting + 1)) return false;
      }
    }
    return true;
  }

 private:
  const Types& types_;
  Visit visit_;
  u32 steps_left_ = 1 << 20;
};

Error no_such_member(const Types& types, TypeId structure, std::string_view name) {
  std::vector<std::string_view> known;
  MemberWalk(types, [&](const Member& member) {
    known.push_back(member.name);
    return known.size() < kNamesMax;
  }).run(structure);
  std::string hint = did_you_mean(name, known);
  if (hint.empty()) hint = format("skep btf find '{}' shows its members", types.c_name(structure));
  return Error(Fault::absent, format("{} has no member '{}'", types.c_name(structure), name),
               std::move(hint));
}

Result<Member> member_of(const Types& types, TypeId structure, std::string_view name) {
  std::optional<Member> found;
  MemberWalk(types, [&](const Member& member) {
    if (member.name == name) found = member;
    return !found;
  }).run(structure);
  if (!found) return no_such_member(types, structure, name);
  return *found;
}

// Appends the member to the last stretch, or to a new one behind a pointer.
Result<void> step(const Types& types, std::vector<Stretch>& stretches, TypeId at,
                  std::string_view name) {
  TypeId structure = element_of(types, at);
  if (types.kind(structure) == Kind::pointer) {
    structure = element_of(types, types.at(structure).type);
    stretches.push_back({.root = structure, .path = {}});
  }
  if (!is_structure(types.kind(structure))) {
    return Error(Fault::absent, format("{} has no members", types.c_name(at)),
                 format("leave out '.{}' and what follows", name));
  }
  if (stretches.empty()) stretches.push_back({.root = structure, .path = {}});
  const Member member = TRY(member_of(types, structure, name));
  Stretch& last = stretches.back();
  last.path += last.path.empty() ? "" : ".";
  last.path += name;
  last.type = member.type;
  last.bit_offset += member.bit_offset;
  last.bit_size = member.bit_size;
  return {};
}

}  // namespace

Result<std::vector<Stretch>> follow_path(const Types& types, TypeId root, std::string_view path) {
  std::vector<Stretch> stretches;
  TypeId at = root;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    TRY(step(types, stretches, at, path.substr(begin, end - begin)));
    at = stretches.back().type;
    begin = end + 1;
  }
  return stretches;
}

}  // namespace skep::btf
