// Types printed as C: the same text as libbpf's and bpftool's, which compiles, and after compiling
// everything is where it was.
#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include "btf/print_c.hpp"
#include "btf/targets.hpp"
#include "btf_peer.hpp"
#include "support/random_types.hpp"
#include "support/scratch.hpp"

namespace skep::btf {
namespace {

std::vector<TypeId> all_of(const Types& types) {
  std::vector<TypeId> out(types.count() - 1);
  std::iota(out.begin(), out.end(), 1);
  return out;
}

// Sizes of enums are ours to say: libbpf 1.1 prints none, later ones do.
std::string without_modes(std::string text) {
  constexpr std::string_view kMode = " __attribute__((mode(";
  for (std::size_t at = 0; (at = text.find(kMode, at)) != std::string::npos;) {
    text.erase(at, text.find(")))", at) + 3 - at);
  }
  return text;
}

std::vector<std::string> definitions(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  std::ranges::sort(out);
  return out;
}

// A structure's members with all that is inside of them; of unnamed ones, without the names that
// they do not have.
void append_shape(const Types& types, TypeId id, u64 base, std::string& out) {
  for (const Member& member : types.members(id)) {
    out += format("{}@{}:{} ", member.name, base + member.bit_offset, member.bit_size);
    const TypeId inner = types.resolve(member.type);
    if (types.name(inner).empty()) append_shape(types, inner, base + member.bit_offset, out);
  }
}

std::string shape(const Types& types, TypeId id) {
  std::string out = format("{} {}: ", name_of(types.kind(id)), types.at(id).size);
  append_shape(types, id, 0, out);
  return out;
}

using Shapes = std::multimap<std::string, std::string, std::less<>>;  // by essential name

Shapes shapes(const Types& types) {
  Shapes out;
  for (TypeId id = 1; id < types.count(); ++id) {
    const Kind kind = types.kind(id);
    if (kind != Kind::structure && kind != Kind::union_) continue;
    if (!types.name(id).empty()) out.emplace(essential_name(types.name(id)), shape(types, id));
  }
  return out;
}

// A pointer to each structure that the text defines, so that the compiler describes it.
std::vector<std::string> uses(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool defines = line.starts_with("struct ") || line.starts_with("union ");
    if (!defines || !line.ends_with(line.ends_with("{}") ? "" : "{")) continue;
    out.push_back(format("{} *use{};\n", line.substr(0, line.find(" {")), out.size()));
  }
  return out;
}

// Compares each compiled structure with those of its name. The list of variable arguments is the
// compiler's own and differs from machine to machine.
u32 expect_same_shapes(const Shapes& wanted, const Types& compiled) {
  u32 count = 0;
  for (const auto& [name, found] : shapes(compiled)) {
    const auto [begin, end] = wanted.equal_range(name);
    const bool is_there =
        std::any_of(begin, end, [&](const auto& each) { return each.second == found; });
    if (begin != end && begin->second.find("args@") != std::string::npos) continue;
    EXPECT_TRUE(is_there) << name << " is\n"
                          << found << "\nand was\n"
                          << (begin == end ? "absent" : begin->second);
    ++count;
  }
  return count;
}

// Compiles the text, a thousand structures at a time (clang's time grows with the square).
u32 expect_same_shapes(const Types& types, const std::string& text, const test::Scratch& scratch) {
  constexpr std::size_t kAtATime = 1000;
  const Shapes wanted = shapes(types);
  const std::vector<std::string> all = uses(text);
  scratch.write("types.h", text);
  u32 count = 0;
  for (std::size_t begin = 0; begin < all.size(); begin += kAtATime) {
    std::string source = "#include \"types.h\"\n";
    for (std::size_t i = begin; i < std::min(all.size(), begin + kAtATime); ++i) source += all[i];
    scratch.write("uses.c", source);
    scratch.run("clang-19 --target=bpf -g -O0 -w -c uses.c -o uses.o");
    const Types compiled = Types::open(scratch.path("uses.o")).value();
    const auto checked = compiled.check();
    EXPECT_TRUE(checked.ok()) << checked.error().what();
    count += expect_same_shapes(wanted, compiled);
  }
  return count;
}

TEST(PrintC, RandomTypesAsLibbpfAndWithTheSameLayout) {
  const test::Scratch scratch;
  for (u64 seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    test::Choices choices(seed);
    const std::vector<std::byte> bytes = test::random_types(choices, 120).bytes().value();
    const Types types = Types::read(Bytes(bytes)).value();
    const std::string text = print_definitions(types, all_of(types)).value();
    ASSERT_EQ(without_modes(text), without_modes(c_of(peer_of(bytes))));
    if (seed < 12) {
      EXPECT_GT(expect_same_shapes(types, print_c(types).value(), scratch), 10u);
    }
    if (HasFailure()) return;
  }
}

TEST(PrintC, TheKernelAsBpftoolAndWithTheSameLayout) {
  const auto opened = Types::open(kKernelTypes);
  if (!opened.ok()) GTEST_SKIP() << opened.error().what() << ": the kernel's types NOT COMPARED";
  const Types& types = *opened;
  const test::Scratch scratch;
  const std::string text = print_c(types).value();
  const auto ours = definitions(without_modes(text));
  const auto theirs = definitions(
      without_modes(scratch.run(format("bpftool btf dump file {} format c", kKernelTypes))));
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) ASSERT_EQ(ours[i], theirs[i]);
  const u32 compared = expect_same_shapes(types, text, scratch);
  EXPECT_GT(compared, 5000u);
  RecordProperty("definitions", static_cast<int>(ours.size()));
  RecordProperty("layouts", static_cast<int>(compared));
}

