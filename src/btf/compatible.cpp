// Each relation walks both types side by side: a loop through pointers, arrays and results, and
// recursion for parameters and members.
#include "btf/compatible.hpp"

#include "base/text.hpp"

namespace skep::btf {
namespace {

constexpr u32 kPairDepthMax = 32;  // of pointers and arrays, and of nested members and parameters

bool same_essential_name(std::string_view left, std::string_view right) {
  return essential_name(left) == essential_name(right);
}

Error too_deep(const Types& local, TypeId id) {
  return {Fault::unsupported,
          format("{} is nested more than {} deep", local.c_name(id), kPairDepthMax)};
}

enum class Behind : u8 { value, pointer };  // where a type was reached

// The two types that are compared, and what they are behind their other names.
struct Pair {
  TypeId local;
  TypeId target;
};

class Compatibility {
 public:
  Compatibility(const Types& local, const Types& target, Effort& effort)
      : local_(local), target_(target), effort_(effort) {}

  Result<bool> compatible(Pair pair, u32 depth) {
    if (!same_core_kind(local_.at(pair.local).kind, target_.at(pair.target).kind)) return false;
    for (u32 step = 0; step < kPairDepthMax; ++step) {
      TRY(effort_.spend(1));
      pair = resolved(pair);
      const Type& local = local_.at(pair.local);
      if (!same_core_kind(local.kind, target_.at(pair.target).kind)) return false;
      switch (local.kind) {
        case Kind::void_:
        case Kind::structure:
        case Kind::union_:
        case Kind::enumeration:
        case Kind::enumeration64:
        case Kind::forward:
        case Kind::integer: return true;
        case Kind::prototype:
          if (!TRY(parameters_compatible(pair, depth))) return false;
          break;
        case Kind::pointer:
        case Kind::array: break;
        case Kind::floating:
        case Kind::typedef_:
        case Kind::volatile_:
        case Kind::const_:
        case Kind::restrict_:
        case Kind::function:
        case Kind::variable:
        case Kind::section:
        case Kind::declaration_tag:
        case Kind::type_tag:
        case Kind::count_: return false;
      }
      pair = {local.type, target_.at(pair.target).type};
    }
    return too_deep(local_, pair.local);
  }

  Result<bool> match(Pair pair, Behind behind, u32 depth) {
    if (depth == 0) return too_deep(local_, pair.local);
    for (u32 step = 0; step < kPairDepthMax; ++step) {
      TRY(effort_.spend(1));
      pair = resolved(pair);
      const Type& local = local_.at(pair.local);
      const Type& target = target_.at(pair.target);
      if (!same_essential_name(local.name, target.name)) return false;
      switch (local.kind) {
        case Kind::void_: return target.kind == Kind::void_;
        case Kind::forward: return forward_matches(local, target, behind);
        case Kind::structure:
        case Kind::union_: return composite_matches(pair, behind, depth);
        case Kind::enumeration:
        case Kind::enumeration64: return enum_matches(pair);
        case Kind::integer:
          return target.kind == local.kind && local.size == target.size &&
                 (local.encoding == Encoding::signed_) == (target.encoding == Encoding::signed_);
        case Kind::pointer:
          if (target.kind != local.kind) return false;
          behind = Behind::pointer;
          break;
        case Kind::array:
          if (target.kind != local.kind || local.count != target.count) return false;
          break;
        case Kind::prototype:
          if (!TRY(parameters_match(pair, behind, depth))) return false;
          break;
        case Kind::floating:
        case Kind::typedef_:
        case Kind::volatile_:
        case Kind::const_:
        case Kind::restrict_:
        case Kind::function:
        case Kind::variable:
        case Kind::section:
        case Kind::declaration_tag:
        case Kind::type_tag:
        case Kind::count_: return false;
      }
      pair = {local.type, target.type};
    }
    return too_deep(local_, pair.local);
  }

 private:
  Pair resolved(Pair pair) const {
    return {local_.resolve(pair.local), target_.resolve(pair.target)};
  }

  Result<bool> parameters_compatible(Pair pair, u32 depth) {
    const auto ours = local_.parameters(pair.local);
    const auto theirs = target_.parameters(pair.target);
    if (ours.size() != theirs.size()) return false;
    if (depth == 0 && !ours.empty()) return too_deep(local_, pair.local);
    for (u32 i = 0; i < ours.size(); ++i) {
      if (!TRY(compatible(resolved({ours[i].type, theirs[i].type}), depth - 1))) return false;
    }
    return true;
  }

