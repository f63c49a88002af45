// Types made by hand: what a compiler writes, and what only an attacker would.
#include <gtest/gtest.h>

#include <thread>

#include "base/text.hpp"
#include "btf/types.hpp"
#include "support/scratch.hpp"

namespace skep::btf {
namespace {

// Writes a .BTF section type by type; ids count from 1 in the order of the calls.
class Section {
 public:
  TypeId add(u32 kind, std::string_view name, u32 size_or_type, std::vector<u32> tail = {},
             u32 count = 0, u32 flag = 0) {
    put(text(name));
    put(kind << 24 | count | flag << 31);
    put(size_or_type);
    for (const u32 word : tail) put(word);
    return ++last_;
  }
  TypeId integer(std::string_view name, u32 size, u32 encoding = 0) {
    return add(1, name, size, {encoding << 24 | size * 8});
  }
  TypeId pointer(TypeId to) { return add(2, "", to); }
  TypeId array(TypeId of, u32 count) { return add(3, "", 0, {of, of, count}); }
  struct Field {
    std::string_view name;
    TypeId type;
    u32 offset;
  };
  TypeId structure(std::string_view name, u32 size, std::vector<Field> fields, u32 flag = 0,
                   u32 kind = 4) {
    std::vector<u32> tail;
    for (const Field& field : fields) {
      tail.insert(tail.end(), {text(field.name), field.type, field.offset});
    }
    return add(kind, name, size, tail, static_cast<u32>(fields.size()), flag);
  }
  u32 text(std::string_view text) {
    if (text.empty()) return 0;
    const u32 at = static_cast<u32>(strings_.size());
    strings_.append(text).push_back('\0');
    return at;
  }

  std::vector<u8> bytes() const {
    const u32 header[] = {0x0001eb9f,   24,           0,
                          types_size(), types_size(), static_cast<u32>(strings_.size())};
    std::vector<u8> out(reinterpret_cast<const u8*>(header),
                        reinterpret_cast<const u8*>(header) + sizeof header);
    const auto* types = reinterpret_cast<const u8*>(words_.data());
    out.insert(out.end(), types, types + types_size());
    out.insert(out.end(), strings_.begin(), strings_.end());
    return out;
  }
  Result<Types> read() const {
    const std::vector<u8> all = bytes();
    return Types::read(Bytes(all.data(), all.size()));
  }
  std::string refusal() const {
    const auto types = read();
    return types.ok() ? "accepted" : types.error().message;
  }

