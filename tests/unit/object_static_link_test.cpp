// Parts of a program, linked by us and by libbpf's linker: what is read from either must be the
// same, and both must refuse the same.
#include <bpf/libbpf.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <set>

#include "../support/scratch.hpp"
#include "corpus.hpp"
#include "isa/tables.hpp"
#include "object/elf.hpp"
#include "object/static_link.hpp"
#include "object_files.hpp"

namespace skep::object {
namespace {

using Paths = std::vector<std::string>;

std::string part(const std::string& name) { return object_path("part_" + name); }
std::string linkable(const std::string& name) {
  return SKEP_SOURCE_DIR "/build/bpf/link/" + name + ".bpf.o";
}

Result<LinkedObject> ours(const Paths& paths) {
  std::vector<Mapping> mappings;
  std::vector<ObjectFile> files;
  for (const std::string& path : paths) {
    mappings.push_back(Mapping::of_file(path).value());
    files.push_back({path.substr(path.rfind('/') + 1), mappings.back().bytes()});
  }
  return link_statically(files);
}

// Bytes, or nothing when libbpf refuses.
std::optional<std::string> theirs(const Paths& paths, const test::Scratch& scratch) {
  libbpf_set_print(nullptr);
  const std::unique_ptr<bpf_linker, decltype(&bpf_linker__free)> linker(
      bpf_linker__new(scratch.path("theirs.o").c_str(), nullptr), bpf_linker__free);
  for (const std::string& path : paths) {
    if (bpf_linker__add_file(linker.get(), path.c_str(), nullptr) != 0) return std::nullopt;
  }
  if (bpf_linker__finalize(linker.get()) != 0) return std::nullopt;
  return scratch.read("theirs.o");
}

Result<Object> opened(std::span<const std::byte> bytes) {
  return Object::read(Bytes(bytes), "linked.o");
}
Result<Object> opened(const std::string& bytes) { return opened(std::as_bytes(std::span(bytes))); }

// ---- an object as lines of text that do not depend on the order of its maps and externs ----

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string describe(const Object& object, const platform::MapSpec& map) {
  const btf::Types& types = object.types();
  std::string out =
      format("map {} kind {} key {} value {} entries {} flags {:x} node {} extra {} pinned {}",
             map.name, map.kind, map.key_size, map.value_size, map.max_entries, map.flags,
             map.numa_node, map.extra, u32{map.is_pinned_by_name});
  if (!map.is_globals) {
    out += format(" of {} to {}", types.c_name(map.key_type), types.c_name(map.value_type));
  }
  out += format(" begins with {}", text_of(map.initial));
  for (const auto& [index, program] : map.initial_programs) out += format(" {}={}", index, program);
  for (const auto& [index, held] : map.initial_maps) {
    out += format(" {}={}", index, object.maps()[held].name);
  }
  return map.inner ? out + "\n  " + describe(object, *map.inner) : out;
}

std::vector<std::string> variables(const Object& object, const platform::MapSpec& map) {
  std::vector<std::string> out;
  if (!map.is_globals) return out;
  for (const btf::SectionVariable& each : object.types().variables(map.value_type)) {
    const btf::Type type = object.types().at(each.type);
    out.push_back(format("variable {} {} at {} of {} {}",
                         object.types().c_declaration(type.type, type.name), map.name, each.offset,
                         each.size, type.scope));
  }
  return out;
}

std::string describe(const Object& object, const isa::Instruction& at, isa::Slot slot) {
  if (at.form == isa::Form::constant) {
    const bool is_map =
        at.constant() == isa::Constant::map || at.constant() == isa::Constant::map_value;
    if (is_map) return format("{:x} {}", slot.registers, object.maps()[at.map_number()].name);
    if (at.constant() == isa::Constant::variable) return object.externs()[at.map_number()].name;
  }
  if (at.form == isa::Form::call && at.call() == isa::Call::kfunc) {
    return object.externs()[static_cast<u32>(at.immediate)].name;
  }
  return format("{:x} {:x} {} {}", slot.opcode, slot.registers, s16{slot.offset},
                s32{slot.immediate});
}

std::vector<std::string> describe(const Object& object, const ProgramEntry& entry) {
  std::vector<std::string> out = {format("program {} section {} type {} optional {} slots {}",
                                         entry.name, entry.section, entry.type,
                                         u32{entry.is_optional}, entry.slots)};
  const auto program = object.program(entry.name, {.core = Core::leave});
  if (!program.ok()) {
    out.push_back("  " + program.error().message);
    return out;
  }
  for (const platform::Function& each : (*program)->functions) {
    out.push_back(format("  function {} from {} to {} linkage {}", each.name, each.begin.value(),
                         each.end.value(), each.linkage));
  }
  const std::vector<isa::Slot> slots = isa::encode((*program)->code).value();
  for (const isa::Instruction& at : (*program)->code) {
    out.push_back("  " + describe(object, at, slots[at.slot.value()]));
    if (at.is_wide() && at.constant() != isa::Constant::variable) {
      out.push_back(format("  and {}", s32{slots[at.slot.value() + 1].immediate}));
    }
  }
  for (const platform::SourceLine& line : (*program)->lines) {
    out.push_back(format("  line {} {}:{}:{} {}", line.at.value(), line.file, line.line,
                         line.column, line.text));
  }
  const auto uses = object.core_uses(entry.name, nullptr);
  if (!uses.ok()) {
    out.push_back("  " + uses.error().message);
    return out;
  }
  for (const CoreUse& use : *uses) {
    out.push_back(format("  relocation {} {} {}", use.slot, use.kind, use.text));
  }
  return out;
}

// Programs, maps, variables and externs, sorted; what the programs consist of in its order.
std::string describe(const Object& object) {
  std::set<std::vector<std::string>> parts;
  for (const platform::MapSpec& map : object.maps()) {
    parts.insert({describe(object, map)});
    parts.insert(variables(object, map));
  }
  for (const ProgramEntry& entry : object.programs()) parts.insert(describe(object, entry));
  for (const platform::Extern& each : object.externs()) {
    parts.insert({format("extern {} kind {} weak {} {}", each.name, each.kind, u32{each.is_weak},
                         object.types().c_name(each.type))});
  }
  std::string out = "license " + object.license() + "\n";
  for (const auto& lines : parts) {
    for (const std::string& line : lines) out += line + "\n";
  }
  return out;
}

bool libbpf_opens(std::span<const std::byte> bytes) {
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "linked";
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> peer(
      bpf_object__open_mem(bytes.data(), bytes.size(), &options), bpf_object__close);
  return peer != nullptr;
}
bool libbpf_opens(const std::string& bytes) {
  return libbpf_opens(std::as_bytes(std::span(bytes)));
}

// What a kernel asks of sections: variables by offset, that do not overlap.
bool sections_are_in_order(const std::vector<std::byte>& linked) {
  const Elf elf = Elf::read(Bytes(linked)).value();
  const btf::Types types = btf::Types::read(elf.find(".BTF")->bytes).value();
  for (btf::TypeId id = 1; id < types.count(); ++id) {
    u32 end = 0;
    for (const btf::SectionVariable& each : types.variables(id)) {
      if (types.at(each.type).scope == btf::Scope::external) continue;  // placed by loaders
      if (each.offset < end) return false;
      end = each.offset + each.size;
    }
  }
  return true;
}

struct LinkTotals {
  u32 linked = 0, refused = 0;
};

// What differs between the two linkers, in a line; nothing when they agree.
std::optional<std::string> disagreement(const Paths& paths, const test::Scratch& scratch,
                                        LinkTotals& totals) {
  const auto we = ours(paths);
  const auto they = theirs(paths, scratch);
  if (we.ok() != they.has_value()) {
    return we.ok() ? "only ours links it" : "only libbpf links it: " + we.error().message;
  }
  if (!we.ok()) return ++totals.refused, std::nullopt;
  ++totals.linked;
  const auto mine = opened(we->file);
  const auto other = opened(*they);
  if (mine.ok() != other.ok()) {
    return mine.ok() ? "libbpf's does not open: " + other.error().message
                     : "ours does not open: " + mine.error().message;
  }
  // libbpf 1.1 gives a map that was declared before it was defined the offset 0, and does not open
  // what it has linked then.
  if (libbpf_opens(*they) && !libbpf_opens(we->file)) return "libbpf does not open ours";
  // It gives undefined maps the section of their declaration, as if they were defined there.
  if (!we->undefined.empty()) return std::nullopt;
  if (!mine.ok()) return std::nullopt;
  if (!sections_are_in_order(we->file)) return "variables are not in order";
  const std::string left = describe(*mine), right = describe(*other);
  if (left == right) return std::nullopt;
  const auto [at, end] = std::ranges::mismatch(left, right);
  const auto from = left.rfind('\n', static_cast<std::size_t>(at - left.begin())) + 1;
  return format("ours: {} libbpf's: {}", left.substr(from, 300), right.substr(from, 300));
}

// Also when what libbpf has linked is linked once more.
void expect_agreement(const Paths& paths) {
  const test::Scratch scratch;
  LinkTotals totals;
  const auto found = disagreement(paths, scratch, totals);
  EXPECT_EQ(found, std::nullopt) << *found;
  EXPECT_EQ(totals.linked, 1u);
  const auto again = ours({scratch.path("theirs.o")});
  ASSERT_TRUE(again.ok()) << again.error().message;
  const Object object = opened(again->file).value();
  EXPECT_TRUE(sections_are_in_order(again->file));
  if (again->undefined.empty()) {
    EXPECT_EQ(describe(object), describe(opened(ours(paths)->file).value()));
  }
}

Error refusal_of(const Paths& paths) {
  const test::Scratch scratch;
  EXPECT_EQ(theirs(paths, scratch), std::nullopt);
  auto linked = ours(paths);
  EXPECT_FALSE(linked.ok());
  return linked.ok() ? Error(Fault::count_, "was linked") : linked.error();
}

TEST(StaticLink, PartsAreReadAsWhatLibbpfMakesOfThem) {
  expect_agreement({linkable("main"), linkable("library")});
  expect_agreement({linkable("library"), linkable("main")});
}

// Maps of maps, program arrays and struct_ops, behind those of another file.
TEST(StaticLink, AddressesInDataMoveWithWhatTheyPointTo) {
  expect_agreement({object_path("features"), object_path("kernel")});
  expect_agreement({object_path("kernel"), object_path("features")});
}

TEST(StaticLink, OneFileIsLinkedToItself) {
  for (const char* name : {"main", "library", "together"}) expect_agreement({linkable(name)});
}

// What is linked can be linked again, also what libbpf has linked.
TEST(StaticLink, InStepsIsTheSameAsAtOnce) {
  const test::Scratch scratch;
  const auto once = ours({linkable("main"), linkable("library")}).value();
  scratch.write("main.o", ours({linkable("main")}).value().file);
  scratch.write("library.o", *theirs({linkable("library")}, scratch));
  const auto again = ours({scratch.path("main.o"), scratch.path("library.o")}).value();
  EXPECT_EQ(describe(opened(again.file).value()), describe(opened(once.file).value()));
}

TEST(StaticLink, TheSameFilesGiveTheSameBytes) {
  const Paths paths = {linkable("main"), linkable("library")};
  EXPECT_EQ(ours(paths).value().file, ours(paths).value().file);
}

// Values that the C sources state: which definitions have won, and where.
TEST(StaticLink, DefinitionsReplaceDeclarationsAndWeakOnes) {
  const auto linked = ours({linkable("main"), linkable("library")}).value();
  EXPECT_TRUE(linked.undefined.empty());
  const Object object = opened(linked.file).value();
  const Global step = object.global("step").value();
  EXPECT_EQ(object.maps()[step.map].name, ".rodata");
  const Global seen = object.global("seen").value();
  EXPECT_EQ(object.maps()[seen.map].initial[seen.offset], std::byte{40});
  const auto program = object.program("sums", {.core = Core::leave}).value();
  std::multiset<std::string> functions;
  for (const platform::Function& each : program->functions) functions.insert(each.name);
  EXPECT_EQ(functions,
            (std::multiset<std::string>{"counted", "factor", "scaled", "scaled", "sums"}));
  std::multiset<std::pair<u32, std::byte>> hidden;  // offset and initial value
  for (const btf::SectionVariable& each :
       object.types().variables(object.maps()[seen.map].value_type)) {
    if (object.types().name(each.type) != "hidden") continue;
    hidden.emplace(each.offset, object.maps()[seen.map].initial[each.offset]);
  }
  EXPECT_EQ(hidden,
            (std::multiset<std::pair<u32, std::byte>>{{0, std::byte{7}}, {8, std::byte{9}}}));
  for (const char* name : {"factor", "count", "counted", "counts", "seen", "step", "CONFIG_HZ"}) {
    EXPECT_EQ(object.types().find_all(name).size(), 1u) << name;
  }
}

TEST(StaticLink, StrongExternsMakeWeakOnesStrong) {
  const Object object = opened(ours({linkable("main"), linkable("library")}).value().file).value();
  for (const platform::Extern& each : object.externs()) {
    EXPECT_EQ(each.is_weak, each.name == "bpf_missing_function") << each.name;
  }
}

TEST(StaticLink, AnExternThatNobodyDefinesIsNamed) {
  const auto linked = ours({part("first"), part("wrong_undefined")}).value();
  EXPECT_EQ(linked.undefined, std::vector<std::string>{"nowhere"});
  const auto program = opened(linked.file).value().program("second");
  ASSERT_FALSE(program.ok());
  EXPECT_NE(program.error().message.find("nowhere"), std::string::npos) << program.error().message;
}

TEST(StaticLink, AMapThatIsOnlyDeclaredIsNoMapOfTheObject) {
  const auto linked = ours({linkable("main")}).value();
  EXPECT_TRUE(std::ranges::binary_search(linked.undefined, "counts"));
  const Object object = opened(linked.file).value();
  EXPECT_EQ(object.maps().front().name, "next");
  EXPECT_EQ(std::ranges::count(object.maps(), "counts", &platform::MapSpec::name), 0);
}

TEST(StaticLink, TheLicenseStandsThereOnce) {
  const auto linked = ours({linkable("main"), linkable("library")}).value();
  const Elf elf = Elf::read(Bytes(linked.file)).value();
  EXPECT_EQ(elf.find("license")->size, sizeof "Dual BSD/GPL");
  EXPECT_EQ(std::ranges::count(elf.symbols(), "LICENSE", &skep::object::Symbol::name), 1);
}

TEST(StaticLink, ALicenseOfAnotherNameMeansTheOneThatIsThere) {
  const auto linked = ours({part("first"), part("other_license")}).value();
  const Elf elf = Elf::read(Bytes(linked.file)).value();
  const auto found = std::ranges::find(elf.symbols(), "licence", &skep::object::Symbol::name);
  ASSERT_NE(found, elf.symbols().end());
  EXPECT_EQ(elf.sections()[found->section].name, "license");
  EXPECT_EQ(found->value, 0u);
  EXPECT_TRUE(sections_are_in_order(linked.file));
  const test::Scratch scratch;
  EXPECT_TRUE(theirs({part("first"), part("other_license")}, scratch).has_value());
}

TEST(StaticLink, LocalSymbolsComeFirst) {
  const auto linked = ours({linkable("main"), linkable("library")}).value();
  const Elf elf = Elf::read(Bytes(linked.file)).value();
  EXPECT_TRUE(std::ranges::is_partitioned(
      elf.symbols(), [](Binding each) { return each == Binding::local; },
      &skep::object::Symbol::binding));
  EXPECT_EQ(elf.find(".symtab")->info,
            std::ranges::count(elf.symbols(), Binding::local, &skep::object::Symbol::binding));
}

// Whatever a byte becomes, there is an answer.
TEST(StaticLink, DamagedFilesAreLinkedOrRefused) {
  const Mapping library = Mapping::of_file(linkable("library")).value();
  std::vector<std::byte> damaged = ours({linkable("main")}).value().file;
  u32 refused = 0;
  for (std::size_t at = 0; at < damaged.size(); at += 11) {
    const std::byte before = damaged[at];
    damaged[at] = ~before;
    const ObjectFile files[] = {{"damaged.o", Bytes(damaged)}, {"library.o", library.bytes()}};
    const auto linked = link_statically(files);
    if (linked.ok()) (void)opened(linked->file);
    refused += linked.ok() ? 0 : 1;
    damaged[at] = before;
  }
  EXPECT_GT(refused, 0u);
}

struct Wrong {
  const char* name;
  const char* message;
};

class StaticLinkRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(StaticLinkRefuses, AsLibbpfDoes) {
  const auto error = refusal_of({part("first"), part(GetParam().name)});
  EXPECT_EQ(error.message, GetParam().message);
  EXPECT_FALSE(error.hint.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Parts, StaticLinkRefuses,
    testing::Values(
        Wrong{"wrong_twice", "part_wrong_twice.o: variable number is defined in part_first.o too"},
        Wrong{"wrong_function_twice",
              "part_wrong_function_twice.o: function name is defined in part_first.o too"},
        Wrong{"wrong_type", "part_wrong_type.o: number is long, and in part_first.o it is int"},
        Wrong{"wrong_parameter",
              "part_wrong_parameter.o: parameter 1 of name is long, and in part_first.o it is int"},
        Wrong{"wrong_member",
              "part_wrong_member.o: member 2 of pair is other, and in part_first.o it is right"},
        Wrong{"wrong_map",
              "part_wrong_map.o: max_entries of map table is 32, and in part_first.o it is 16"},
        Wrong{"wrong_map_twice",
              "part_wrong_map_twice.o: map table is defined in part_first.o too"},
        Wrong{"wrong_section",
              "part_wrong_section.o: variable number is in section .ksyms, and in part_first.o in "
              "section .data"},
        Wrong{"wrong_license",
              "the license is \"GPL\" in part_first.o and \"MIT\" in part_wrong_license.o"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(StaticLink, FilesThatAreNoObjectsAreRefusedByName) {
  const test::Scratch scratch;
  scratch.write("text.o", std::string_view("no object"));
  EXPECT_EQ(refusal_of({part("first"), scratch.path("text.o")}).message, "text.o: not an ELF file");
  EXPECT_NE(refusal_of({part("first"), object_path("plain_untyped")}).message.find("has no type"),
            std::string::npos);
  EXPECT_EQ(link_statically({}).error().fault, Fault::usage);
}

// ---- objects of others ----

TEST(StaticLinkKernel, PartsOfTheKernelsOwnTests) {
  const std::string folder = SKEP_BINARY_DIR "/tests/kernel_programs/";
  u32 pairs = 0;
  for (const char* name : {"linked_funcs", "linked_maps", "linked_vars"}) {
    const Paths paths = {folder + name + "1.o", folder + name + "2.o"};
    if (!std::filesystem::exists(paths[0]) || !std::filesystem::exists(paths[1])) continue;
    ++pairs;
    SCOPED_TRACE(name);
    expect_agreement(paths);
    expect_agreement({paths[1], paths[0]});
  }
  if (pairs == 0) GTEST_SKIP() << "the kernel's programs were not compiled: NOT CHECKED";
}

// Each object with itself and with every third of the others, for time.
TEST(StaticLinkCorpus, PairsOfOurObjects) {
  const test::Scratch scratch;
  LinkTotals totals;
  const std::string folder = SKEP_SOURCE_DIR "/build/bpf";
  const auto objects = objects_of_folder(folder);
  for (std::size_t first = 0; first < objects.size(); ++first) {
    for (std::size_t second = first; second < objects.size(); second += 3) {
      const Paths paths = {folder + "/" + objects[first].name, folder + "/" + objects[second].name};
      const auto found = disagreement(paths, scratch, totals);
      EXPECT_EQ(found, std::nullopt) << paths[0] << " " << paths[1] << " " << *found;
    }
  }
  EXPECT_GT(totals.linked, 0u);
  std::cout << "pairs of build/bpf: " << totals.linked << " linked the same, " << totals.refused
            << " refused by both\n";
}

class StaticLinkAlone : public testing::TestWithParam<const char*> {};

TEST_P(StaticLinkAlone, IsTheSame) {
  const test::Scratch scratch;
  LinkTotals totals;
  const std::string folder = std::string(SKEP_BINARY_DIR "/tests/") + GetParam();
  const auto objects = objects_of_folder(folder);
  const std::size_t step = objects.size() > 100 ? 3 : 1;  // all of the kernel's take minutes
  for (std::size_t at = 0; at < objects.size(); at += step) {
    const auto found = disagreement({folder + "/" + objects[at].name}, scratch, totals);
    EXPECT_EQ(found, std::nullopt) << objects[at].name << " " << *found;
  }
  if (totals.linked == 0) GTEST_SKIP() << "there are no objects: NOT CHECKED";
  std::cout << GetParam() << ": " << totals.linked << " linked the same, " << totals.refused
            << " refused by both\n";
}

INSTANTIATE_TEST_SUITE_P(Folders, StaticLinkAlone,
                         testing::Values("bpf/object", "kernel_programs"));

}  // namespace
}  // namespace skep::object
