// The order of definitions: a walk, depth first, from each wanted type to what it needs.
//
// A type needs another one strongly, so that it must be defined before, or weakly, so that a
// declaration is enough: which is so when a pointer stands between them and the other one has a
// name to be declared by. Definitions are written on the way back, each after the declarations of
// what it mentions. Circles of strong needs cannot be written in C and are refused.
#include "btf/print_c.hpp"

#include <algorithm>

#include "btf/c_bodies.hpp"
#include "btf/layout.hpp"

namespace skep::btf {
namespace {

constexpr u32 kDepthOfNeedsMax = 1000;
constexpr u64 kStepsAlways = 1 << 20, kStepsPerType = 256;

enum class Need : u8 { weak, strong };
enum class Reached : u8 { value, pointer };

struct Alias {
  std::string_view name, meaning;
};
// Types that gcc has for Arm and other compilers do not.
constexpr Alias kMissingIntegers[] = {{"__Poly8_t", "unsigned char"},
                                      {"__Poly16_t", "unsigned short"},
                                      {"__Poly64_t", "unsigned long long"},
                                      {"__Poly128_t", "unsigned __int128"}};

class CPrinter {
 public:
  explicit CPrinter(const Types& types)
      : types_(types),
        bodies_(types),
        states_(types.count()),
        steps_left_(kStepsAlways + kStepsPerType * types.count()) {
    mark_referred();
  }

  Result<std::string> run(std::span<const TypeId> wanted) {
    for (const TypeId id : wanted) {
      TRY(require(id, Reached::value, 0));
      TRY(bodies_.status());
    }
    return std::move(out_);
  }

 private:
  struct State {
    bool is_referred : 1 = false;    // by another type
    bool is_ordering : 1 = false;    // its needs are being met
    bool is_ordered : 1 = false;     // they are
    bool is_mentioning : 1 = false;  // what it mentions is being declared
    bool is_declared : 1 = false;    // may be pointed to
    bool is_defined : 1 = false;
  };

  // Unnamed enums that nobody refers to are constants by themselves; others are written where they
  // are used.
  void mark_referred() {
    const auto mark = [&](TypeId id) {
      if (id < states_.size()) states_[id].is_referred = true;
    };
    for (TypeId id = 1; id < types_.count(); ++id) {
      const Type type = types_.at(id);
      if (kLayouts[type.kind].refers != Refers::never && type.kind != Kind::prototype) {
        mark(type.type);
      }
      if (type.kind == Kind::array) mark(type.type);
      for (const Member& each : types_.members(id)) mark(each.type);
      for (const Parameter& each : types_.parameters(id)) mark(each.type);
      for (const SectionVariable& each : types_.variables(id)) mark(each.type);
    }
  }

  Result<void> step(TypeId id, u32 depth) {
    if (depth > kDepthOfNeedsMax) {
      return Error(Fault::unsupported, label(types_, id) + " is nested too deep for C");
    }
    if (steps_left_-- > 0) return {};
    return Error(Fault::exhausted, label(types_, id) + " needs too many other types");
  }

  // Defines the type if it must be defined before who asks, and says whether it must.
  Result<Need> require(TypeId id, Reached through, u32 depth) {
    TRY(step(id, depth));
    if (id >= types_.count()) id = kVoid;
    const Kind kind = types_.kind(id);
    if (states_[id].is_ordered) return Need::strong;
    if (states_[id].is_ordering) return requires_itself(id, through);
    switch (kind) {
      case Kind::pointer: {
        const Need need = TRY(require(types_.at(id).type, Reached::pointer, depth + 1));
        states_[id].is_ordered = true;
        return need;
      }
      case Kind::array: return require(types_.at(id).type, Reached::value, depth + 1);
      case Kind::structure:
      case Kind::union_: return require_structure(id, through, depth);
      case Kind::enumeration:
      case Kind::enumeration64:
      case Kind::forward:
        if (!types_.name(id).empty() || !states_[id].is_referred) TRY(define(id));
        states_[id].is_ordered = true;
        return Need::strong;
      case Kind::typedef_: {
        const Need need = TRY(require(types_.at(id).type, through, depth + 1));
        if (through == Reached::pointer && need == Need::weak) return Need::weak;
        TRY(define(id));
        states_[id].is_ordered = true;
        return Need::strong;
      }
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::type_tag: return require(types_.at(id).type, through, depth + 1);
      case Kind::prototype: return require_prototype(id, through, depth);
      case Kind::void_:
      case Kind::integer:
      case Kind::floating:
      case Kind::function:
      case Kind::variable:
      case Kind::section:
      case Kind::declaration_tag:
      case Kind::count_: break;
    }
    states_[id].is_ordered = id != kVoid;
    return Need::weak;
  }

  Result<Need> requires_itself(TypeId id, Reached through) const {
    const Kind kind = types_.kind(id);
    const bool declarable = is_structure(kind) && !types_.name(id).empty();
    if (kind == Kind::prototype || (declarable && through == Reached::pointer)) return Need::weak;
    return Error(Fault::unsupported, label(types_, id) + " contains itself");
  }

