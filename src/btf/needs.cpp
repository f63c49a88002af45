#include "btf/needs.hpp"

namespace skep::btf {
namespace {

enum class Through : u8 { value, pointer };

class Needs {
 public:
  explicit Needs(const Types& types) : types_(types), seen_(types.count()) {}

  void add(TypeId id, Through through) {
    if (id == kVoid || id >= types_.count()) return;
    const u8 mark = through == Through::value ? kWhole : kPointedTo;
    if ((seen_[id] & (mark | kWhole)) != 0) return;
    seen_[id] |= mark;
    if (through == Through::pointer && has_declaration(id)) return;
    left_.push_back({id, through});
  }

  std::vector<TypeId> run() {
    while (!left_.empty()) {
      const auto [id, through] = left_.back();
      left_.pop_back();
      seen_[id] |= kTaken;
      follow(id, through);
    }
    std::vector<TypeId> out;
    for (TypeId id = 1; id < types_.count(); ++id) {
      if ((seen_[id] & kTaken) != 0) out.push_back(id);
    }
    return out;
  }

 private:
  static constexpr u8 kPointedTo = 1, kWhole = 2, kTaken = 4;
  struct Left {
    TypeId id;
    Through through;
  };

  bool has_declaration(TypeId id) const {
    const Kind kind = types_.kind(id);
    return (kind == Kind::structure || kind == Kind::union_) && !types_.name(id).empty();
  }

  // Arguments and what is returned may be declared only, as what is pointed to.
  void follow(TypeId id, Through through) {
    const Type type = types_.at(id);
    const bool by_name = type.kind == Kind::pointer || type.kind == Kind::prototype;
    add(type.type, by_name ? Through::pointer : through);
    add(type.index_type, Through::value);
    for (const Member& each : types_.members(id)) add(each.type, Through::value);
    for (const Parameter& each : types_.parameters(id)) add(each.type, Through::pointer);
    for (const SectionVariable& each : types_.variables(id)) add(each.type, Through::value);
  }

  const Types& types_;
  std::vector<u8> seen_;
  std::vector<Left> left_;
};

}  // namespace

std::vector<TypeId> needed(const Types& types, std::span<const TypeId> wanted) {
  Needs needs(types);
  for (const TypeId id : wanted) needs.add(id, Through::value);
  return needs.run();
}

}  // namespace skep::btf
