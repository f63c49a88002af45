// Names of programs that are longer than the 15 bytes that the kernel keeps: `skep prog list` has
// them whole, from the types of the program, as bpftool has.
#include "engines/look.hpp"
#include "kernel/app.hpp"
#include "kernel/inventory.hpp"

namespace skep::kernel {
namespace {

constexpr const char* kLongName = "returns_what_it_is_given";

TEST_F(Look, NamesOfProgramsAreWhole) {
  const auto object = object::Object::open(SKEP_SOURCE_DIR "/build/bpf/cli/context.bpf.o").value();
  const App app = App::load(object, {.programs = {kLongName}}).value();
  const Fd& program = app.program(kLongName)->descriptor;
  const auto kept = info<platform::ProgramInformation>(program).value();
  EXPECT_EQ(std::string(kept.name), "returns_what_it");
  EXPECT_EQ(describe_program(program)->name, kLongName);
  const u32 id = id_of(program, Kind::program).value();
  EXPECT_EQ(output_of(format("{} prog list id {} -j | jq -r .name", kSkep, id)),
            format("{}\n", kLongName));
  EXPECT_NE(output_of(format("{} prog list id {}", kSkep, id)).find(kLongName), std::string::npos);
  EXPECT_EQ(output_of(format("{} prog list name {} -j | jq .id", kSkep, kLongName)),
            format("{}\n", id));
  needs_bpftool();
  if (IsSkipped()) return;
  EXPECT_EQ(output_of(format("bpftool prog show id {} -j | jq -r .name", id)),
            format("{}\n", kLongName));
}

}  // namespace
}  // namespace skep::kernel
