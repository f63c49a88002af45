#include "btf/c_layout.hpp"

#include <algorithm>
#include <array>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u32 kPointerBytes = 8;

struct FillerType {
  std::string_view name;
  u32 bits;
};
constexpr auto kFillerTypes =
    std::to_array<FillerType>({{"long", 64}, {"int", 32}, {"short", 16}, {"char", 8}});

u64 rounded_up(u64 value, u64 to) { return (value + to - 1) / to * to; }

// The widest type with a boundary inside the gap.
FillerType widest(const Gap& gap) {
  const auto fits = [&](const FillerType& type) {
    return rounded_up(gap.begin, type.bits) <= gap.end;
  };
  const auto found = std::ranges::find_if(kFillerTypes, fits);
  return found == kFillerTypes.end() ? kFillerTypes.back() : *found;
}

// Whether the compiler would not go to that boundary by itself. Between bit-fields it goes nowhere;
// before a member, only as far as the member needs. A filler goes to the boundary of its type if it
// does not fit into the hole in front of it; but in a packed structure it always fits (where libbpf
// does not think of that, its text has another layout).
bool needs_mark(const Gap& gap, u64 boundary) {
  if (gap.in_bit_fields) return true;
  if (boundary == gap.end) return rounded_up(gap.begin, u64{gap.next_alignment} * 8) != boundary;
  return gap.in_packed || gap.end - boundary <= boundary - gap.begin;
}

FillerType narrowest(u64 bits) {
  FillerType out = kFillerTypes.front();
  for (const FillerType& type : kFillerTypes) {
    if (type.bits >= bits) out = type;
  }
  return out;
}

}  // namespace

Result<std::vector<Filler>> fill(const Gap& gap, u32 fillers_max) {
  std::vector<Filler> out;
  if (gap.begin >= gap.end) return out;
  u64 at = gap.begin;
  const FillerType type = widest(gap);
  const u64 boundary = rounded_up(at, type.bits);
  if (boundary > at && boundary <= gap.end) {
    if (needs_mark(gap, boundary)) {
      out.push_back({type.name, gap.in_bit_fields ? static_cast<u32>(boundary - at) : 0});
    }
    at = boundary;
  }
  if ((gap.end - at) / type.bits > fillers_max) {
    return Error(Fault::unsupported,
                 format("a hole of {} is too large for C", counted((gap.end - at) / 8, "byte")));
  }
  for (; gap.end - at >= type.bits; at += type.bits) out.push_back({type.name, type.bits});
  const u64 rest = gap.end - at;
  if (rest > 0) out.push_back({narrowest(rest).name, static_cast<u32>(rest)});
  return out;
}

bool CLayout::is_misplaced(const Member& member, u32 alignment) const {
  return member.bit_size == 0 && member.bit_offset % (8 * alignment) != 0;
}

u32 CLayout::alignment(TypeId id, u32 depth) {
  const Type type = types_.resolved(id);
  if (depth > kDepthMax) return 1;
  switch (type.kind) {
    case Kind::integer:
    case Kind::enumeration:
    case Kind::enumeration64:
    case Kind::floating: return std::clamp(type.size, 1u, kPointerBytes);
    case Kind::pointer: return kPointerBytes;
    case Kind::array: return alignment(type.type, depth + 1);
    case Kind::structure:
    case Kind::union_: return alignment_of_members(types_.resolve(id), depth);
    default: return 1;
  }
}

u32 CLayout::alignment_of_members(TypeId id, u32 depth) {
  if (alignments_[id] != 0) return alignments_[id];
  alignments_[id] = 1;  // what contains itself has no other
  u32 most = 1;
  bool packed = false;
  for (const Member& member : types_.members(id)) {
    const u32 each = alignment(member.type, depth + 1);
    most = std::max(most, each);
    packed |= is_misplaced(member, each);
  }
  packed |= types_.at(id).size % most != 0;
  return alignments_[id] = static_cast<u8>(packed ? 1 : most);
}

bool CLayout::is_packed(TypeId structure) {
  u32 most = 1;
  for (const Member& member : types_.members(structure)) {
    const u32 each = alignment(member.type);
    if (is_misplaced(member, each)) return true;
    most = std::max(most, each);
  }
  return types_.at(structure).size % most != 0;
}

}  // namespace skep::btf