 private:
  u32 types_size() const { return static_cast<u32>(words_.size() * 4); }
  void put(u32 word) { words_.push_back(word); }
  std::vector<u32> words_;
  std::string strings_ = std::string(1, '\0');
  TypeId last_ = 0;
};

bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Types, SpellsTypesAsC) {
  Section s;
  const TypeId integer = s.integer("int", 4, 1);
  const TypeId character = s.integer("char", 1, 1);
  const TypeId constant = s.add(10, "", character);
  const TypeId text = s.pointer(constant);
  const TypeId fixed = s.add(10, "", text);
  const TypeId bytes = s.array(character, 16);
  const TypeId rows = s.array(bytes, 4);
  const TypeId to_bytes = s.pointer(bytes);
  const TypeId prototype = s.add(13, "", integer, {0, integer, 0, text}, 2);
  const TypeId callback = s.pointer(prototype);
  const TypeId callbacks = s.array(callback, 3);
  const TypeId variadic = s.add(13, "", 0, {0, text, 0, 0}, 2);
  const TypeId alias = s.add(8, "__u32", integer);
  const TypeId key = s.structure("flow_key", 0, {});
  const TypeId forward = s.add(7, "later", 0, {}, 0, 1);
  const TypeId pointer_to_void = s.pointer(kVoid);
  const Types types = s.read().value();
  EXPECT_EQ(types.c_name(integer), "int");
  EXPECT_EQ(types.c_name(text), "const char *");
  EXPECT_EQ(types.c_declaration(fixed, "name"), "const char * const name");
  EXPECT_EQ(types.c_name(bytes), "char[16]");
  EXPECT_EQ(types.c_declaration(rows, "table"), "char table[4][16]");
  EXPECT_EQ(types.c_name(to_bytes), "char(*)[16]");
  EXPECT_EQ(types.c_declaration(callback, "then"), "int (*then)(int, const char *)");
  EXPECT_EQ(types.c_declaration(callbacks, "all"), "int (*all[3])(int, const char *)");
  EXPECT_EQ(types.c_declaration(variadic, "print"), "void print(const char *, ...)");
  EXPECT_EQ(types.c_name(alias), "__u32");
  EXPECT_EQ(types.c_name(key), "struct flow_key");
  EXPECT_EQ(types.c_name(forward), "union later");
  EXPECT_EQ(types.c_name(pointer_to_void), "void *");
  EXPECT_EQ(types.c_name(kVoid), "void");
  EXPECT_EQ(types.c_name(12345), "void");
}

TEST(Types, KnowsSizesMembersAndEnumerators) {
  Section s;
  const TypeId integer = s.integer("int", 4, 1);
  const TypeId words = s.array(integer, 3);
  const TypeId record = s.structure("record", 16, {{"a", integer, 0}, {"w", words, 32}});
  const TypeId bits =
      s.structure("bits", 4, {{"x", integer, 3u << 24}, {"y", integer, 5u << 24 | 3}}, 1);
  const TypeId colour = s.add(6, "colour", 4, {s.text("red"), ~0u, s.text("green"), 7}, 2, 1);
  const TypeId wide = s.add(19, "wide", 8, {s.text("far"), 1, 2}, 1, 0);
  const TypeId variable = s.add(14, "global", record, {1});
  const TypeId section = s.add(15, ".data", 0, {variable, 0, 16}, 1);
  const TypeId real = s.add(16, "double", 8);
  const TypeId tag = s.add(17, "tag", record, {1});
  const TypeId typed = s.add(18, "user", integer);
  const TypeId prototype = s.add(13, "", 0);
  const TypeId function = s.add(12, "main", prototype, {}, 1);
  Types types = s.read().value();
  EXPECT_EQ(types.size_of(record).value(), 16u);
  EXPECT_EQ(types.size_of(words).value(), 12u);
  EXPECT_EQ(types.size_of(variable).value(), 16u);
  EXPECT_EQ(types.size_of(real).value(), 8u);
  EXPECT_EQ(types.resolve(typed), integer);
  EXPECT_EQ(types.at(tag).component, 1);
  EXPECT_EQ(types.at(function).scope, Scope::global);
  EXPECT_FALSE(types.size_of(kVoid).ok());
  EXPECT_FALSE(types.size_of(prototype).ok());
  EXPECT_EQ(types.members(record)[1].bit_offset, 32u);
  EXPECT_EQ(types.members(bits)[1].bit_size, 5u);
  EXPECT_EQ(types.members(bits)[1].bit_offset, 3u);
  EXPECT_EQ(types.enumerators(colour)[0].value, -1);
  EXPECT_EQ(types.enumerators(colour)[1].name, "green");
  EXPECT_EQ(types.enumerators(wide)[0].value, (s64{2} << 32) + 1);
  EXPECT_TRUE(types.members(colour).empty());
  EXPECT_EQ(types.find("record", Kind::structure), record);
  EXPECT_EQ(types.find("record", Kind::union_), std::nullopt);
  const u32 inside[] = {8}, outside[] = {20};
  EXPECT_FALSE(types.place_section(section, 32, outside).ok());
  ASSERT_TRUE(types.place_section(section, 32, inside).ok());
  EXPECT_EQ(types.variables(section)[0].offset, 8u);
  EXPECT_EQ(types.size_of(section).value(), 32u);
}

TEST(Types, RefusesCircles) {
  Section values;
  values.structure("self", 8, {{"again", 1, 0}});
  EXPECT_TRUE(mentions(values.refusal(), "type 1 (struct self): contains itself"));
  Section aliases;
  aliases.add(8, "a", 2);
  aliases.add(10, "", 1);
  EXPECT_TRUE(mentions(aliases.refusal(), "contains itself"));
  Section pointers;
  pointers.add(8, "p", 2);
  pointers.pointer(1);
  EXPECT_TRUE(mentions(pointers.refusal(), "contains itself"));
  Section array;
  array.array(1, 2);
  EXPECT_TRUE(mentions(array.refusal(), "contains itself"));
}

TEST(Types, AcceptsListsAndEndlessPrototypes) {
  Section s;
  const TypeId node = s.structure("node", 8, {{"next", 2, 0}});
  s.pointer(node);
  const TypeId function = s.add(13, "", 4, {0, 4}, 1);
  s.pointer(function);
  const Types types = s.read().value();
  EXPECT_EQ(types.c_name(2), "struct node *");
  EXPECT_LT(types.c_name(function).size(), 2000u);
}

TEST(Types, RefusesDepthAndMultiplication) {
  Section deep;
  deep.integer("int", 4);
  for (TypeId id = 1; id < 200; ++id) deep.add(10, "", id);
  EXPECT_TRUE(mentions(deep.refusal(), "too deep"));
  Section deep_from_above;
  for (TypeId id = 1; id < 200; ++id) deep_from_above.add(10, "", id + 1);
  deep_from_above.integer("int", 4);
  EXPECT_TRUE(mentions(deep_from_above.refusal(), "too deep"));
  Section unions;
  unions.integer("int", 4);
  for (TypeId id = 1; id < 40; ++id) unions.structure("u", 4, {{"a", id, 0}, {"b", id, 0}}, 0, 5);
  EXPECT_TRUE(mentions(unions.refusal(), "fields"));
}

TEST(Types, RefusesMembersOutside) {
  Section past;
  past.integer("int", 4);
  past.structure("s", 6, {{"a", 1, 0}, {"b", 1, 32}});
  EXPECT_TRUE(mentions(past.refusal(), "member b goes past its 6 bytes"));
  Section far;
  far.integer("int", 4);
  far.structure("s", 6, {{"a", 1, ~7u}});
  EXPECT_TRUE(mentions(far.refusal(), "member a goes past"));
  Section unaligned;
  unaligned.integer("int", 4);
  unaligned.structure("s", 8, {{"a", 1, 3}});
  EXPECT_TRUE(mentions(unaligned.refusal(), "inside a byte"));
  Section sizeless;
  sizeless.structure("s", 8, {{"a", 2, 0}});
  sizeless.add(7, "later", 0);
  EXPECT_TRUE(mentions(sizeless.refusal(), "has no size"));
  Section huge;
  huge.integer("int", 4);
  const TypeId endless = huge.array(1, ~0u);
  EXPECT_TRUE(huge.read().ok());  // a number in a map definition
  huge.structure("s", 8, {{"a", endless, 0}});
  EXPECT_TRUE(mentions(huge.refusal(), "larger than 4 GiB"));
}

TEST(Types, RefusesWrongReferencesAndKinds) {
  Section outside;
  outside.pointer(9);
  EXPECT_TRUE(mentions(outside.refusal(), "type 1 refers to type 9 but there are only 2"));
  Section function;
  function.integer("int", 4);
  function.add(12, "main", 1);
  EXPECT_TRUE(mentions(function.refusal(), "cannot stand there"));
  Section to_section;
  to_section.add(15, ".data", 0);
  to_section.pointer(1);
  EXPECT_TRUE(mentions(to_section.refusal(), "cannot stand there"));
  Section in_section;
  in_section.integer("int", 4);
  in_section.add(15, ".data", 0, {1, 0, 4}, 1);
  EXPECT_TRUE(mentions(in_section.refusal(), "expected variables"));
  Section kind;
  kind.add(20, "", 0);
  EXPECT_TRUE(mentions(kind.refusal(), "type 1 at offset 24: unknown kind 20"));
  Section count;
  count.structure("s", 8, {});
  std::vector<u8> bytes = count.bytes();
  bytes[24 + 4] = 9;  // nine members of which there is none
  EXPECT_FALSE(Types::read(Bytes(bytes.data(), bytes.size())).ok());
  Section integer;
  integer.add(1, "odd", 4, {40});
  EXPECT_TRUE(mentions(integer.refusal(), "40 bits"));
  Section nameless;
  nameless.integer("int", 4);
  nameless.add(8, "", 1);
  EXPECT_TRUE(mentions(nameless.refusal(), "has no name"));
}

TEST(Types, RefusesDamageAnywhere) {
  Section s;
  const TypeId integer = s.integer("int", 4, 1);
  const TypeId list = s.structure("record", 12, {{"a", integer, 0}, {"b", 3, 32}});
  s.pointer(list);
  s.add(6, "colour", 4, {s.text("red"), 1}, 1);
  const std::vector<u8> whole = s.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Types::read(Bytes(whole.data(), size)).ok()) << size;
  }
  for (std::size_t at = 0; at < whole.size() * 8; ++at) {
    std::vector<u8> bytes = whole;
    bytes[at / 8] = static_cast<u8>(bytes[at / 8] ^ 1u << at % 8);
    const auto types = Types::read(Bytes(bytes.data(), bytes.size()));
    if (!types.ok()) continue;
    for (TypeId id = 0; id < types->count(); ++id) (void)types->c_name(id);
  }
}

