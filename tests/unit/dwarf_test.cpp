// Types from DWARF lie where the compiler put them: sizes and places are those that the compiled
// program prints of itself (tests/dwarf), in every version of DWARF, from two compilers, optimised
// or not, packed in every way; what pahole and libbpf make of the same files is the same.
#include <algorithm>
#include <map>
#include <sstream>

#include "btf/print_c.hpp"
#include "btf_peer.hpp"
#include "dwarf_files.hpp"

namespace skep::dwarf {
namespace {

using btf::Kind;
using btf::TypeId;
using btf::Types;

struct Fact {
  std::string type, member;  // no member: its size in bytes
  u64 value = 0;             // bytes, or first bit
  u64 bits = 0;              // of a bit-field
};

struct Build {
  const char* name;
  const char* line;
};

void PrintTo(const Build& build, std::ostream* out) { *out << build.name; }

std::string name_of_case(const testing::TestParamInfo<Build>& info) { return info.param.name; }

std::vector<Fact> facts_of(const std::string& printed) {
  std::vector<Fact> facts;
  std::istringstream lines(printed);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    Fact fact;
    words >> fact.type >> fact.value >> fact.bits;
    const std::size_t dot = fact.type.find('.');
    if (dot != std::string::npos) fact.member = fact.type.substr(dot + 1);
    fact.type = fact.type.substr(0, dot);
    facts.push_back(fact);
  }
  return facts;
}

// What the program says of itself; its compiler and options do not matter to it.
const std::vector<Fact>& facts_of_c() {
  static const std::vector<Fact> facts = [] {
    const test::Scratch scratch;
    compile(scratch, "gcc $c -o app");
    return facts_of(scratch.run("./app || true"));
  }();
  return facts;
}

// Not compared, which is a gap: the first base of Circle has padding in which the second one lies,
// which no header of C says; Inner and Declared are not found by these names where types have units
// of their own.
bool is_a_known_gap(const Fact& fact) {
  return fact.type == "Circle" || fact.type == "Inner" || fact.type == "Declared";
}

const std::vector<Fact>& facts_of_cpp() {
  static const std::vector<Fact> facts = [] {
    const test::Scratch scratch;
    compile(scratch, "g++ $cpp -o app");
    auto all = facts_of(scratch.run("./app || true"));
    std::erase_if(all, is_a_known_gap);
    return all;
  }();
  return facts;
}

struct CppName {
  const char *scoped, *in_c;
};

// What tests/dwarf/shapes.cpp prints a type as, and what it is called; as the standard and the
// Itanium demangler spell them, spaces aside.
const std::map<std::string, CppName> kCppNames = {
    {"Shape", {"app::Shape", "app_Shape"}},
    {"Named", {"app::Named", "app_Named"}},
    {"Circle", {"app::Circle", "app_Circle"}},
    {"Ints", {"app::Buffer<int,4>", "app_Buffer_int_4"}},
    {"Texts", {"app::Buffer<char*,2>", "app_Buffer_char_ptr_2"}},
    {"Everything", {"app::Everything", "app_Everything"}},
    {"Inner", {"app::Everything::Inner", "app_Everything_Inner"}},
    {"Versioned", {"app::v1::Versioned", "app_v1_Versioned"}},
    {"Hidden", {"(anonymousnamespace)::Hidden", "Hidden"}},
    {"Declared", {"Outer::Declared", "Outer_Declared"}},
    {"Outer", {"Outer", "Outer"}},
    {"Local", {"main()::Local", "main_Local"}},
    {"Letters", {"app::Letters", "app_Letters"}},
    {"Virtual", {"app::Virtual", "app_Virtual"}},
};

std::string without_spaces(std::string_view text) {
  std::string out(text);
  std::erase(out, ' ');
  return out;
}

std::optional<TypeId> find_structure(const Types& types, std::string_view name) {
  for (TypeId id = 1; id < types.count(); ++id) {
    if (types.kind(id) == Kind::structure && without_spaces(types.name(id)) == name) return id;
  }
  return std::nullopt;
}

// The member with its place from the outermost structure on, through members without names.
std::optional<btf::Member> find_member(const Types& types, TypeId id, std::string_view name) {
  for (btf::Member each : types.members(types.resolve(id))) {
    if (each.name == name) return each;
    const auto inner =
        each.name.empty() ? find_member(types, each.type, name) : std::optional<btf::Member>();
    if (!inner) continue;
    each.type = inner->type;
    each.bit_size = inner->bit_size;
    each.bit_offset += inner->bit_offset;
    return each;
  }
  return std::nullopt;
}

void expect_fact(const Types& types, const Fact& fact, std::string_view name) {
  const auto id = find_structure(types, name);
  ASSERT_TRUE(id) << name;
  if (fact.member.empty()) {
    EXPECT_EQ(types.at(*id).size, fact.value) << name;
    return;
  }
  const auto member = find_member(types, *id, fact.member);
  ASSERT_TRUE(member) << name << "." << fact.member;
  EXPECT_EQ(member->bit_offset, fact.value) << name << "." << fact.member;
  EXPECT_EQ(member->bit_size, fact.bits) << name << "." << fact.member;
}

// The header that BTF is printed as gives every type the size and every member the place that the
// program says.
void expect_header_compiles(const test::Scratch& scratch, const Types& types,
                            const std::vector<Fact>& facts, auto name_of) {
  auto header = btf::print_c(types);
  ASSERT_TRUE(header.ok()) << header.error().message;
  std::string text = "#define BPF_NO_PRESERVE_ACCESS_INDEX\n" + *header + "#include <stddef.h>\n";
  for (const Fact& fact : facts) {
    if (fact.bits != 0) continue;
    const std::string name = name_of(fact.type);
    text +=
        fact.member.empty()
            ? format("_Static_assert(sizeof(struct {}) == {}, \"{}\");\n", name, fact.value, name)
            : format("_Static_assert(8 * offsetof(struct {}, {}) == {}, \"{}.{}\");\n", name,
                     fact.member, fact.value, name, fact.member);
  }
  scratch.write("types.c", text);
  scratch.run("gcc -std=gnu11 -fms-extensions -w -fsyntax-only types.c");
}

class OfC : public testing::TestWithParam<Build> {};

TEST_P(OfC, MembersLieWhereTheCompilerPutThem) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  const auto types = types_in(options_in(scratch, "app"));
  ASSERT_TRUE(types.ok()) << types.error().message;
  EXPECT_GE(facts_of_c().size(), 40u);
  for (const Fact& fact : facts_of_c()) expect_fact(*types, fact, fact.type);
  expect_header_compiles(scratch, *types, facts_of_c(),
                         [](const std::string& name) { return name; });
}

