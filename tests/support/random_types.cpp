#include "support/random_types.hpp"

#include <algorithm>
#include <string>

namespace skep::test {
namespace {

using btf::Encoding;
using btf::Kind;
using btf::Member;
using btf::Type;
using btf::TypeId;

struct Layout {
  u32 size = 0, alignment = 1;
  bool is_integer = false, is_real = false;
};

class Writer {
 public:
  explicit Writer(Choices& choices) : choices_(choices) {
    const auto integer = [&](std::string_view name, u32 size, Encoding encoding) {
      const TypeId id = builder_.add({.name = name,
                                      .kind = Kind::integer,
                                      .encoding = encoding,
                                      .size = size,
                                      .bits = encoding == Encoding::boolean ? 8 : size * 8});
      add_value(id, {size, size, true});
      integers_.push_back(id);
    };
    integer("int", 4, Encoding::signed_);
    integer("unsigned int", 4, Encoding::unsigned_);
    integer("char", 1, Encoding::signed_);
    integer("unsigned char", 1, Encoding::unsigned_);
    integer("short int", 2, Encoding::signed_);
    integer("long long unsigned int", 8, Encoding::unsigned_);
    integer("_Bool", 1, Encoding::boolean);
    const TypeId real = builder_.add({.name = "double", .kind = Kind::floating, .size = 8});
    add_value(real, {.size = 8, .alignment = 8, .is_real = true});
  }

  btf::Builder run(u32 count) {
    for (u32 i = 0; i < count; ++i) add();
    return std::move(builder_);
  }

 private:
  void add() {
    switch (choices_.below(15)) {
      case 0: return add_enumeration();
      case 1: return add_array();
      case 2: return add_typedef();
      case 3: return add_prototype();
      case 4: return add_forward();
      case 5: return add_qualified();
      case 6: return add_variable();
      case 7:
      case 8: return add_pointer();
      case 9: return add_structure(Kind::union_);
      case 10: return add_tagged_pointer();
      default: return add_structure(Kind::structure);
    }
  }

  // Kinds differ in their names: C has no forward declaration for two of one name.
  std::string name(Kind kind) {
    static constexpr std::string_view kNames[] = {"flow",  "key",   "node", "list",
                                                  "entry", "table", "item", "head"};
    return format("{}_{}", name_of(kind).substr(0, 3), kNames[choices_.below(std::size(kNames))]);
  }
  std::string name_or_none(Kind kind) { return choices_.one_in(3) ? std::string() : name(kind); }
  std::string member_name(u32 number) { return "m" + std::to_string(number); }

  void add_value(TypeId id, Layout layout) {
    values_.push_back(id);
    layouts_.resize(id + 1);
    layouts_[id] = layout;
  }
  TypeId any_value() { return values_[choices_.below(static_cast<u32>(values_.size()))]; }
  TypeId any_target() {
    if (!targets_.empty() && choices_.one_in(2)) {
      return targets_[choices_.below(static_cast<u32>(targets_.size()))];
    }
    return choices_.one_in(8) ? btf::kVoid : any_value();
  }

  void add_enumeration() {
    const bool is_wide = choices_.one_in(4), is_signed = choices_.one_in(2);
    std::vector<std::string> names;
    for (u32 i = choices_.below(4); i < 5; ++i) names.push_back(name(Kind::enumeration64));
    std::vector<btf::Enumerator> list;
    for (const std::string& each : names) {
      const s64 value = is_signed ? s64{choices_.below(9)} - 4 : s64{choices_.below(9)};
      list.push_back({each, value});
    }
    if (is_signed) list.back().value = -5;
    if (is_wide) list.front().value = s64{1} << 40;
    const TypeId id = builder_.add({.name = name_or_none(Kind::enumeration),
                                    .kind = is_wide ? Kind::enumeration64 : Kind::enumeration,
                                    .encoding = is_signed ? Encoding::signed_ : Encoding::unsigned_,
                                    .size = is_wide ? 8u : 4u},
                                   list);
    const u32 size = is_wide ? 8 : 4;
    add_value(id, {size, size, !is_wide});
  }

  void add_array() {
    const TypeId element = any_value();
    const Layout& layout = layouts_[element];
    const u32 count = choices_.below(5);
    if (u64{layout.size} * count > 4096) return;
    const TypeId id = builder_.add(
        {.kind = Kind::array, .type = element, .index_type = integers_[0], .count = count});
    add_value(id, {layout.size * count, layout.alignment});
  }