Types typed(const Builder& builder) { return Types::read(Bytes(builder.bytes().value())).value(); }

std::string printed(const Builder& builder) {
  const Types types = typed(builder);
  auto text = print_definitions(types, all_of(types));
  return text.ok() ? *text : text.error().message;
}

TEST(PrintC, EnumsAreToldTheirSize) {
  Builder builder;
  const Enumerator one[] = {{"ONE", 1}};
  const Enumerator far[] = {{"FAR", s64{1} << 40}};
  const Enumerator low[] = {{"LOW", -5}};
  builder.add({.name = "tiny", .kind = Kind::enumeration, .size = 1}, one);
  builder.add({.name = "wide", .kind = Kind::enumeration64, .size = 8}, one);
  builder.add({.name = "far", .kind = Kind::enumeration64, .size = 8}, far);
  builder.add({.name = "low", .kind = Kind::enumeration, .encoding = Encoding::signed_, .size = 2},
              low);
  EXPECT_EQ(printed(builder),
            "enum tiny {\n\tONE = 1,\n} __attribute__((mode(byte)));\n\n"
            "enum wide {\n\tONE___2 = 1ULL,\n} __attribute__((mode(word)));\n\n"
            "enum far {\n\tFAR = 1099511627776ULL,\n};\n\n"
            "enum low {\n\tLOW = -5,\n} __attribute__((mode(HI)));\n\n");
  const test::Scratch scratch;
  scratch.write("sizes.c", printed(builder) +
                               "_Static_assert(sizeof(enum tiny) == 1 && sizeof(enum wide) == 8 && "
                               "sizeof(enum far) == 8 && sizeof(enum low) == 2, \"\");");
  scratch.run("clang-19 --target=bpf -c sizes.c -o sizes.o");
}

TEST(PrintC, NamesThatAreTakenGetANumber) {
  Builder builder;
  const TypeId number = builder.add(
      {.name = "int", .kind = Kind::integer, .encoding = Encoding::signed_, .size = 4, .bits = 32});
  const Member member[] = {{.name = "class<int>", .type = number}};
  const Type flow{.name = "flow", .kind = Kind::structure, .size = 4};
  builder.add(flow, member);
  builder.add({.name = "flow___2", .kind = Kind::structure, .size = 4}, member);
  builder.add(flow, member);
  EXPECT_EQ(printed(builder),
            "struct flow {\n\tint class_int_;\n};\n\n"
            "struct flow___2 {\n\tint class_int_;\n};\n\n"
            "struct flow___3 {\n\tint class_int_;\n};\n\n");
}

