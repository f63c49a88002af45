// The assembler and the disassembler against each other, and what is said about wrong text.
#include "text/text.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "every_form.hpp"

namespace skep::test {
namespace {

std::string first_line(std::string_view source) {
  const Code code = text::assemble(source).value();
  return text::disassemble(code, InstructionIndex(0));
}

std::string refusal(std::string_view source) {
  const auto code = text::assemble(source);
  if (code.ok()) return "accepted";
  return code.error().message + (code.error().hint.empty() ? "" : " | " + code.error().hint);
}

std::vector<platform::MapSpec> two_maps() {
  std::vector<platform::MapSpec> maps(2);
  maps[0].name = "flows";
  maps[1].name = ".rodata";
  return maps;
}

// ---- round trips ----

TEST(TextRoundTrip, EveryFormInEveryStyleOfPeople) {
  const Code code = every_form();
  for (const auto numbers : {text::Numbers::decimal, text::Numbers::hexadecimal}) {
    for (const auto registers : {text::Registers::full, text::Registers::narrow}) {
      for (const auto targets : {text::Targets::distance, text::Targets::label}) {
        const text::Style style{numbers, text::Notation::people, registers, targets};
        const auto again = text::assemble(text::disassemble(code, style));
        ASSERT_TRUE(again.ok()) << again.error().message;
        for (std::size_t at = 0; at < code.size(); ++at) {
          EXPECT_EQ((*again)[at], code[at]) << text::disassemble(code, InstructionIndex(at), style);
        }
      }
    }
  }
}

TEST(TextRoundTrip, NamesOfMapsAndFunctionsAreReadBack) {
  const std::string source =
      "main:\n"
      "  r1 = map[flows] ll\n"
      "  r2 = map_value[.rodata] + 16 ll\n"
      "  r3 = function[second] ll\n"
      "  call second\n"
      "  exit\n"
      "second:\n"
      "  exit\n";
  const auto maps = two_maps();
  const Code code = text::assemble(source, maps).value();
  EXPECT_EQ(code[0].map_number(), 0u);
  EXPECT_EQ(code[1].map_number(), 1u);
  EXPECT_EQ(code[1].map_value_offset(), 16u);
  const std::vector<platform::Function> functions = {
      {"main", InstructionIndex(0), InstructionIndex(5), platform::Linkage::global},
      {"second", InstructionIndex(5), InstructionIndex(6), platform::Linkage::local}};
  EXPECT_EQ(text::disassemble(code, text::kPeople, {maps, functions}), source);
}

TEST(TextRoundTrip, NamesThatCannotBeReadBackAreShownAsNumbers) {
  auto maps = two_maps();
  maps[0].name = "two words";
  maps[1].name = "x]\n  exit";
  const Code code = text::assemble("r1 = map[0] ll\nr2 = map[1] ll\ncall +0\nexit").value();
  const std::vector<platform::Function> functions = {
      {"a:b", InstructionIndex(3), InstructionIndex(4), platform::Linkage::local},
      {"L5", InstructionIndex(0), InstructionIndex(3), platform::Linkage::local}};
  EXPECT_EQ(text::disassemble(code, text::kPeople, {maps, functions}),
            "  r1 = map[0] ll\n  r2 = map[1] ll\n  call +0\n  exit\n");
}

// ---- what people see ----

TEST(TextForPeople, IsAsInTheManual) {
  EXPECT_EQ(first_line("r0=*(u32*)(r1+0x4)"), "r0 = *(u32 *)(r1 + 4)");
  EXPECT_EQ(first_line("w0 = *(u32 *)(r1 + -8)"), "r0 = *(u32 *)(r1 - 8)");
  EXPECT_EQ(first_line("if w2 s> 5 goto +1\nexit\nexit"), "if w2 s> 5 goto +1");
  EXPECT_EQ(first_line("call ktime_get_ns"), "call bpf_ktime_get_ns");
  EXPECT_EQ(first_line("call 5"), "call bpf_ktime_get_ns");
  EXPECT_EQ(first_line("call 0x1000"), "call 4096");
  EXPECT_EQ(first_line("call +0\nexit"), "call +0");
  EXPECT_EQ(first_line("r1 = 0xffff888012345678 ll"), "r1 = 0xffff888012345678 ll");
  EXPECT_EQ(first_line("r1 = -1 ll"), "r1 = -1 ll");
  EXPECT_EQ(first_line("call kfunc[3:77]"), "call kfunc[3:77]");
  EXPECT_EQ(first_line("w1 = 0x80000000"), "w1 = -2147483648");
  EXPECT_EQ(first_line("w3 = load_acquire((u16 *)(r2 + 2))"), "w3 = load_acquire((u16 *)(r2 + 2))");
}

TEST(TextForPeople, LabelsAreNamedByTheirSlot) {
  const Code code =
      text::assemble("r1 = 5 ll\nagain: r1 -= 1\nif r1 != 0 goto again\nexit").value();
  const text::Style style{.targets = text::Targets::label};
  EXPECT_EQ(text::disassemble(code, style),
            "  r1 = 5 ll\nL2:\n  r1 -= 1\n  if r1 != 0 goto L2\n  exit\n");
}

// ---- reading ----

TEST(TextReading, LabelsCommentsAndSeparators) {
  const std::string_view source =
      "; int main(void)\n"
      "start: # here\n"
      "a: b:  r0 = 1; r0 += 2 // twice\r\n"
      "\t if r0 == 3 goto end ;\n"
      "  goto start\n"
      "end: exit";
  const Code code = text::assemble(source).value();
  ASSERT_EQ(code.size(), 5u);
  EXPECT_EQ(code[2].target, InstructionIndex(4));
  EXPECT_EQ(code[3].target, InstructionIndex(0));
}

TEST(TextReading, LabelsGoBeforeHelpers) {
  const Code code = text::assemble("call ktime_get_ns\nexit\nktime_get_ns: exit").value();
  EXPECT_EQ(code[0].call(), Call::local);
  EXPECT_EQ(code[0].target, InstructionIndex(2));
}

TEST(TextReading, NamesOfMapsAreEnough) {
  const Code code = text::assemble("r1 = flows ll\nexit", two_maps()).value();
  EXPECT_EQ(code[0].constant(), Constant::map);
}

// ---- refusals ----

TEST(TextRefusals, NameLineColumnAndWhatWasExpected) {
  EXPECT_EQ(refusal("exit\n  r0 = r12"),
            "line 2, column 8: expected a register from 0 to 10, found `r12`");
  EXPECT_EQ(refusal("exti"),
            "line 1, column 1: expected an instruction, found `exti` | did you mean exit?");
  EXPECT_EQ(refusal("r0 = bswap8 r0"),
            "line 1, column 6: expected a register, a number, a load or an operation, found "
            "`bswap8` | did you mean bswap16 or bswap32 or bswap64?");
  EXPECT_EQ(refusal("call bpf_ktime_get\nexit"),
            "line 1, column 6: no helper or label `bpf_ktime_get` | did you mean "
            "bpf_ktime_get_ns or bpf_ktime_get_tai_ns or bpf_ktime_get_boot_ns?");
  EXPECT_EQ(refusal("lop: goto loop"),
            "line 1, column 11: no label `loop` here | did you mean lop?");
  EXPECT_EQ(refusal("r1 = map[flow] ll"), "line 1, column 10: no map `flow`");
  EXPECT_EQ(refusal("r0 = 0xffffffff"),
            "line 1, column 6: expected an immediate of 32 signed bits, found `0xffffffff` | "
            "constants of 64 bits are loaded with `r1 = NUMBER ll`");
  EXPECT_EQ(refusal("exit ; that is all"),
            "line 1, column 8: expected an instruction, found `that`");
  EXPECT_EQ(
      refusal("exit exit"),
      "line 1, column 6: expected the end of the line, found `exit` | comments begin with # or //");
  EXPECT_EQ(refusal(""), "the program has no instructions");
  EXPECT_EQ(refusal("r0 = \x01"), "line 1, column 6: unexpected character 0x1");
  EXPECT_EQ(refusal("r0 = 99999999999999999999"),
            "line 1, column 6: `99999999999999999999` is not a number of 64 bits");
}

TEST(TextRefusals, OperandsOfTheWrongKind) {
  EXPECT_TRUE(refusal("r0 += w1").contains("`w1` is a register of 32 bits, expected `r1`"));
  EXPECT_TRUE(refusal("w0 = (s32)w1").contains("expected `s8` or `s16`"));
  EXPECT_TRUE(refusal("w0 = *(u64 *)(r1 + 0)").contains("fills 64 bits, expected `r0`"));
  EXPECT_TRUE(refusal("r0 = *(s64 *)(r1 + 0)").contains("no load of s64"));
  EXPECT_TRUE(refusal("*(s8 *)(r1 + 0) = 1").contains("only loads take a signed type"));
  EXPECT_TRUE(refusal("*(u64 *)(r1 + 0) = w1").contains("expected `r1`"));
  EXPECT_TRUE(refusal("r0 = *(u8 *)(r1 + 32768)").contains("offset of 16 signed bits"));
  EXPECT_TRUE(refusal("r0 = *(u8 *)(w1 + 0)").contains("expected `r1`"));
  EXPECT_TRUE(refusal("r1 = *(u8 *)skb[0]").contains("packet loads are into r0"));
  EXPECT_TRUE(refusal("r1 = -r2").contains("expected `r1`"));
  EXPECT_TRUE(refusal("r1 = be16 r2").contains("expected `r1`"));
  EXPECT_TRUE(refusal("lock *(u8 *)(r1 + 0) += r2").contains("u32 or u64"));
  EXPECT_TRUE(refusal("r3 = atomic_fetch_add((u64 *)(r1 + 0), r2)").contains("expected `r3`"));
  EXPECT_TRUE(refusal("r1 = cmpxchg_64(r1 + 0, r1, r2)").contains("it is what is compared"));
  EXPECT_TRUE(refusal("w1 = 5 ll").contains("without `ll`"));
  EXPECT_TRUE(refusal("if r1 ~ 5 goto +0").contains("unexpected character `~`"));
  EXPECT_TRUE(refusal("if r1 = 5 goto +0").contains("expected a comparison"));
}

TEST(TextRefusals, TargetsThatAreNoInstruction) {
  EXPECT_TRUE(refusal("goto +1\nexit").contains("target slot 2 is outside of the program of 2"));
  EXPECT_TRUE(refusal("goto +1\nr1 = 5 ll\nexit").contains("middle of a 64-bit constant"));
  EXPECT_TRUE(refusal("goto end\nend:").contains("no instruction stands behind label `end`"));
  EXPECT_TRUE(refusal("a: exit\na: exit").contains("line 2, column 1: label `a` is defined twice"));
}

TEST(TextRefusals, JumpsThatDoNotReach) {
  std::string source = "goto far\n";
  for (int lines = 0; lines < 32767; ++lines) source += "r0 = 0\n";
  EXPECT_EQ(refusal(source + "far: exit"), "accepted");
  source += "r0 = 0\n";
  EXPECT_EQ(refusal(source + "far: exit"),
            "line 1, column 6: jump over 32768 slots does not fit in 16 bits | "
            "gotol reaches further than goto");
}

TEST(TextRefusals, DirectivesInAProgramByItself) {
  EXPECT_TRUE(refusal(".text\nexit").contains("has no directives"));
}

// ---- objects ----

TEST(TextObject, SectionsSymbolsAndReferences) {
  const auto sections = text::assemble_object(
                            ".section \"xdp\",\"ax\",@progbits\n"
                            ".globl drop\n"
                            "drop: r1 = flows ll\n call helper_function\n call inner\n exit\n"
                            "inner: exit\n"
                            ".section license,\"aw\",@progbits\n"
                            "_license: .asciz \"G\\120L\"\n"
                            ".section .debug_info,\"\",@progbits\n"
                            "  .long whatever - this_is + here ~\n"
                            ".section .maps,\"aw\",@progbits\n"
                            ".globl flows\n"
                            "flows: .zero 16\n  .quad -1\n")
                            .value();
  ASSERT_EQ(sections.size(), 3u);
  EXPECT_EQ(sections[0].name, "xdp");
  ASSERT_EQ(sections[0].functions.size(), 2u);
  EXPECT_EQ(sections[0].functions[0].name, "drop");
  EXPECT_EQ(sections[0].functions[0].linkage, platform::Linkage::global);
  EXPECT_EQ(sections[0].functions[0].end, InstructionIndex(4));
  EXPECT_EQ(sections[0].functions[1].name, "inner");
  ASSERT_EQ(sections[0].references.size(), 2u);
  EXPECT_EQ(sections[0].references[0].symbol, "flows");
  EXPECT_EQ(sections[0].references[1].symbol, "helper_function");
  EXPECT_EQ(sections[0].references[1].offset, 16u);
  EXPECT_EQ(sections[1].data.size(), 4u);
  EXPECT_EQ(sections[1].data[1], std::byte{'P'});
  EXPECT_EQ(sections[2].data.size(), 24u);
  EXPECT_EQ(sections[2].variables[0].size, 24u);
}

TEST(TextObject, MistakesAreNamed) {
  const auto refused = [](std::string_view source) {
    const auto sections = text::assemble_object(source);
    return sections.ok() ? "accepted" : sections.error().message + " | " + sections.error().hint;
  };
  EXPECT_EQ(refused(".sektion x"),
            "line 1, column 1: unknown directive `.sektion` | did you mean .section?");
  EXPECT_TRUE(refused("exit\n.byte 1").starts_with("section .text has both data and instructions"));
  EXPECT_TRUE(refused(".data\n.byte 256").contains("`256` does not fit in 1 byte"));
  EXPECT_TRUE(refused(".data\n.zero 0x7fffffff").contains("at most 256 MiB"));
  EXPECT_TRUE(refused(".data\n.long a-b").contains("no arithmetic"));
  EXPECT_TRUE(refused(".data\n.ascii \"\\q\"").contains("unknown escape"));
  EXPECT_TRUE(refused(".data\n.ascii \"abc").contains("without closing quote"));
  EXPECT_TRUE(refused("# nothing").contains("no instructions and no data"));
}

}  // namespace
}  // namespace skep::test
