// Offsets are sums of what checked types say; a sum that no structure can have is refused, so that
// later arithmetic on them is safe.
#include "btf/access.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace skep::btf {
namespace {

constexpr u32 kStepsMax = 64;             // BPF_CORE_SPEC_MAX_LEN
constexpr u64 kOffsetMax = u64{~u32{0}};  // bits, as in libbpf
constexpr u64 kIndexMax = u64{1} << 31;

Result<std::vector<u32>> numbers_of(std::string_view text) {
  std::vector<u32> numbers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    u64 number = 0;
    for (std::size_t at = begin; at < end; ++at) {
      number = text[at] >= '0' && text[at] <= '9' ? number * 10 + u64(text[at] - '0') : kIndexMax;
      if (number >= kIndexMax) break;
    }
    if (begin == end || number >= kIndexMax || numbers.size() == kStepsMax) {
      return Error(Fault::malformed,
                   format("access \"{}\", expected at most {} numbers with colons between them",
                          text.substr(0, 80), kStepsMax));
    }
    numbers.push_back(static_cast<u32>(number));
    begin = end + 1;
  }
  return numbers;
}

// An array that ends a structure may have more elements than it says, if it says none.
bool is_flexible(const Types& types, const AccessStep& before, const Type& array) {
  return !before.name.empty() && array.count == 0 &&
         before.index + 1 == types.at(before.type).count;
}

// A way that grows step by step through the types of one side.
class Way {
 public:
  explicit Way(const Machine& machine) : machine_(machine), types_(*machine.types) {}

  Result<void> element(TypeId type, u32 index) {
    TRY(deeper());
    const u64 bytes = u64{TRY(machine_.size_of(type))} * index;  // below 2^32 times 2^31
    access_.steps.push_back({.type = type, .index = index});
    return move_by(std::min(bytes, kOffsetMax) * 8);
  }

  // An anonymous one is a level but no step.
  Result<void> member(TypeId structure, u32 index) {
    TRY(deeper());
    const Member member = types_.members(structure)[index];
    if (!member.name.empty()) {
      access_.steps.push_back({.type = structure, .index = index, .name = member.name});
    }
    return move_by(member.bit_offset);
  }

  Access& access() { return access_; }

 private:
  Result<void> deeper() {
    if (++access_.depth <= kStepsMax) return {};
    return Error(Fault::unsupported, format("members are nested more than {} deep", kStepsMax));
  }

  Result<void> move_by(u64 bits) {
    access_.bit_offset += bits;
    if (access_.bit_offset <= kOffsetMax) return {};
    return Error(Fault::malformed, format("offset of {} bits", access_.bit_offset));
  }

  const Machine& machine_;
  const Types& types_;
  Access access_;
};

class Parse {
 public:
  Parse(const Machine& local, TypeId root) : types_(*local.types), way_(local), at_(root) {}

  Result<Access> run(std::string_view text) {
    const std::vector<u32> numbers = TRY(numbers_of(text));
    at_ = types_.resolve(at_);
    TRY(way_.element(at_, numbers[0]));
    for (std::size_t i = 1; i < numbers.size(); ++i) TRY(step(numbers[i]));
    return std::move(way_.access());
  }

 private:
  Result<void> step(u32 number) {
    at_ = types_.resolve(at_);
    const Type& type = types_.at(at_);
    if (is_structure(type.kind) && number < type.count) {
      TRY(way_.member(at_, number));
      at_ = types_.members(at_)[number].type;
      return {};
    }
    if (type.kind == Kind::array &&
        (number < type.count || is_flexible(types_, way_.access().last(), type))) {
      at_ = types_.resolve(type.type);
      return way_.element(at_, number);
    }
    return Error(Fault::malformed, format("access goes to number {} of {}, which has {}", number,
                                          types_.c_name(at_), counted(type.count, "part")));
  }

  const Types& types_;
  Way way_;
  TypeId at_;
};