  void add_typedef() {
    const TypeId target = any_value();
    const TypeId id =
        builder_.add({.name = name(Kind::typedef_), .kind = Kind::typedef_, .type = target});
    add_value(id, layouts_[target]);
  }

  void add_pointer() {
    const TypeId target = any_target();
    const TypeId id = builder_.add({.kind = Kind::pointer, .type = target});
    add_value(id, {8, 8});
  }

  void add_tagged_pointer() {
    const TypeId target = targets_.empty() ? integers_[0] : targets_.back();
    const TypeId tag = builder_.add({.name = "user", .kind = Kind::type_tag, .type = target});
    add_value(builder_.add({.kind = Kind::pointer, .type = tag}), {8, 8});
  }

  void add_qualified() {
    constexpr Kind kKinds[] = {Kind::const_, Kind::volatile_, Kind::const_};
    const TypeId target = any_value();
    const TypeId id = builder_.add({.kind = kKinds[choices_.below(3)], .type = target});
    add_value(id, layouts_[target]);
  }

  void add_forward() {
    const bool is_union = choices_.one_in(2);
    targets_.push_back(builder_.add({.name = name(is_union ? Kind::union_ : Kind::structure),
                                     .kind = Kind::forward,
                                     .is_union = is_union}));
  }

  void add_prototype() {
    static constexpr std::string_view kNames[] = {"p", "q", "r", "s"};
    const bool has_names = choices_.one_in(2);
    std::vector<btf::Parameter> list;
    for (u32 i = choices_.below(4); i < 4; ++i) {
      list.push_back({has_names ? kNames[i] : "", any_value()});
    }
    if (!list.empty() && choices_.one_in(4)) list.push_back({"", btf::kVoid});
    const TypeId returned = choices_.one_in(4) ? btf::kVoid : integers_[choices_.below(4)];
    const TypeId id = builder_.add({.kind = Kind::prototype, .type = returned}, list);
    const TypeId pointer = builder_.add({.kind = Kind::pointer, .type = id});
    add_value(pointer, {8, 8});
    if (has_names && choices_.one_in(2)) {
      builder_.add({.name = name(Kind::function),
                    .kind = Kind::function,
                    .scope = btf::Scope::global,
                    .type = id});
    }
  }

  void add_variable() {
    const TypeId type = any_value();
    const TypeId variable = builder_.add({.name = name(Kind::variable),
                                          .kind = Kind::variable,
                                          .scope = btf::Scope::global,
                                          .type = type});
    const btf::SectionVariable list[] = {{variable, 0, layouts_[type].size}};
    if (layouts_[type].size != 0 && choices_.one_in(2)) {
      builder_.add({.name = ".data", .kind = Kind::section, .size = layouts_[type].size}, list);
    }
  }

  // Now and then it refers to itself: the pointer comes before the structure.
  void add_structure(Kind kind) {
    const std::string own_name = name_or_none(kind);
    const bool packed = kind == Kind::structure && choices_.one_in(5);
    TypeId to_itself = btf::kVoid;
    if (!own_name.empty() && choices_.one_in(3)) {
      to_itself = builder_.add({.kind = Kind::pointer, .type = builder_.next_id() + 1});
      layouts_.resize(to_itself + 1);
      layouts_[to_itself] = {8, 8};
    }
    std::vector<std::string> names;
    for (u32 i = 0; i < 8; ++i) names.push_back(member_name(i));
    std::vector<Member> members;
    u64 bits = 0, end = 0;
    u32 alignment = 1;
    for (u32 i = packed ? 0 : choices_.below(7); i < 7; ++i) {
      TypeId type = to_itself != btf::kVoid && choices_.one_in(3) ? to_itself : any_value();
      if (packed && i < 2) type = integers_[i == 0 ? 2 : 0];  // a char and an int show it
      if (layouts_[type].size > 512 || (packed && layouts_[type].is_real))
        continue;  // as Linux wants it
      Member member = place(type, names[i], bits, packed);
      if (kind == Kind::union_) member.bit_offset = 0;
      const u64 width = member.bit_size != 0 ? member.bit_size : layouts_[type].size * u64{8};
      bits = kind == Kind::union_ ? 0 : member.bit_offset + width;
      end = std::max(end, member.bit_offset + width);
      if (!packed) alignment = std::max(alignment, layouts_[type].alignment);
      members.push_back(member);
    }
    u32 size = static_cast<u32>((end + 7) / 8);
    size = (size + alignment - 1) / alignment * alignment;
    if (kind == Kind::structure && !packed && choices_.one_in(6))
      size += alignment * choices_.below(20);
    const TypeId id = builder_.add({.name = own_name, .kind = kind, .size = size}, members);
    add_value(id, {size, alignment});
    if (!own_name.empty()) targets_.push_back(id);
  }