// libbpf gives all three of these the name `flow`, which no compiler takes.
TEST(PrintC, ForwardDeclarationsKeepTheirKindOfName) {
  Builder builder;
  const TypeId forward = builder.add({.name = "flow", .kind = Kind::forward, .is_union = true});
  const TypeId pointer = builder.add({.kind = Kind::pointer, .type = forward});
  const Member members[] = {{.name = "other", .type = pointer}};
  builder.add({.name = "flow", .kind = Kind::structure, .size = 8}, members);
  builder.add({.name = "flow", .kind = Kind::union_, .size = 8}, members);
  EXPECT_EQ(printed(builder),
            "union flow;\n\nstruct flow___2 {\n\tunion flow *other;\n};\n\n"
            "union flow {\n\tunion flow *other;\n};\n\n");
}

// Where libbpf writes `long: 48` and trusts in an alignment that packed structures do not have.
TEST(PrintC, HolesInPackedStructuresKeepTheirSize) {
  Builder builder;
  const TypeId byte = builder.add({.name = "char", .kind = Kind::integer, .size = 1, .bits = 8});
  const TypeId word = builder.add({.name = "int", .kind = Kind::integer, .size = 4, .bits = 32});
  for (u32 hole = 0; hole < 40; ++hole) {
    const std::string name = format("hole{}", hole);
    const Member members[] = {{"a", byte, 0}, {"b", word, 8}, {"c", byte, 40 + hole * 8}};
    builder.add({.name = name, .kind = Kind::structure, .size = 6 + hole + hole % 3}, members);
  }
  const test::Scratch scratch;
  const Types types = typed(builder);
  EXPECT_EQ(expect_same_shapes(types, print_c(types).value(), scratch), 40u);
}

TEST(PrintC, RefusesWhatCCannotSay) {
  Builder circle;  // an unnamed structure with a pointer to itself
  const Member next[] = {{.name = "next", .type = 2}};
  circle.add({.kind = Kind::structure, .size = 8}, next);
  circle.add({.kind = Kind::pointer, .type = 1});
  EXPECT_EQ(printed(circle), "type 1 (struct) contains itself");
  Builder endless;  // a function that takes itself
  const Parameter itself[] = {{.name = "", .type = 1}};
  endless.add({.kind = Kind::pointer, .type = 2});
  endless.add({.kind = Kind::prototype}, itself);
  endless.add({.name = "f", .kind = Kind::typedef_, .type = 1});
  EXPECT_NE(printed(endless).find("cannot be written in C"), std::string::npos) << printed(endless);
  Builder large;  // 4 GB of nothing
  large.add({.name = "hole", .kind = Kind::structure, .size = ~0u}, std::span<const Member>());
  EXPECT_NE(printed(large).find("too large for C"), std::string::npos);
}

// Each unnamed structure holds two pointers to the one before: the text would double each time.
TEST(PrintC, EndsWhereUnnamedStructuresMultiply) {
  Builder builder;
  TypeId inner = builder.add({.name = "int", .kind = Kind::integer, .size = 4, .bits = 32});
  for (u32 i = 0; i < 60; ++i) {
    const TypeId pointer = builder.add({.kind = Kind::pointer, .type = inner});
    const Member both[] = {{"a", pointer, 0}, {"b", pointer, 64}};
    inner = builder.add({.kind = Kind::structure, .size = 16}, both);
  }
  builder.add({.name = "root", .kind = Kind::typedef_, .type = inner});
  EXPECT_NE(printed(builder).find("needs too many other types"), std::string::npos);
}

TEST(PrintC, EndsWhereUnnamedEnumsMultiply) {
  Builder builder;
  const std::vector<Enumerator> values(20000, {"VALUE", 1});
  const TypeId inner = builder.add({.kind = Kind::enumeration, .size = 4}, values);
  const std::vector<Member> members(2000, {"member", inner, 0});
  builder.add({.name = "root", .kind = Kind::union_, .size = 4}, members);
  EXPECT_NE(printed(builder).find("unnamed types repeat each other without end"),
            std::string::npos);
}

}  // namespace
}  // namespace skep::btf
