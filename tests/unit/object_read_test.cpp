// What objects of real compilers hold, as the sources in tests/bpf/object say.
#include <algorithm>
#include <chrono>
#include <sstream>

#include "object_files.hpp"

namespace skep::object {
namespace {

using platform::MapKind;
using platform::ProgramType;

Object features() { return Object::open(object_path("features")).value(); }

u32 number_of(const Object& object, std::string_view name) {
  return static_cast<u32>(&map_named(object, name) - object.maps().data());
}

std::vector<isa::Instruction> constants(const platform::Program& program, isa::Constant kind) {
  std::vector<isa::Instruction> out;
  for (const isa::Instruction& each : program.code) {
    if (each.form == isa::Form::constant && each.constant() == kind) out.push_back(each);
  }
  return out;
}

std::vector<std::string> function_names(const platform::Program& program) {
  std::vector<std::string> out;
  for (const platform::Function& each : program.functions) out.push_back(each.name);
  return out;
}

std::string message_of(const Object& object, std::string_view program, Fault fault) {
  const auto linked = object.program(program);
  EXPECT_FALSE(linked.ok()) << program;
  if (linked.ok()) return "was linked";
  EXPECT_EQ(linked.error().fault, fault);
  return linked.error().message;
}

TEST(Read, ListsProgramsBySectionAndOffset) {
  const Object object = features();
  EXPECT_EQ(object.license(), "GPL");
  std::string listed;
  for (const ProgramEntry& each : object.programs()) {
    listed += each.name + ":" + each.section + (each.is_optional ? "? " : " ");
  }
  EXPECT_EQ(listed, "count:xdp tail:xdp jump:xdp loop:socket optional:tc? ");
  EXPECT_EQ(object.programs()[3].type, ProgramType::socket_filter);
  EXPECT_EQ(object.programs()[4].type, ProgramType::sched_cls);
}

TEST(Read, UnderstandsMapDefinitions) {
  const Object object = features();
  const platform::MapSpec& flows = map_named(object, "flows");
  EXPECT_EQ(flows.kind, MapKind::hash);
  EXPECT_EQ(flows.key_size, 8u);
  EXPECT_EQ(flows.value_size, 8u);
  EXPECT_EQ(flows.max_entries, 128u);
  EXPECT_EQ(flows.flags, platform::kNoPreallocation);
  EXPECT_EQ(object.types().c_name(flows.key_type), "struct key");
  EXPECT_EQ(object.types().c_name(flows.value_type), "__u64");
  EXPECT_EQ(map_named(object, "numbers").value_size, 8u);
  EXPECT_EQ(map_named(object, "numbers").value_type, btf::kVoid);
  EXPECT_EQ(map_named(object, "scratch").value_size, 64u);
}

TEST(Read, RoundsRingBuffersAndNamesTheirRecords) {
  const Object object = features();
  const platform::MapSpec& events = map_named(object, "events");
  EXPECT_EQ(events.kind, MapKind::ringbuf);
  EXPECT_EQ(events.max_entries, 8192u);
  EXPECT_EQ(events.value_size, 0u);
  EXPECT_EQ(object.types().c_name(events.value_type), "struct event");
}

TEST(Read, FillsProgramArrays) {
  const Object object = features();
  const auto& programs = map_named(object, "jumps").initial_programs;
  ASSERT_EQ(programs.size(), 2u);
  EXPECT_EQ(programs[0], std::pair(0u, std::string("count")));
  EXPECT_EQ(programs[1], std::pair(2u, std::string("tail")));
}

TEST(Read, MakesMapsOfGlobals) {
  const Object object = features();
  const platform::MapSpec& constants = map_named(object, ".rodata");
  EXPECT_TRUE(constants.is_globals);
  EXPECT_EQ(constants.flags, platform::kReadOnlyForProgram | platform::kMappable);
  EXPECT_EQ(object.types().at(constants.value_type).name, ".rodata");
  EXPECT_EQ(map_named(object, ".data").flags, platform::kMappable);
  EXPECT_EQ(map_named(object, ".data.named").value_size, 4u);
  const platform::MapSpec& zeroed = map_named(object, ".bss");
  EXPECT_EQ(zeroed.initial, std::vector<std::byte>(8));
  const Global limit = object.global("limit").value();
  EXPECT_EQ(limit.size, 4u);
  EXPECT_EQ(constants.initial[limit.offset], std::byte{9});
  EXPECT_EQ(object.global("count.calls").value().map, number_of(object, ".bss"));
}

TEST(Read, ChangesGlobalsOfTheCopyOnly) {
  Object object = features();
  const auto before = object.program("count").value();
  ASSERT_TRUE(object.set_global("limit", bytes_of(u32{0x01020304})).ok());
  const Global limit = object.global("limit").value();
  EXPECT_EQ(object.maps()[limit.map].initial[limit.offset + 3], std::byte{1});
  EXPECT_EQ((*before->maps)[limit.map].initial[limit.offset], std::byte{9});
  const auto wrong_size = object.set_global("limit", bytes_of(u64{1}));
  ASSERT_FALSE(wrong_size.ok());
  EXPECT_EQ(wrong_size.error().fault, Fault::usage);
  const auto misspelt = object.set_global("limits", bytes_of(u32{1}));
  ASSERT_FALSE(misspelt.ok());
  EXPECT_EQ(misspelt.error().fault, Fault::absent);
  EXPECT_EQ(misspelt.error().hint, "did you mean limit?");
}

TEST(Link, PutsEachFunctionBehindMainOnce) {
  const Object object = features();
  const auto program = object.program("count").value();
  EXPECT_EQ(function_names(*program), (std::vector<std::string>{"count", "shared", "twice"}));
  EXPECT_EQ(program->functions[1].linkage, platform::Linkage::global);
  EXPECT_EQ(program->functions[2].linkage, platform::Linkage::local);
  EXPECT_EQ(program->functions[0].begin.value(), 0u);
  EXPECT_EQ(program->functions[2].end.value(), program->code.size());
  std::vector<std::string_view> calls;
  for (const isa::Instruction& each : program->code) {
    if (each.form != isa::Form::call || each.call() != isa::Call::local) continue;
    const platform::Function* callee = program->function_at(each.target);
    EXPECT_EQ(callee->begin, each.target);
    calls.push_back(callee->name);
  }
  std::ranges::sort(calls);
  EXPECT_EQ(calls, (std::vector<std::string_view>{"shared", "twice", "twice"}));
}

TEST(Link, PutsMapNumbersAndOffsetsIntoConstants) {
  const Object object = features();
  const auto program = object.program("count").value();
  const auto maps = constants(*program, isa::Constant::map);
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_EQ(maps[0].map_number(), number_of(object, "flows"));
  std::vector<std::pair<u32, u32>> values, expected;
  for (const isa::Instruction& each : constants(*program, isa::Constant::map_value)) {
    values.emplace_back(each.map_number(), each.map_value_offset());
  }
  for (const char* name : {"counter", "count.calls", "limit", "initialised", "hidden"}) {
    const Global global = object.global(name).value();
    expected.emplace_back(global.map, global.offset);
  }
  std::ranges::sort(values);
  std::ranges::sort(expected);
  EXPECT_EQ(values, expected);
}

TEST(Link, PutsFunctionsIntoConstants) {
  const auto program = features().program("loop").value();
  const auto pointers = constants(*program, isa::Constant::function);
  ASSERT_EQ(pointers.size(), 1u);
  EXPECT_EQ(program->function_at(pointers[0].target)->name, "add");
  EXPECT_EQ(program->function_at(pointers[0].target)->begin, pointers[0].target);
  EXPECT_TRUE(program->gpl_compatible);
}

TEST(Link, MakesWeakSymbolsZero) {
  const auto program = features().program("tail").value();
  for (const isa::Instruction& each : program->code) {
    if (each.form == isa::Form::constant && each.constant() == isa::Constant::number) {
      EXPECT_EQ(each.immediate, 0);
    }
  }
}

TEST(Link, KnowsTheSourceLineOfEveryInstruction) {
  const auto program = features().program("count").value();
  for (const platform::Function& function : program->functions) {
    const platform::SourceLine* line = program->line_at(function.begin);
    ASSERT_NE(line, nullptr) << function.name;
    EXPECT_EQ(line->at, function.begin);
    EXPECT_FALSE(line->text.empty()) << function.name;
    EXPECT_GT(line->line, 50u);
    EXPECT_TRUE(line->file.ends_with("features.bpf.c")) << line->file;
  }
  EXPECT_EQ(program->lines.front().text, "int count(struct xdp_md* packet) {");
  EXPECT_TRUE(std::ranges::is_sorted(program->lines, {}, &platform::SourceLine::at));
}

TEST(Link, OutlivesItsObject) {
  std::shared_ptr<const platform::Program> program;
  {
    const Object object = features();
    program = object.program("loop").value();
  }
  EXPECT_EQ(program->maps->size(), 9u);
  EXPECT_FALSE(program->lines.back().text.empty());
}

TEST(Link, NamesTheNearestProgram) {
  const auto missing = features().program("cuont");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().fault, Fault::absent);
  EXPECT_NE(missing.error().hint.find("count"), std::string::npos);
}

TEST(Link, RefusesCoreOnlyWhereItIsNeeded) {
  const Object object = Object::open(object_path("core")).value();
  for (const char* name : {"direct", "through"}) {
    EXPECT_NE(message_of(object, name, Fault::unsupported).find("CO-RE"), std::string::npos);
  }
  EXPECT_TRUE(object.program("free_of_it").ok());
}

TEST(Read, NotesVariablesThatHoldAddresses) {
  const Object object = Object::open(object_path("pointers")).value();
  ASSERT_EQ(object.notes().size(), 1u);
  EXPECT_NE(object.notes()[0].find("section .data"), std::string::npos);
  EXPECT_TRUE(object.program("follow").ok());  // as libbpf, which does not relocate data
}

TEST(Read, TakesMapsOfTheOldForm) {
  const Object object = Object::open(object_path("legacy")).value();
  ASSERT_EQ(object.maps().size(), 1u);
  const platform::MapSpec& old = object.maps()[0];
  EXPECT_EQ(old.name, "old");
  EXPECT_EQ(old.kind, MapKind::array);
  EXPECT_EQ(old.key_size, 4u);
  EXPECT_EQ(old.value_size, 4u);
  EXPECT_EQ(old.max_entries, 1u);
  ASSERT_EQ(object.notes().size(), 1u);
  EXPECT_NE(object.notes()[0].find("libbpf"), std::string::npos);
}

TEST(Read, TakesSectionsThatNameNoType) {
  const Object object = Object::open(object_path("unknown_section")).value();
  ASSERT_EQ(object.programs().size(), 1u);
  EXPECT_EQ(object.programs()[0].type, ProgramType::unspecified);
  EXPECT_TRUE(object.program(object.programs()[0].name).ok());
}

TEST(Read, NeedsNoTypesWhereThereAreNoMaps) {
  const Object object = Object::open(object_path("plain_untyped")).value();
  EXPECT_TRUE(object.types().empty());
  const auto program = object.program("program").value();
  EXPECT_EQ(function_names(*program), (std::vector<std::string>{"program", "helper"}));
  EXPECT_TRUE(program->lines.empty());
  EXPECT_FALSE(program->gpl_compatible);
}

struct Refused {
  std::string object;
  Fault fault;
  std::string place;
  std::string hint;
};

TEST(Read, RefusesWithPlaceAndAdvice) {
  const Refused cases[] = {
      {"features_untyped", Fault::unsupported, "section .maps", "compile with -g"},
      {"wrong_attribute", Fault::unsupported, "attribute colour", "max_entries"},
      {"wrong_size", Fault::malformed, "map table gives its key 4 bytes and 8", ""},
      {"wrong_kind", Fault::unsupported, "map table has the unknown type 99", ""},
      {"wrong_number", Fault::malformed, "map table gives max_entries as int", ""},
      {"large_zeroed", Fault::exhausted, "section .bss", ""},
      {"wrong_record", Fault::malformed, "skep_record__absent", "SKEP_RECORD"},
      {"plain_big_endian", Fault::unsupported, "big-endian", "bpfel"},
      {"does_not_exist", Fault::absent, "does_not_exist", ""}};
  for (const Refused& each : cases) {
    const Error error = refusal(each.object);
    EXPECT_EQ(error.fault, each.fault) << error.message;
    EXPECT_NE(error.message.find(each.place), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(each.object + ".o"), std::string::npos) << error.message;
    EXPECT_NE(error.hint.find(each.hint), std::string::npos) << error.message << error.hint;
  }
  EXPECT_FALSE(Object::open(SKEP_BINARY_DIR).ok());
}

// Everything that the object says, for comparison of compilers.
std::string described(const Object& object) {
  std::ostringstream out;
  for (const platform::MapSpec& map : object.maps()) {
    out << map.name << ' ' << platform::row(map.kind).name << ' ' << map.key_size << ' '
        << map.value_size << ' ' << map.max_entries << ' ' << map.flags << '\n';
  }
  for (const ProgramEntry& each : object.programs()) {
    const auto program = object.program(each.name).value();
    out << each.name << ' ' << each.section;
    auto names = function_names(*program);
    std::ranges::sort(names);
    for (const std::string& name : names) out << ' ' << name;
    out << (program->lines.empty() ? " without lines\n" : "\n");
  }
  return out.str();
}

TEST(Compilers, SayTheSame) {
  std::istringstream versions(SKEP_CLANG_VERSIONS);
  const std::string expected = described(features());
  int count = 0;
  for (std::string version; std::getline(versions, version, ','); ++count) {
    std::cout << "objects of clang-" << version << '\n';
    const auto object = Object::open(object_path("clang-" + version + "/features"));
    ASSERT_TRUE(object.ok()) << object.error().message;
    EXPECT_EQ(described(*object), expected) << version;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace skep::object
