// What `skep disasm --jit --target` shows, on any machine: code for x86-64 and for aarch64 of
// random programs, and its text, beside llvm-objdump: instructions begin at the same bytes and,
// where both write Arm's syntax, have the same names.
#include "llvm_tools.hpp"
#include "random_user_side.hpp"
#include "text/machine_code.hpp"

namespace skep::random_packets {
namespace {

using platform::Architecture;

struct Line {
  u64 offset;
  std::string name;  // of the instruction
  std::string text;
};

// LLVM has one name for what makes constants and copies.
std::string common_name(std::string name) {
  for (const std::string_view moves : {"movz", "movn", "orr"}) {
    if (name == moves) return "mov";
  }
  return name;
}

Line line_of(u64 offset, std::string text) {
  for (char& c : text) c = c == '\t' ? ' ' : c;
  if (const std::size_t comment = text.find("  //"); comment != std::string::npos)
    text.resize(text.find_last_not_of(' ', comment) + 1);
  return {offset, common_name(text.substr(0, text.find(' '))), std::move(text)};
}

class ForeignCode : public test::LlvmTools {
 protected:
  std::vector<Line> objdump(std::span<const u8> code, Architecture machine) const {
    const bool is_arm = machine == Architecture::aarch64;
    write("code.bin", std::as_bytes(code));
    run(format("llvm-objcopy-19 -I binary -O {} code.bin code.o",
               is_arm ? "elf64-littleaarch64" : "elf64-x86-64"));
    std::istringstream listing(run(
        "llvm-objdump-19 -D --no-show-raw-insn --mattr=" + std::string(is_arm ? "+lse" : "+bmi2") +
        " --section=.data code.o"));
    std::vector<Line> out;
    for (std::string line; std::getline(listing, line);) {
      const std::size_t colon = line.find(':'), text = line.find('\t');
      if (!line.starts_with(' ') || colon == std::string::npos || text == std::string::npos)
        continue;
      Line read = line_of(std::stoull(line, nullptr, 16), line.substr(text + 1));
      const bool is_prefixed =
          !out.empty() && out.back().text == "lock";  // a line of its own there
      if (is_prefixed)
        out.back().text += " " + read.text;
      else
        out.push_back(std::move(read));
    }
    return out;
  }
  static std::vector<Line> ours(std::span<const u8> code, Architecture machine) {
    std::vector<Line> out;
    for (auto& each : text::machine_instructions(std::as_bytes(code), 0, machine).value())
      out.push_back(line_of(each.offset, std::move(each.text)));
    return out;
  }
  void expect_same_lines(std::span<const u8> code, Architecture machine) const {
    const std::vector<Line> want = objdump(code, machine), got = ours(code, machine);
    ASSERT_FALSE(want.empty());
    for (std::size_t at = 0; at < std::min(want.size(), got.size()); ++at) {
      ASSERT_EQ(got[at].offset, want[at].offset) << got[at].text << " beside " << want[at].text;
      if (machine == Architecture::x86_64) continue;
      ASSERT_EQ(got[at].name, want[at].name) << got[at].text << " beside " << want[at].text;
    }
    ASSERT_EQ(got.size(), want.size());
  }
};

TEST_F(ForeignCode, is_shown_as_by_llvm_objdump) {
  const auto environment = runtime::deterministic_environment();
  const auto app = runtime::App::create(engines::maps_of_random_packets(), *environment).value();
  const auto [first, count] = engines::chosen_seeds(20);
  for (u64 seed = first; seed < first + count; ++seed) {
    const auto program = engines::random_packet_program(std::mt19937_64(seed), type_of(seed), {});
    const auto verdict = verify::verify(program, {});
    const auto& verified = std::get<verify::VerifiedProgram>(verdict.outcome);
    for (const auto machine : {Architecture::x86_64, Architecture::aarch64}) {
      SCOPED_TRACE(format("seed {}, {}", seed, platform::kArchitectures[machine]));
      const jit::ForeignCode code = app.code_for(machine, verified);
      expect_same_lines(code.bytes, machine);
      ASSERT_FALSE(HasFailure());
      ASSERT_FALSE(code.places.empty());
      for (const platform::CodePlace& place : code.places)
        ASSERT_LE(place.offset, code.bytes.size());
    }
  }
}

// Words of the atomic operations that the table of text/machine_code_aarch64.cpp has, to the
// letter.
TEST_F(ForeignCode, atomic_operations_of_one_instruction_have_llvms_text) {
  std::vector<u32> words;
  for (const u32 bits : {0x38200000u, 0x38201000u, 0x38202000u, 0x38203000u, 0x38208000u})
    for (u32 size = 0; size < 4; ++size)
      for (u32 order = 0; order < 4; ++order)
        for (const u32 registers : {0x30041u, 0x3005fu, 0x1f03e1u & ~0x3e0u, 0x303e1u})
          words.push_back(bits | size << 30 | order << 22 | registers);
  for (u32 size = 0; size < 4; ++size)
    for (const u32 order : {0u, 1u << 22, 1u << 15, 1u << 22 | 1u << 15})
      words.push_back(0x08a07c00 | size << 30 | order | 0x30041);
  std::vector<u8> code(words.size() * 4);
  std::memcpy(code.data(), words.data(), code.size());
  const auto want = objdump(code, Architecture::aarch64), got = ours(code, Architecture::aarch64);
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t at = 0; at < want.size(); ++at) EXPECT_EQ(got[at].text, want[at].text);
}

TEST_F(ForeignCode, what_is_no_instruction_is_shown_as_a_word) {
  const std::byte words[] = {std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                             std::byte{0xff}, std::byte{0x12}, std::byte{0x34}};
  const auto lines = text::aarch64_instructions(words, 0).value();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].text, ".word 0xffffffff");
  EXPECT_EQ(lines[1].text, ".word 0x3412");
  EXPECT_EQ(lines[1].bytes, 2u);
}

}  // namespace
}  // namespace skep::random_packets