INSTANTIATE_TEST_SUITE_P(
    Dwarf, OfC,
    testing::Values(Build{"Gcc2", "gcc -gdwarf-2 -gstrict-dwarf $c -o app"},
                    Build{"Gcc3", "gcc -gdwarf-3 -gstrict-dwarf $c -o app"},
                    Build{"Gcc4", "gcc -gdwarf-4 $c -o app"},
                    Build{"Gcc5", "gcc -gdwarf-5 $c -o app"},
                    Build{"Gcc5Optimised", "gcc -O2 -gdwarf-5 $c -o app"},
                    Build{"Gcc64Bit", "gcc -gdwarf-5 -gdwarf64 $c -o app"},
                    Build{"GccObject", "gcc -g -c $c -o app"},
                    Build{"GccObjectOptimised", "gcc -O2 -gdwarf-4 -c $c -o app"},
                    Build{"GccLibrary", "gcc -g -shared -fPIC $c -o app"},
                    Build{"GccCompressed", "gcc -g -gz=zlib $c -o app"},
                    Build{"GccCompressedObject", "gcc -g -gz=zlib -c $c -o app"},
                    Build{"GccLinkTime", "gcc -g -flto -O2 $c -o app"},
                    Build{"GccSplit5", "gcc -gdwarf-5 -gsplit-dwarf $c -o app"},
                    Build{"Clang2", "clang-19 -gdwarf-2 $c -o app"},
                    Build{"Clang3", "clang-19 -gdwarf-3 $c -o app"},
                    Build{"Clang4", "clang-19 -gdwarf-4 $c -o app"},
                    Build{"Clang5", "clang-19 -gdwarf-5 $c -o app"},
                    Build{"Clang5Optimised", "clang-19 -O2 -gdwarf-5 $c -o app"},
                    Build{"Clang64Bit", "clang-19 -gdwarf-5 -gdwarf64 $c -o app"},
                    Build{"ClangObject", "clang-19 -g -c $c -o app"},
                    Build{"ClangSplit", "clang-19 -gdwarf-5 -gsplit-dwarf $c -o app"}),
    name_of_case);

class OfCpp : public testing::TestWithParam<Build> {};

TEST_P(OfCpp, MembersLieWhereTheCompilerPutThem) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  const auto types = types_in(options_in(scratch, "app"));
  ASSERT_TRUE(types.ok()) << types.error().message;
  EXPECT_GE(facts_of_cpp().size(), 30u);
  for (const Fact& fact : facts_of_cpp()) expect_fact(*types, fact, kCppNames.at(fact.type).scoped);
}

