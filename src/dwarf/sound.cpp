#include "dwarf/sound.hpp"

#include <algorithm>

namespace skep::dwarf {
namespace {

using btf::Kind;
using btf::TypeId;

template <class Element>
std::vector<Element> all_of(const btf::List<Element>& list) {
  return {list.begin(), list.end()};
}

// A bit-field may be wider than its type (C++ pads it): the type's bits are what it holds.
bool make_fit(btf::Member& member, u64 bytes, u64 structure_bytes) {
  if (member.bit_size != 0)
    member.bit_size = static_cast<u32>(std::min<u64>(member.bit_size, bytes * 8));
  if (member.bit_size == 0 && member.bit_offset % 8 != 0) return false;
  const u64 bits = member.bit_size != 0 ? member.bit_size : bytes * 8;
  return member.bit_offset + bits <= structure_bytes * 8;
}

std::vector<btf::Member> sound_members(const btf::Types& types, TypeId id, Notes& notes) {
  std::vector<btf::Member> members;
  const u64 structure_bytes = types.at(id).size;
  for (btf::Member each : types.members(id)) {
    const auto bytes = types.size_of(each.type);
    if (!bytes.ok()) {
      notes.count(Omission::unknown_size);
    } else if (!make_fit(each, *bytes, structure_bytes)) {
      notes.count(Omission::too_far);
    } else {
      members.push_back(each);
    }
  }
  return members;
}

}  // namespace

btf::Builder without_unsound_members(const btf::Types& types, Notes& notes) {
  btf::Builder out;
  for (TypeId id = types.first(); id < types.count(); ++id) {
    const btf::Type type = types.at(id);
    switch (type.kind) {
      case Kind::structure:
      case Kind::union_: out.add(type, sound_members(types, id, notes)); break;
      case Kind::enumeration:
      case Kind::enumeration64: out.add(type, all_of(types.enumerators(id))); break;
      case Kind::prototype: out.add(type, all_of(types.parameters(id))); break;
      default: out.add(type);
    }
  }
  return out;
}

}  // namespace skep::dwarf
