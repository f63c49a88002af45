// CO-RE relocations put into instructions: tests/bpf/cli/core.bpf.c against the types of
// core-machine.bpf.c, beside libbpf; and records that were damaged on purpose. What every
// relocation becomes is in the cases dump-lists-core-relocations-... and run-relocates-... of
// tests/cases/cli.
#include <algorithm>

#include "object/elf.hpp"
#include "object_files.hpp"
#include "support/libbpf_peer.hpp"

namespace skep::object {
namespace {

const std::string kPrograms = SKEP_SOURCE_DIR "/build/bpf/cli/core.bpf.o";
const std::string kMachine = SKEP_SOURCE_DIR "/build/bpf/cli/core-machine.bpf.o";

btf::Targets machine() {
  btf::Targets targets;
  EXPECT_TRUE(targets.open(kMachine).ok());
  return targets;
}

TEST(Core, GivesTheInstructionsThatLibbpfGives) {
  const Object object = Object::open(kPrograms).value();
  const btf::Targets targets = machine();
  std::string log;
  const peer::PeerObject theirs = peer::load(kPrograms, kMachine, "", log);
  ASSERT_NE(theirs, nullptr) << log;
  for (const ProgramEntry& entry : object.programs()) {
    const auto program = object.program(entry.name, {.targets = &targets}).value();
    const auto slots = isa::encode(program->code).value();
    EXPECT_EQ(slots, peer::instructions(theirs.get(), entry.name, object.maps())) << entry.name;
  }
}

TEST(Core, NamesWhatIsUnresolvedAtItsInstruction) {
  const btf::Targets targets = machine();
  const auto program =
      Object::open(kPrograms).value().program("reads_past_an_array", {.targets = &targets}).value();
  ASSERT_EQ(program->unresolved.size(), 1u);
  const platform::Unresolved& unresolved = program->unresolved[0];
  const isa::Instruction& call = program->code[unresolved.at.value()];
  EXPECT_EQ(call.form, isa::Form::call);
  EXPECT_EQ(call.immediate, 195896080);  // "bad relo", as libbpf has it
  EXPECT_NE(unresolved.message.find("struct task.numbers has 3 elements"), std::string::npos);
  EXPECT_EQ(program->unresolved_at(unresolved.at), &unresolved);
  EXPECT_EQ(program->unresolved_at(unresolved.at.next()), nullptr);
}

TEST(Core, AsksForTypesOnlyWhereTheyAreNeeded) {
  const Object object = Object::open(kPrograms).value();
  EXPECT_TRUE(object.needs_targets());
  const auto refused = object.program("answers");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().fault, Fault::unsupported);
  EXPECT_NE(refused.error().message.find("struct task.pid: byte offset"), std::string::npos);
  EXPECT_NE(refused.error().hint.find("--btf"), std::string::npos);
  const Object local = Object::open(object_path("core_local")).value();
  EXPECT_TRUE(local.has_core());
  EXPECT_FALSE(local.needs_targets());
  EXPECT_TRUE(local.program("ids").ok());
  EXPECT_FALSE(Object::open(object_path("plain")).value().has_core());
}

TEST(Core, LeavesWhatTheCompilerWrote) {
  const Object object = Object::open(kPrograms).value();
  const auto program = object.program("writes", {.core = Core::leave}).value();
  std::vector<s16> offsets;
  for (const isa::Instruction& each : program->code) {
    if (each.form == isa::Form::store) offsets.push_back(each.offset);
  }
  EXPECT_EQ(offsets, (std::vector<s16>{0, 4, 28}));  // pid, usage, place.floor of struct task here
}

TEST(Core, ListsRelocationsWithoutTypes) {
  const Object object = Object::open(kPrograms).value();
  const auto uses = object.core_uses("writes", nullptr).value();
  ASSERT_EQ(uses.size(), 3u);
  EXPECT_EQ(uses[0].text, "struct task.pid: byte offset");
  EXPECT_EQ(uses[0].value, std::nullopt);
  EXPECT_FALSE(uses[0].absent || uses[0].failure);
}

// The table of relocations in .BTF.ext: Documentation/bpf/btf.rst, "BTF.ext Section".
class DamagedCore {
 public:
  DamagedCore() {
    const Mapping file = Mapping::of_file(kPrograms).value();
    bytes_.assign(file.bytes().span().begin(), file.bytes().span().end());
    const Elf elf = Elf::read(Bytes(bytes_)).value();
    ext_ = elf.find(".BTF.ext")->offset;
    records_ = ext_ + word(ext_ + 4) + word(ext_ + 24) + 4 + 8;  // header, table, record size
  }

  // A word of a record: 0 offset of the instruction, 1 type, 2 access, 3 kind.
  void set(u32 record, u32 field, u32 value) {
    std::memcpy(bytes_.data() + records_ + record * 16 + field * 4, &value, 4);
  }
  u32 get(u32 record, u32 field) const { return word(records_ + record * 16 + field * 4); }

  std::string refusal() const {
    const auto object = Object::read(Bytes(bytes_), "damaged.o");
    if (!object.ok()) return object.error().message;
    const btf::Targets targets = machine();
    (void)object->core_uses("answers", &targets);
    const auto program = object->program("answers", {.targets = &targets});
    return program.ok() ? "nothing" : program.error().message;
  }

 private:
  u32 word(u64 at) const {
    u32 value = 0;
    std::memcpy(&value, bytes_.data() + at, 4);
    return value;
  }
  std::vector<std::byte> bytes_;
  u64 ext_ = 0;
  u64 records_ = 0;
};

TEST(Core, RefusesDamagedRecords) {
  EXPECT_EQ(DamagedCore().refusal(), "nothing");
  struct Case {
    u32 field;
    u32 value;
    const char* says;
  };
  const Case cases[] = {
      {0, 4, "inside of an instruction"},
      {0, 32, "its relocation says"},  // the instruction of another one
      {1, 1u << 20, "there are only"},
      {1, 0, "has no name"},
      {2, 0x7fffffff, "access"},
      {2, 0, "access"},
      {3, 13, "unknown kind 13"},
      {3, ~0u, "unknown kind"},
  };
  for (const Case& each : cases) {
    DamagedCore damaged;
    damaged.set(0, each.field, each.value);
    const std::string says = damaged.refusal();
    EXPECT_NE(says, "nothing") << each.field << " " << each.value;
    EXPECT_NE(says.find(each.says), std::string::npos) << says;
  }
}

// A relocation whose instruction holds something else than its types say: the object was changed.
TEST(Core, RefusesWhatTheCompilerCannotHaveWritten) {
  DamagedCore damaged;
  damaged.set(0, 2, damaged.get(2, 2));  // the access of another field
  EXPECT_NE(damaged.refusal().find("its relocation says"), std::string::npos);
}

}  // namespace
}  // namespace skep::object