TEST_P(OfCpp, NamesOfCMakeAHeaderThatCompiles) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  Options options = options_in(scratch, "app");
  options.naming = Naming::c_identifiers;
  const auto types = types_in(options);
  ASSERT_TRUE(types.ok()) << types.error().message;
  for (const Fact& fact : facts_of_cpp()) expect_fact(*types, fact, kCppNames.at(fact.type).in_c);
  expect_header_compiles(scratch, *types, facts_of_cpp(),
                         [](const std::string& name) { return kCppNames.at(name).in_c; });
}

INSTANTIATE_TEST_SUITE_P(
    Dwarf, OfCpp,
    testing::Values(
        Build{"Gcc3", "g++ -gdwarf-3 $cpp -o app"}, Build{"Gcc4", "g++ -gdwarf-4 $cpp -o app"},
        Build{"Gcc5", "g++ -gdwarf-5 $cpp -o app"},
        Build{"Gcc5Optimised", "g++ -O2 -gdwarf-5 $cpp -o app"},
        Build{"GccTypeUnits4", "g++ -gdwarf-4 -fdebug-types-section $cpp -o app"},
        Build{"GccTypeUnits5", "g++ -gdwarf-5 -fdebug-types-section $cpp -o app"},
        Build{"GccTypeUnitsObject", "g++ -gdwarf-5 -fdebug-types-section -c $cpp -o app"},
        Build{"GccTypeUnitsObject4", "g++ -gdwarf-4 -fdebug-types-section -c $cpp -o app"},
        Build{"GccSplit4", "g++ -gdwarf-4 -gsplit-dwarf $cpp -o app"},
        Build{"GccSplit5", "g++ -gdwarf-5 -gsplit-dwarf $cpp -o app"},
        Build{"GccSplitTypeUnits", "g++ -g -gsplit-dwarf -fdebug-types-section $cpp -o app"},
        Build{"GccCompressed", "g++ -g -gz=zlib $cpp -o app"},
        Build{"GccOldCompression", "g++ -g -gz=zlib-gnu $cpp -o app"},
        Build{"GccLinkTime", "g++ -g -flto -O1 $cpp -o app"},
        Build{"Clang4", "clang++-19 -gdwarf-4 $cpp -o app"},
        Build{"Clang5", "clang++-19 -gdwarf-5 $cpp -o app"},
        Build{"Clang5Optimised", "clang++-19 -O2 -gdwarf-5 $cpp -o app"},
        Build{"ClangTypeUnits4", "clang++-19 -gdwarf-4 -fdebug-types-section $cpp -o app"},
        Build{"ClangTypeUnits5", "clang++-19 -gdwarf-5 -fdebug-types-section $cpp -o app"},
        Build{"ClangSplit", "clang++-19 -gdwarf-5 -gsplit-dwarf $cpp -o app"},
        Build{"ClangPackage",
              "clang++-19 -gdwarf-5 -gsplit-dwarf -fdebug-types-section $cpp -o app "
              "&& llvm-dwp-19 -e app -o app.dwp && rm *.dwo"},
        Build{"ClangPackage4",
              "clang++-19 -gdwarf-4 -gsplit-dwarf $cpp -o app "
              "&& llvm-dwp-19 -e app -o app.dwp && rm *.dwo"}),
    name_of_case);

// Name, size and members of each structure that has a name.
std::map<std::string, std::string> structures_of(const Types& types) {
  std::map<std::string, std::string> out;
  for (TypeId id = 1; id < types.count(); ++id) {
    const Kind kind = types.kind(id);
    if ((kind != Kind::structure && kind != Kind::union_) || types.name(id).empty()) continue;
    std::string text = format("{} {}:", btf::name_of(kind), types.at(id).size);
    for (const btf::Member& each : types.members(id)) {
      const Kind of = types.kind(types.resolve(each.type));
      text += format(" {}@{}:{}={}", each.name, each.bit_offset, each.bit_size, btf::name_of(of));
    }
    out.emplace(types.name(id), text);
  }
  return out;
}

std::map<std::string, s64> enumerators_of(const Types& types) {
  std::map<std::string, s64> out;
  for (TypeId id = 1; id < types.count(); ++id) {
    for (const btf::Enumerator& each : types.enumerators(id)) out.emplace(each.name, each.value);
  }
  return out;
}