  Result<bool> parameters_match(Pair pair, Behind behind, u32 depth) {
    const auto ours = local_.parameters(pair.local);
    const auto theirs = target_.parameters(pair.target);
    if (target_.at(pair.target).kind != Kind::prototype || ours.size() != theirs.size()) {
      return false;
    }
    for (u32 i = 0; i < ours.size(); ++i) {
      if (!TRY(match({ours[i].type, theirs[i].type}, behind, depth - 1))) return false;
    }
    return true;
  }

  static bool forward_matches(const Type& local, const Type& target, Behind behind) {
    if (target.kind == Kind::forward) return local.is_union == target.is_union;
    if (behind == Behind::value) return false;
    return target.kind == (local.is_union ? Kind::union_ : Kind::structure);
  }

  // Behind a pointer a declaration is as good as the thing.
  Result<bool> composite_matches(Pair pair, Behind behind, u32 depth) {
    const Type& local = local_.at(pair.local);
    const Type& target = target_.at(pair.target);
    if (behind == Behind::value) {
      if (local.kind != target.kind) return false;
      return members_match(pair, depth);
    }
    if (local.kind == target.kind) return true;
    return target.kind == Kind::forward && (local.kind == Kind::union_) == target.is_union;
  }

  // Every member of ours is there; the others do not matter.
  Result<bool> members_match(Pair pair, u32 depth) {
    const auto ours = local_.members(pair.local);
    const auto theirs = target_.members(pair.target);
    if (ours.size() > theirs.size()) return false;
    for (u32 i = 0; i < ours.size(); ++i) {
      bool found = false;
      for (u32 j = 0; j < theirs.size() && !found; ++j) {
        TRY(effort_.spend(1));
        if (!same_essential_name(ours[i].name, theirs[j].name)) continue;
        found = TRY(match({ours[i].type, theirs[j].type}, Behind::value, depth - 1));
      }
      if (!found) return false;
    }
    return true;
  }

  // Sizes are the same and every name of ours is there, with whatever value.
  Result<bool> enum_matches(Pair pair) {
    const auto ours = local_.enumerators(pair.local);
    const auto theirs = target_.enumerators(pair.target);
    if (!is_enum(target_.at(pair.target).kind) || ours.size() > theirs.size() ||
        local_.at(pair.local).size != target_.at(pair.target).size) {
      return false;
    }
    for (u32 i = 0; i < ours.size(); ++i) {
      bool found = false;
      for (u32 j = 0; j < theirs.size() && !found; ++j) {
        TRY(effort_.spend(1));
        found = same_essential_name(ours[i].name, theirs[j].name);
      }
      if (!found) return false;
    }
    return true;
  }

  const Types& local_;
  const Types& target_;
  Effort& effort_;
};

}  // namespace

Result<void> Effort::spend(u64 steps) {
  if (steps <= left_) {
    left_ -= steps;
    return {};
  }
  left_ = 0;
  return Error(Fault::exhausted, "comparing the types takes too long",
               "types with very many members of one name make this; are these the right types?");
}

Result<bool> fields_compatible(const Types& local, TypeId local_id, const Types& target,
                               TypeId target_id, Effort& effort) {
  while (true) {
    TRY(effort.spend(1));
    const Type& ours = local.resolved(local_id);
    const Type& theirs = target.resolved(target_id);
    if (is_structure(ours.kind) && is_structure(theirs.kind)) return true;
    if (!same_core_kind(ours.kind, theirs.kind)) return false;
    switch (ours.kind) {
      case Kind::pointer:
      case Kind::floating:
      case Kind::integer: return true;
      case Kind::forward:
      case Kind::enumeration:
      case Kind::enumeration64:
        return ours.name.empty() || theirs.name.empty() ||
               same_essential_name(ours.name, theirs.name);
      case Kind::array: break;
      case Kind::void_:
      case Kind::structure:
      case Kind::union_:
      case Kind::typedef_:
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::function:
      case Kind::prototype:
      case Kind::variable:
      case Kind::section:
      case Kind::declaration_tag:
      case Kind::type_tag:
      case Kind::count_: return false;
    }
    local_id = ours.type;
    target_id = theirs.type;
  }
}

Result<bool> types_compatible(const Types& local, TypeId local_id, const Types& target,
                              TypeId target_id, Effort& effort) {
  return Compatibility(local, target, effort).compatible({local_id, target_id}, kPairDepthMax);
}

Result<bool> types_match(const Types& local, TypeId local_id, const Types& target, TypeId target_id,
                         Effort& effort) {
  return Compatibility(local, target, effort)
      .match({local_id, target_id}, Behind::value, kPairDepthMax);
}

}  // namespace skep::btf