// Many more than are walked over at a time.
Section many_types() {
  Section section;
  const TypeId number = section.integer("int", 4, 1);
  for (int at = 0; at < 300; ++at) {
    section.structure("item" + std::to_string(at), 4, {{"it", number, 0}});
    section.pointer(number);
  }
  return section;
}

void write(const test::Scratch& scratch, const std::vector<u8>& bytes) {
  scratch.write("types.btf", std::as_bytes(std::span(bytes)));
}

TEST(Types, LookupsFindWhatReadingFinds) {
  const Section section = many_types();
  const test::Scratch scratch;
  write(scratch, section.bytes());
  const Types read = section.read().value();
  for (const char* name : {"int", "item0", "item299", "item40"}) {
    const Types lazy = Types::open_for_lookups(scratch.path("types.btf")).value();
    EXPECT_EQ(lazy.find_all(name), read.find_all(name)) << name;
    EXPECT_EQ(lazy.find_all(name).size(), 1u);
  }
  const Types lazy = Types::open_for_lookups(scratch.path("types.btf")).value();
  EXPECT_EQ(lazy.name(500), read.name(500));
  EXPECT_EQ(lazy.kind(602), Kind::void_);
  EXPECT_EQ(lazy.count(), 602u);
  for (TypeId id = 0; id < 610; ++id) EXPECT_EQ(lazy.c_name(id), read.c_name(id)) << id;
}