  Result<Need> require_structure(TypeId id, Reached through, u32 depth) {
    const bool is_named = !types_.name(id).empty();
    if (is_named && through == Reached::pointer) return Need::weak;
    states_[id].is_ordering = true;
    for (const Member& member : types_.members(id)) {
      TRY(require(member.type, Reached::value, depth + 1));
    }
    if (is_named) TRY(define(id));
    states_[id].is_ordering = false;
    states_[id].is_ordered = true;
    return Need::strong;
  }

  Result<Need> require_prototype(TypeId id, Reached through, u32 depth) {
    states_[id].is_ordering = true;
    Need need = TRY(require(types_.at(id).type, through, depth + 1));
    for (const Parameter& parameter : types_.parameters(id)) {
      need = std::max(need, TRY(require(parameter.type, through, depth + 1)));
    }
    states_[id].is_ordering = false;
    return need;
  }

  Result<void> define(TypeId id) {
    State& state = states_[id];
    if (state.is_defined) return {};
    const Kind kind = types_.kind(id);
    if (kind == Kind::typedef_ || kind == Kind::forward) return mention(id, kVoid, 0);
    if (is_structure(kind)) {
      state.is_mentioning = true;
      for (const Member& member : types_.members(id)) TRY(mention(member.type, id, 1));
      state.is_mentioning = false;
    }
    write(bodies_.definition(id));
    state.is_defined = true;
    return {};
  }

  // Declares what a definition mentions; typedefs are their own declaration. `inside` is the named
  // type that is being defined.
  Result<void> mention(TypeId id, TypeId inside, u32 depth) {
    TRY(step(id, depth));
    if (id >= types_.count() || states_[id].is_defined) return {};
    const Type type = types_.at(id);
    switch (type.kind) {
      case Kind::integer: return mention_integer(id);
      case Kind::pointer:
      case Kind::array:
      case Kind::volatile_:
      case Kind::const_:
      case Kind::restrict_:
      case Kind::type_tag: return mention(type.type, inside, depth + 1);
      case Kind::forward:
        write(bodies_.definition(id));
        states_[id].is_defined = true;
        return {};
      case Kind::typedef_: return mention_typedef(id, depth);
      case Kind::structure:
      case Kind::union_:
        return type.name.empty() ? mention_parts(id, inside, depth) : declare(id, inside);
      case Kind::prototype: return mention_parts(id, inside, depth);
      case Kind::void_:
      case Kind::enumeration:
      case Kind::enumeration64:
      case Kind::function:
      case Kind::variable:
      case Kind::section:
      case Kind::floating:
      case Kind::declaration_tag:
      case Kind::count_: return {};
    }
    return {};
  }

  Result<void> mention_integer(TypeId id) {
    const auto* const missing = std::ranges::find(kMissingIntegers, types_.name(id), &Alias::name);
    if (missing != std::end(kMissingIntegers)) {
      write(format("typedef {} {}", missing->meaning, missing->name));
    }
    states_[id].is_defined = true;
    return {};
  }

  // One that is met again while what it stands for is being declared is needed now.
  Result<void> mention_typedef(TypeId id, u32 depth) {
    State& state = states_[id];
    if (!state.is_mentioning) {
      state.is_mentioning = true;
      TRY(mention(types_.at(id).type, id, depth + 1));
      state.is_mentioning = false;
      state.is_defined = true;
    }
    if (!state.is_declared && types_.name(id) != "__builtin_va_list") {
      write(bodies_.definition(id));
    }
    state.is_declared = true;
    return {};
  }

  Result<void> mention_parts(TypeId id, TypeId inside, u32 depth) {
    State& state = states_[id];
    if (state.is_mentioning) return {};
    state.is_mentioning = true;
    if (types_.kind(id) == Kind::prototype) TRY(mention(types_.at(id).type, inside, depth + 1));
    for (const Member& each : types_.members(id)) TRY(mention(each.type, inside, depth + 1));
    for (const Parameter& each : types_.parameters(id)) TRY(mention(each.type, inside, depth + 1));
    state.is_mentioning = false;
    return {};
  }

  Result<void> declare(TypeId id, TypeId inside) {
    if (states_[id].is_declared || id == inside) return {};
    write(bodies_.reference(id));
    states_[id].is_declared = true;
    return {};
  }

  void write(const std::string& statement) { out_ += statement + ";\n\n"; }

  const Types& types_;
  CBodies bodies_;
  std::vector<State> states_;
  u64 steps_left_;
  std::string out_;
};

}  // namespace

Result<std::string> print_definitions(const Types& types, std::span<const TypeId> wanted) {
  return CPrinter(types).run(wanted);
}

Result<std::string> print_c(const Types& types, std::span<const TypeId> wanted) {
  return "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
         "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
         "#pragma clang attribute push (__attribute__((preserve_access_index)), "
         "apply_to = record)\n#endif\n\n" +
         TRY(print_definitions(types, wanted)) +
         "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n"
         "#endif /* __VMLINUX_H__ */\n";
}

Result<std::string> print_c(const Types& types) {
  std::vector<TypeId> all;
  for (TypeId id = types.first(); id < types.count(); ++id) all.push_back(id);
  return print_c(types, all);
}

}  // namespace skep::btf