std::vector<std::byte> file_of(const test::Scratch& scratch, const std::string& name) {
  const std::string text = scratch.read(name);
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

TEST(DwarfOfC, IsWhatPaholeMakesOfIt) {
  const test::Scratch scratch;
  compile(scratch, "gcc -gdwarf-4 $c -o app && pahole -J --btf_encode_detached=theirs.btf app");
  const auto theirs = Types::read(Bytes(file_of(scratch, "theirs.btf")));
  const auto ours = types_in(options_in(scratch, "app"));
  ASSERT_TRUE(theirs.ok() && ours.ok());
  // pahole 1.24 writes only what functions and other types of the file refer to.
  const auto expected = structures_of(*theirs), found = structures_of(*ours);
  EXPECT_GE(expected.size(), 6u);
  for (const auto& [name, structure] : expected) {
    // Floating numbers are integers to it unless it is told, and then it takes no complex ones.
    if (name != "scalars") EXPECT_EQ(found.at(name), structure) << name;
  }
  const auto values = enumerators_of(*ours);
  for (const auto& [name, value] : enumerators_of(*theirs))
    EXPECT_EQ(values.at(name), value) << name;
}

TEST(DwarfOfC, IsReadByLibbpfAndBpftool) {
  const test::Scratch scratch;
  compile(scratch, "gcc -g $c -o app");
  Notes notes;
  Options options = options_in(scratch, "app");
  options.functions = Functions::yes;
  const auto outcome = outcome_of(options, notes);
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  const btf::Peer peer = btf::peer_of(outcome->btf);
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(btf__type_cnt(peer.get()), outcome->types + 1);
  scratch.write("app.btf", outcome->btf);
  const std::string listed = scratch.run("bpftool btf dump file app.btf format raw");
  EXPECT_NE(listed.find("FUNC 'exported'"), std::string::npos) << listed;
  EXPECT_TRUE(notes.lines().empty());
}

TEST(DwarfOfC, FunctionsHaveTheirPrototypes) {
  const test::Scratch scratch;
  compile(scratch, "gcc -O2 -g $c -o app");
  Options options = options_in(scratch, "app");
  EXPECT_FALSE(types_in(options).value().find("exported", Kind::function));
  options.functions = Functions::yes;
  const Types types = types_in(options).value();
  const auto function = types.find("exported", Kind::function);
  ASSERT_TRUE(function);
  EXPECT_EQ(types.c_declaration(types.at(*function).type, "exported"),
            "long unsigned int exported(const point *at, long unsigned int times)");
  EXPECT_EQ(types.at(*function).scope, btf::Scope::global);
}

TEST(DwarfOfCpp, SaysWhatWasLeftOut) {
  const test::Scratch scratch;
  compile(scratch, "g++ -g $cpp -o app");
  Notes notes;
  ASSERT_TRUE(outcome_of(options_in(scratch, "app"), notes).ok());
  ASSERT_EQ(notes.lines().size(), 1u);
  EXPECT_TRUE(notes.lines()[0].what.starts_with("virtual base classes"));
  EXPECT_EQ(notes.lines()[0].count, 1u);  // of app::Virtual
}

TEST(DwarfOfCpp, MethodsAreFunctionsWithScopes) {
  const test::Scratch scratch;
  compile(scratch, "g++ -g $cpp -o app");
  Options options = options_in(scratch, "app");
  options.functions = Functions::yes;
  const Types types = types_in(options).value();
  const auto method = types.find("app::Named::is_heavier", Kind::function);
  ASSERT_TRUE(method);
  const btf::TypeId prototype = types.at(*method).type;
  EXPECT_EQ(types.c_name(types.at(prototype).type), "bool");
  ASSERT_EQ(types.parameters(prototype).size(), 2u);
  EXPECT_EQ(types.parameters(prototype)[0].name, "this");
  EXPECT_EQ(types.parameters(prototype)[1].name, "other");
  EXPECT_EQ(types.c_name(types.parameters(prototype)[1].type), "const struct app::Named *");
}

// The same class in two units is one type; two classes that only share the name are two.
TEST(DwarfOfCpp, UnitsShareClasses) {
  const test::Scratch scratch;
  scratch.write("same.hpp", "namespace n { struct Same { int a; Same* next; }; }\n");
  for (const char* name : {"a", "b", "c"}) {
    const std::string member = name[0] == 'c' ? "long" : "int";
    scratch.write(format("{}.cpp", name), std::string("#include \"same.hpp\"\nn::Same same_") +
                                              name + "{};\nstruct Other { " + member +
                                              " x; } other_" + name + ";\n");
  }
  scratch.write("main.cpp", "int main() {}\n");
  scratch.run("g++ -g a.cpp b.cpp c.cpp main.cpp -o app");
  const Types types = types_in(options_in(scratch, "app")).value();
  EXPECT_EQ(types.find_all("n::Same").size(), 1u);
  EXPECT_EQ(types.find_all("Other").size(), 2u);
}

// A declaration in one unit is the structure that another one defines.
TEST(DwarfOfC, DeclarationsFindTheirDefinitions) {
  const test::Scratch scratch;
  scratch.write("a.c", "struct hidden; struct user { struct hidden *it; } user;\n");
  scratch.write("b.c", "struct hidden { int value; } hidden; int main(void) { return 0; }\n");
  scratch.run("gcc -g a.c b.c -o app");
  const Types types = types_in(options_in(scratch, "app")).value();
  const auto user = types.find("user", Kind::structure);
  ASSERT_TRUE(user);
  const TypeId hidden = types.at(types.members(*user)[0].type).type;
  EXPECT_EQ(types.kind(hidden), Kind::structure);
  EXPECT_FALSE(types.find("hidden", Kind::forward));
}

TEST(DwarfFiles, DebugInformationIsFoundWhereItWasMoved) {
  const test::Scratch scratch;
  const std::string move = "objcopy --only-keep-debug whole {} && cp whole app && strip app";
  compile(scratch, "gcc -g -Wl,--build-id=0xabcdef $c -o whole && mkdir -p debug/.build-id/ab && " +
                       format(move, "debug/.build-id/ab/cdef.debug"));
  EXPECT_TRUE(types_in(options_in(scratch, "app")).ok());
  scratch.run(
      "mkdir .debug && mv debug/.build-id/ab/cdef.debug .debug/app.debug && "
      "objcopy --add-gnu-debuglink=.debug/app.debug app");
  EXPECT_TRUE(types_in(options_in(scratch, "app")).ok());
  compile(scratch,
          "gcc -g -Wl,--build-id=0x123456 $c -o other && "
          "objcopy --only-keep-debug other .debug/app.debug");
  EXPECT_FALSE(types_in(options_in(scratch, "app")).ok()) << "made from another build";
}

struct Refusal {
  const char *name, *line, *message, *hint;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class OfWhatIsRefused : public testing::TestWithParam<Refusal> {};

TEST_P(OfWhatIsRefused, TheReasonIsNamed) {
  const test::Scratch scratch;
  compile(scratch, GetParam().line);
  const auto types = types_in(options_in(scratch, "app"));
  ASSERT_FALSE(types.ok());
  EXPECT_NE(types.error().message.find(GetParam().message), std::string::npos)
      << types.error().message;
  EXPECT_NE(types.error().hint.find(GetParam().hint), std::string::npos) << types.error().hint;
}

INSTANTIATE_TEST_SUITE_P(
    Dwarf, OfWhatIsRefused,
    testing::Values(
        Refusal{"NoDebugInformation", "gcc $c -o app && strip app", "no debug information", "-g"},
        Refusal{"NoProgram", "cp $c app", "not an ELF file", ""},
        Refusal{"Zstd", "gcc -g $c -o app && objcopy --compress-debug-sections=zstd app", "zstd",
                "--decompress-debug-sections"},
        Refusal{"SplitPartMissing", "gcc -g -gsplit-dwarf $c -o app && rm *.dwo", ".dwo is missing",
                ".dwo files"},
        Refusal{"Of32Bits", "clang-19 --target=i386-linux-gnu -g -c -x c /dev/null -o app",
                "32 bits", ""}),
    [](const auto& info) { return info.param.name; });

TEST(DwarfNames, AreCIdentifiers) {
  EXPECT_EQ(c_identifier("ns::Type"), "ns_Type");
  EXPECT_EQ(c_identifier("(anonymous namespace)::Type"), "Type");
  EXPECT_EQ(c_identifier("a::(anonymous namespace)::Type"), "a_Type");
  EXPECT_EQ(c_identifier("vector<int>"), "vector_int");
  EXPECT_EQ(c_identifier("vector<int*>"), "vector_int_ptr");
  EXPECT_EQ(c_identifier("vector<int *>"), "vector_int_ptr");
  EXPECT_EQ(c_identifier("f<-1>"), "f_minus_1");
  EXPECT_EQ(c_identifier("main()::Local"), "main_Local");
  EXPECT_EQ(c_identifier("std::__cxx11::string"), "std__cxx11_string");
  EXPECT_EQ(c_identifier("a_::__b"), "a__b");
}

}  // namespace
}  // namespace skep::dwarf
