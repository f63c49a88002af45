#include "btf/anatomy.hpp"

#include <algorithm>

#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u32 kPartsMax = 1 << 20;

// Behind arrays and qualifiers, but not behind the name of a typedef.
TypeId body_of(const Types& types, TypeId id) {
  for (u32 steps = 0; steps < kDepthMax; ++steps) {
    const Type type = types.at(id);
    const bool goes_on =
        type.kind == Kind::array || (is_alias(type.kind) && type.kind != Kind::typedef_);
    if (!goes_on) break;
    id = type.type;
  }
  return id;
}

void count(const Part& part, Sums& sums) {
  (part.bit_size != 0 ? sums.bit_field_bits : sums.member_bytes) +=
      part.bit_size != 0 ? part.bit_size : part.bytes;
  if (part.hole_bits == 0) return;
  if (part.hole_bits % 8 == 0) {
    ++sums.holes;
    sums.hole_bytes += part.hole_bits / 8;
  } else {
    ++sums.bit_holes;
    sums.bit_hole_bits += part.hole_bits;
  }
}

class Dissection {
 public:
  explicit Dissection(const Types& types) : types_(types) {}

  Result<std::vector<Part>> parts(TypeId id, u64 base, u32 depth) {
    if (depth > kDepthMax) {
      return Error(Fault::unsupported, label(types_, id) + " is nested too deep");
    }
    std::vector<Part> out;
    u64 end = base;
    const bool is_union = types_.kind(id) == Kind::union_;
    for (const Member& member : types_.members(id)) {
      if (parts_left_-- == 0) {
        return Error(Fault::exhausted, label(types_, id) + " has too many members");
      }
      Part part = TRY(part_of(member, base, depth));
      if (!is_union && part.bit_offset > end) part.hole_bits = part.bit_offset - end;
      end = std::max(end, end_of(part));
      out.push_back(std::move(part));
    }
    return out;
  }

  static u64 end_of(const Part& part) {
    return part.bit_offset + (part.bit_size != 0 ? part.bit_size : part.bytes * 8);
  }

 private:
  Result<Part> part_of(const Member& member, u64 base, u32 depth) {
    const auto size = types_.size_of(member.type);
    Part part{.name = member.name,
              .type = member.type,
              .bit_offset = base + member.bit_offset,
              .bit_size = member.bit_size,
              .bytes = size.ok() ? u64{*size} : 0,
              .parts = {}};
    const TypeId inner = body_of(types_, member.type);
    if (is_structure(types_.kind(inner)) && types_.name(inner).empty()) {
      part.parts = TRY(parts(inner, part.bit_offset, depth + 1));
    }
    return part;
  }

  const Types& types_;
  u32 parts_left_ = kPartsMax;
};

}  // namespace

u64 Part::byte_offset() const {
  if (bit_size == 0 || bytes == 0) return bit_offset / 8;
  return bit_offset / 8 / bytes * bytes;
}

Result<Anatomy> anatomy_of(const Types& types, TypeId id) {
  Anatomy out;
  const auto size = types.size_of(id);
  out.bytes = size.ok() ? u64{*size} : 0;
  out.parts = TRY(Dissection(types).parts(id, 0, 0));
  u64 end = 0;
  for (const Part& part : out.parts) {
    count(part, out.sums);
    end = std::max(end, Dissection::end_of(part));
  }
  if (out.bytes * 8 > end) out.sums.padding_bits = out.bytes * 8 - end;
  return out;
}

}  // namespace skep::btf