class Match {
 public:
  Match(const Machine& local, const Access& access, const Machine& target, Effort& effort)
      : local_(*local.types),
        wanted_(access),
        machine_(target),
        types_(*target.types),
        way_(target),
        effort_(effort) {}

  Result<Matched> run(TypeId candidate) {
    Matched out;
    at_ = candidate;
    for (step_ = 0; step_ < wanted_.steps.size() && !out.mismatch; ++step_) {
      const AccessStep& step = wanted_.steps[step_];
      at_ = types_.resolve(at_);
      out.mismatch = TRY(step.name.empty() ? element(step.index) : member(step));
    }
    out.access = std::move(way_.access());
    return out;
  }

 private:
  using Outcome = Result<std::optional<Mismatch>>;

  Mismatch mismatch(Mismatch::Why why, TypeId at) const { return {why, step_, at}; }

  // The root is an element of an array whose length is not known; others must be inside.
  Outcome element(u32 index) {
    if (step_ > 0) {
      const Type& array = types_.at(at_);
      if (array.kind != Kind::array)
        return std::optional(mismatch(Mismatch::Why::not_an_array, at_));
      if (index >= array.count && !is_flexible(types_, way_.access().last(), array)) {
        return std::optional(mismatch(Mismatch::Why::too_few_elements, at_));
      }
      at_ = types_.resolve(array.type);
    }
    if (!machine_.size_of(at_).ok()) return std::optional(mismatch(Mismatch::Why::other_type, at_));
    TRY(way_.element(at_, index));
    return std::optional<Mismatch>();
  }

  Outcome member(const AccessStep& step) {
    std::vector<Place> places;
    if (!TRY(find(at_, step.name, places))) {
      return std::optional(mismatch(Mismatch::Why::no_member, at_));
    }
    for (const Place& place : places) TRY(way_.member(place.structure, place.index));
    at_ = types_.members(places.back().structure)[places.back().index].type;
    const TypeId ours = local_.members(step.type)[step.index].type;
    if (TRY(fields_compatible(local_, ours, types_, at_, effort_))) {
      return std::optional<Mismatch>();
    }
    return std::optional(mismatch(Mismatch::Why::other_type, at_));
  }

  struct Place {
    TypeId structure;
    u32 index;
  };

  // The first member of that name, in the order of the members, those of anonymous ones included.
  // `places` is the way to it.
  Result<bool> find(TypeId structure, std::string_view name, std::vector<Place>& places) {
    structure = types_.resolve(structure);
    if (!is_structure(types_.at(structure).kind)) return false;
    const auto members = types_.members(structure);
    TRY(effort_.spend(members.size() + 1));
    if (way_.access().depth + places.size() >= kStepsMax) {
      return Error(Fault::unsupported, format("members are nested more than {} deep", kStepsMax));
    }
    for (u32 index = 0; index < members.size(); ++index) {
      const Member member = members[index];
      if (!member.name.empty() && member.name != name) continue;
      places.push_back({structure, index});
      if (!member.name.empty() || TRY(find(member.type, name, places))) return true;
      places.pop_back();
    }
    return false;
  }

  const Types& local_;
  const Access& wanted_;
  const Machine& machine_;
  const Types& types_;
  Way way_;
  Effort& effort_;
  TypeId at_ = kVoid;
  u32 step_ = 0;
};

}  // namespace

Result<Access> parse_access(const Machine& local, TypeId root, std::string_view text) {
  return Parse(local, root).run(text);
}

Result<Matched> match_access(const Machine& local, const Access& access, const Machine& target,
                             TypeId candidate, Effort& effort) {
  return Match(local, access, target, effort).run(candidate);
}

std::string path_text(std::span<const AccessStep> steps) {
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!steps[i].name.empty()) {
      text += format(".{}", steps[i].name);
    } else if (i > 0 || steps[i].index > 0) {
      text += format("[{}]", steps[i].index);
    }
  }
  return text;
}

}  // namespace skep::btf