// The first lookups search; the later ones have an index.
TEST(Types, LookupsThatAreManyFindTheSame) {
  Section section;
  const TypeId integer = section.integer("int", 4);
  std::vector<std::pair<std::string, TypeId>> made;
  for (int n = 0; n < 100; ++n) {
    const std::string name = format("s{}", n);
    made.emplace_back(name, section.structure(name, 4, {{"f", integer, 0}}));
    section.structure(name, 4, {{"second", integer, 0}});
  }
  const Types types = section.read().value();
  for (const auto& [name, id] : made) {
    EXPECT_EQ(types.find(name, Kind::structure), id) << name;
    EXPECT_EQ(types.find(name, Kind::union_), std::nullopt) << name;
    EXPECT_EQ(types.find(name + "x", Kind::structure), std::nullopt) << name;
  }
  EXPECT_EQ(types.find("int", Kind::integer), integer);
  EXPECT_EQ(types.find("", Kind::structure), std::nullopt);
}

TEST(Types, LookupsOfSeveralThreadsSeeTheSame) {
  const Section section = many_types();
  const test::Scratch scratch;
  write(scratch, section.bytes());
  const Types read = section.read().value();
  for (int round = 0; round < 20; ++round) {
    const Types lazy = Types::open_for_lookups(scratch.path("types.btf")).value();
    std::vector<std::thread> threads;
    for (TypeId start = 0; start < 4; ++start) {
      threads.emplace_back([&, start] {
        for (TypeId id = start; id < 602; id += 3) EXPECT_EQ(lazy.kind(id), read.kind(id));
      });
    }
    for (std::thread& each : threads) each.join();
  }
}

TEST(Types, LookupsEndWhereTheShapeIsWrong) {
  constexpr std::size_t kHeaderBytes = 24, kIntegerBytes = 16, kItemBytes = 24, kPointerBytes = 12;
  std::vector<u8> bytes = many_types().bytes();
  const std::size_t third = kHeaderBytes + kIntegerBytes + 2 * (kItemBytes + kPointerBytes);
  bytes[third + 7] = 31;  // no kind
  const test::Scratch scratch;
  write(scratch, bytes);
  const Types lazy = Types::open_for_lookups(scratch.path("types.btf")).value();
  EXPECT_TRUE(lazy.find("item1", Kind::structure).has_value());
  EXPECT_FALSE(lazy.find("item2", Kind::structure).has_value());
  EXPECT_EQ(lazy.count(), 6u);
  const auto whole = Types::open(scratch.path("types.btf"));
  ASSERT_FALSE(whole.ok());
  EXPECT_NE(whole.error().message.find("type 6 at offset"), std::string::npos)
      << whole.error().message;
}

}  // namespace
}  // namespace skep::btf