  Member place(TypeId type, std::string_view name, u64 bits, bool packed) {
    const Layout& layout = layouts_[type];
    Member out{.name = name, .type = type};
    if (layout.is_integer && bits > 8 && choices_.one_in(3)) {
      const u32 unit = layout.size * 8, width = 1 + choices_.below(unit == 8 ? 1 : unit - 1);
      if (bits / unit != (bits + width - 1) / unit) bits = (bits + unit - 1) / unit * unit;
      out.bit_offset = static_cast<u32>(bits);
      out.bit_size = width;
      return out;
    }
    const u64 step = packed ? 8 : u64{layout.alignment} * 8;
    bits = (bits + step - 1) / step * step;
    if (!packed && choices_.one_in(8)) bits += step * choices_.below(12);
    out.bit_offset = static_cast<u32>(bits);
    return out;
  }

  Choices& choices_;
  btf::Builder builder_;
  std::vector<TypeId> integers_, values_;
  std::vector<TypeId> targets_;  // what can be pointed to before it is known
  std::vector<Layout> layouts_;
};

// What source files include: a graph of structures with pointers to one another.
struct Header {
  struct Field {
    u32 structure;  // of Header::structures, or none: an int
    bool by_pointer;
  };
  std::vector<std::vector<Field>> structures;
};

constexpr u32 kNone = ~0u;

Header random_header(Choices& choices) {
  Header out;
  out.structures.resize(2 + choices.below(8));
  const u32 count = static_cast<u32>(out.structures.size());
  for (auto& fields : out.structures) {
    for (u32 i = choices.below(4); i < 5; ++i) {
      fields.push_back({choices.one_in(3) ? kNone : choices.below(count), true});
    }
  }
  return out;
}

class SourceFile {
 public:
  SourceFile(const Header& header, Conflicts conflicts, Choices& choices, btf::Builder& builder)
      : header_(header),
        conflicts_(conflicts),
        choices_(choices),
        builder_(builder),
        ids_(header.structures.size()),
        pointers_(header.structures.size()) {}

  // Ids are given first, so that all can refer to all: int, then a pointer and a structure each.
  void write() {
    const TypeId integer = builder_.add({.name = "int",
                                         .kind = Kind::integer,
                                         .encoding = Encoding::signed_,
                                         .size = 4,
                                         .bits = 32});
    builder_.add({.name = "number_t", .kind = Kind::typedef_, .type = integer});
    TypeId next = builder_.next_id();
    for (u32 i = 0; i < ids_.size(); ++i) {
      pointers_[i] = next++;
      ids_[i] = next++;
    }
    for (u32 i = 0; i < ids_.size(); ++i) write(i, integer);
  }

 private:
  void write(u32 number, TypeId integer) {
    const std::string name = "s" + std::to_string(number);
    builder_.add({.kind = Kind::pointer, .type = ids_[number]});
    if (choices_.one_in(4)) {
      builder_.add({.name = name, .kind = Kind::forward});
      return;
    }
    std::vector<std::string> names;
    std::vector<Member> members;
    const auto& fields = header_.structures[number];
    for (u32 i = 0; i < fields.size(); ++i) names.push_back("f" + std::to_string(i));
    for (u32 i = 0; i < fields.size(); ++i) {
      const bool conflicts = conflicts_ == Conflicts::some && choices_.one_in(60);
      const bool is_number = fields[i].structure == kNone || conflicts;
      members.push_back({.name = names[i],
                         .type = is_number ? integer : pointers_[fields[i].structure],
                         .bit_offset = i * 64});
    }
    builder_.add(
        {.name = name, .kind = Kind::structure, .size = static_cast<u32>(members.size()) * 8},
        members);
  }

  const Header& header_;
  Conflicts conflicts_;
  Choices& choices_;
  btf::Builder& builder_;
  std::vector<TypeId> ids_, pointers_;
};

}  // namespace

btf::Builder random_types(Choices& choices, u32 count) { return Writer(choices).run(count); }

btf::Builder random_source_files(Choices& choices, u32 files, Conflicts conflicts) {
  btf::Builder out;
  const Header header = random_header(choices);
  for (u32 i = 0; i < files; ++i) SourceFile(header, conflicts, choices, out).write();
  return out;
}

}  // namespace skep::test
