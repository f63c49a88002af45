// Decoding and encoding of every form, and every way in which a slot can be wrong.
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "every_form.hpp"

namespace skep::test {
namespace {

constexpr Slot kExit{0x95, 0, 0, 0};

std::string refusal(std::vector<Slot> slots) {
  const auto code = decode(slots);
  return code.ok() ? "accepted" : code.error().message;
}

TEST(IsaRoundTrip, EveryFormSurvivesEncodeAndDecode) {
  const Code code = every_form();
  const std::vector<Slot> slots = encode(code).value();
  const auto again = decode(slots);
  ASSERT_TRUE(again.ok()) << again.error().message;
  ASSERT_EQ(again->size(), code.size());
  for (std::size_t at = 0; at < code.size(); ++at) EXPECT_EQ((*again)[at], code[at]) << at;
  EXPECT_EQ(encode(*again).value(), slots);
}

TEST(IsaRoundTrip, LongestJumpsFitAndLongerOnesDoNot) {
  Code code(32769, Instruction{.form = Form::alu, .operation = static_cast<u8>(Alu::mov)});
  code.push_back({});
  code[0] = {.form = Form::jump_always};
  code[0].target = InstructionIndex(32768);
  EXPECT_EQ(encode(code).value()[0].offset, 32767);
  code[0].target = InstructionIndex(32769);
  EXPECT_FALSE(encode(code).ok());
  code[0].width = Width::w32;  // gotol
  EXPECT_EQ(encode(code).value()[0].immediate, 32768);
  code[0] = {.form = Form::alu, .operation = static_cast<u8>(Alu::mov)};
  code[32767] = {.form = Form::may_goto};
  code[32767].target = InstructionIndex(0);
  EXPECT_EQ(encode(code).value()[32767].offset, -32768);
  code[32768] = {.form = Form::may_goto};
  code[32768].target = InstructionIndex(0);
  EXPECT_FALSE(encode(code).ok());
}

TEST(IsaRoundTrip, ImmediatesThatDoNotFitAreRefused) {
  Code code = {{.form = Form::alu, .operation = static_cast<u8>(Alu::mov)}, {}};
  code[0].immediate = s64{1} << 31;
  EXPECT_FALSE(encode(code).ok());
  code[0].immediate = -(s64{1} << 31);
  EXPECT_TRUE(encode(code).ok());
}

// ---- reserved fields ----

enum Field : u8 { kDst = 1, kSrc = 2, kOffset = 4, kImmediate = 8 };

// The fields that an instruction of this form reads, by RFC 9669, 4 and 5; others are reserved. A
// field that selects the operation counts as read.
u8 fields_read(const Instruction& i) {
  const u8 operand = i.has_register_source() ? kSrc : kImmediate;
  switch (i.form) {
    case Form::alu:
      if (kAlu[i.alu()].operands == Operands::unary) return kDst;
      if (kAlu[i.alu()].operands == Operands::byte_order) return kDst | kImmediate;
      return static_cast<u8>(kDst | operand);
    case Form::constant: return kDst | kSrc | kImmediate;
    case Form::load:
    case Form::load_signed: return kDst | kSrc | kOffset;
    case Form::store:
    case Form::jump: return static_cast<u8>(kDst | operand | kOffset);
    case Form::atomic: return kDst | kSrc | kOffset | kImmediate;
    case Form::packet_load: return i.packet() == Packet::absolute ? kImmediate : kSrc | kImmediate;
    case Form::jump_always: return i.width == Width::w64 ? kOffset : kImmediate;
    case Form::may_goto: return kOffset;
    case Form::call:
      if (i.call() == Call::indirect) return kDst;
      return i.call() == Call::kfunc ? kSrc | kImmediate | kOffset : kSrc | kImmediate;
    case Form::address_space_cast: return kDst | kSrc | kOffset | kImmediate;
    case Form::unknown:
    case Form::exit:
    case Form::count_: break;
  }
  return 0;
}

TEST(IsaReservedFields, EachIsRefusedWithItsSlotWhenNotZero) {
  const Code code = every_form();
  const std::vector<Slot> slots = encode(code).value();
  std::size_t checked = 0;
  for (const Instruction& i : code) {
    for (const Field field : {kDst, kSrc, kOffset, kImmediate}) {
      if ((fields_read(i) & field) != 0) continue;
      const u32 at = i.slot.value();
      std::vector<Slot> bad = slots;
      // Values that no operation uses: the ALU's offsets are 0, 1, 8, 16 and 32.
      if (field == kDst) bad[at].registers |= 3;
      if (field == kSrc) bad[at].registers |= 5 << 4;
      if (field == kOffset) bad[at].offset = 77;
      if (field == kImmediate) bad[at].immediate = 77;
      const std::string message = refusal(bad);
      EXPECT_TRUE(message.starts_with(format("slot {}: ", at))) << message << ", field " << +field;
      if (checked++ > 4000) return;
    }
  }
  EXPECT_GT(checked, 1000u);
}

TEST(IsaReservedFields, RegistersAboveTenAreRefused) {
  for (const int opcode :
       {0xb7, 0xbf, 0x61, 0x63, 0x62, 0x15, 0x1d, 0xdb, 0x18, 0x8d, 0x84, 0xdc}) {
    const s32 immediate = opcode == 0xdc ? 16 : 0;
    const std::string dst = refusal({{static_cast<u8>(opcode), 11, 0, immediate}, kExit, kExit});
    EXPECT_TRUE(dst.contains("destination register field is 11")) << opcode << dst;
  }
  for (const int opcode : {0xbf, 0x61, 0x63, 0x1d, 0xdb, 0x50}) {
    const std::string src = refusal({{static_cast<u8>(opcode), 15 << 4, 0, 0}, kExit});
    EXPECT_TRUE(src.contains("source register field is 15")) << opcode << src;
  }
}

TEST(IsaReservedFields, OffsetsThatAnOperationDoesNotDefineAreRefused) {
  EXPECT_EQ(refusal({{0x07, 1, 1, 0}, kExit}),
            "slot 0: offset field is 1, which this operation does not define (bytes 07 01 01 00 00 "
            "00 00 00)");
  EXPECT_TRUE(refusal({{0x37, 1, 2, 1}, kExit}).starts_with("slot 0: offset field is 2"));
  EXPECT_TRUE(refusal({{0xb7, 1, 8, 1}, kExit}).starts_with("slot 0: sign extension"));
  EXPECT_TRUE(refusal({{0xbc, 1, 32, 0}, kExit}).starts_with("slot 0: sign extension"));
  EXPECT_EQ(refusal({{0x3f, 0x21, 1, 0}, kExit}), "accepted");
}

TEST(IsaReservedFields, CastsAreBetweenTheTwoSpacesOfLinux) {
  EXPECT_EQ(refusal({{0xbf, 0x21, 1, 1}, kExit}), "accepted");
  EXPECT_EQ(refusal({{0xbf, 0x21, 1, 1 << 16}, kExit}), "accepted");
  EXPECT_TRUE(refusal({{0xbf, 0x21, 1, 0}, kExit}).contains("from address space 0 to 0"));
  EXPECT_TRUE(refusal({{0xbf, 0x21, 1, 9 << 16 | 3}, kExit}).contains("address space 3 to 9"));
  EXPECT_TRUE(refusal({{0xbf, 0x2b, 1, 1}, kExit}).contains("destination register field is 11"));
  EXPECT_TRUE(refusal({{0xb7, 0x01, 1, 1}, kExit}).contains("offset field is 1"));
  EXPECT_TRUE(refusal({{0xbc, 0x21, 1, 1}, kExit}).contains("offset field is 1"));
}

// What cannot be decoded is kept with its bytes, and what stands around it is read.
TEST(IsaUnknown, IsKeptWithItsBytesWhenAskedFor) {
  const std::vector<Slot> slots = {
      {0x05, 0, 2, 0}, {0xff, 0x21, 1, 0x90003}, {0x18, 0x91, 0, 5}, {0, 0, 0, 7}, kExit};
  EXPECT_TRUE(refusal(slots).contains("slot 1: unknown opcode (bytes ff 21 01 00 03 00 09 00)"));
  EXPECT_TRUE(decode(slots).error().hint.contains("newer instruction set"));
  const Code code = decode(slots, Unknown::keep).value();
  ASSERT_EQ(code.size(), 5u);
  EXPECT_EQ(code[0].target, InstructionIndex(3));
  EXPECT_EQ(code[1].form, Form::unknown);
  EXPECT_EQ(bytes_of_unknown(code[2]), "18 91 00 00 05 00 00 00");
  EXPECT_EQ(code[4].slot, SlotIndex(4));
  EXPECT_EQ(encode(code).value(), slots);
  EXPECT_FALSE(decode(std::vector<Slot>{{0x05, 0, 5, 0}, kExit}, Unknown::keep).ok());
}

TEST(IsaReservedFields, AtomicOperationsOutsideTheListAreRefused) {
  EXPECT_TRUE(refusal({{0xdb, 0x21, 0, 0x10}, kExit}).contains("unknown atomic operation 0x10"));
  EXPECT_TRUE(refusal({{0xdb, 0x21, 0, 0xe0}, kExit}).contains("unknown atomic operation"));
  EXPECT_TRUE(refusal({{0xd3, 0x21, 0, 0}, kExit}).contains("atomic operation on 8 bits"));
  EXPECT_EQ(refusal({{0xd3, 0x21, 0, 0x100}, kExit}), "accepted");
}

// ---- wide instructions and jumps ----

TEST(IsaWide, CutWideInstructionIsRefused) {
  EXPECT_TRUE(refusal({kExit, {0x18, 1, 0, 5}}).starts_with("slot 1: 64-bit immediate is cut"));
  EXPECT_EQ(refusal({}), "the program has no instructions");
}

TEST(IsaWide, SecondSlotHoldsOnlyTheImmediate) {
  for (const Slot second :
       {Slot{0x18, 0, 0, 0}, Slot{0, 1, 0, 0}, Slot{0, 16, 0, 0}, Slot{0, 0, 1, 0}}) {
    EXPECT_TRUE(refusal({{0x18, 1, 0, 5}, second, kExit}).contains("second slot"));
  }
  EXPECT_TRUE(refusal({{0, 0, 0, 0}, kExit}).contains("unknown opcode"));
}

TEST(IsaWide, UnusedHighHalfIsRefused) {
  for (const int kind : {1, 4, 5}) {
    const u8 registers = static_cast<u8>(kind << 4 | 1);
    EXPECT_TRUE(
        refusal({{0x18, registers, 0, 0}, {0, 0, 0, 7}, kExit}).contains("second slot holds 7"));
  }
  for (const int kind : {0, 2, 3, 6}) {
    const u8 registers = static_cast<u8>(kind << 4 | 1);
    EXPECT_EQ(refusal({{0x18, registers, 0, 0}, {0, 0, 0, 7}, kExit}), "accepted");
  }
  EXPECT_TRUE(refusal({{0x18, 0x71, 0, 0}, {0, 0, 0, 0}, kExit}).contains("unknown kind 7"));
}

TEST(IsaWide, FunctionConstantsNameAnInstruction) {
  // code_addr(1) from slot 0 is slot 2, the first behind the wide instruction.
  const Code code = decode(std::vector<Slot>{{0x18, 0x41, 0, 1}, {0, 0, 0, 0}, kExit}).value();
  EXPECT_EQ(code[0].target, InstructionIndex(1));
  EXPECT_EQ(code[0].immediate, 0);
  EXPECT_TRUE(refusal({{0x18, 0x41, 0, 0}, {0, 0, 0, 0}, kExit}).contains("middle of a 64-bit"));
  EXPECT_TRUE(refusal({{0x18, 0x41, 0, 2}, {0, 0, 0, 0}, kExit}).contains("outside"));
}

TEST(IsaJumps, TargetsOutsideAreRefused) {
  EXPECT_EQ(
      refusal({{0x05, 0, 1, 0}, kExit}),
      "slot 0: target slot 2 is outside of the program of 2 slots (bytes 05 00 01 00 00 00 00 00)");
  EXPECT_TRUE(refusal({{0x05, 0, -2, 0}, kExit}).contains("target slot -1 is outside"));
  EXPECT_TRUE(refusal({{0x06, 0, 0, 0x7fffffff}, kExit}).contains("target slot 2147483648 is"));
  EXPECT_TRUE(refusal({{0x06, 0, 0, -0x7fffffff - 1}, kExit}).contains("outside"));
  EXPECT_TRUE(refusal({{0x85, 0x10, 0, 1}, kExit}).contains("outside"));
  EXPECT_TRUE(refusal({{0xe5, 0, 1, 0}, kExit}).contains("outside"));
  EXPECT_TRUE(refusal({{0x15, 0, 1, 0}, kExit}).contains("outside"));
}

TEST(IsaJumps, TargetsInsideWideInstructionsAreRefused) {
  const Slot wide{0x18, 1, 0, 5}, second{0, 0, 0, 0};
  EXPECT_EQ(
      refusal({{0x05, 0, 1, 0}, wide, second, kExit}),
      "slot 0: target slot 2 is the middle of a 64-bit immediate (bytes 05 00 01 00 00 00 00 00)");
  EXPECT_TRUE(refusal({{0x16, 1, 1, 0}, wide, second, kExit}).contains("middle"));
  EXPECT_TRUE(refusal({{0x06, 0, 0, 1}, wide, second, kExit}).contains("middle"));
  EXPECT_TRUE(refusal({{0x85, 0x10, 0, 1}, wide, second, kExit}).contains("middle"));
  EXPECT_EQ(refusal({{0x05, 0, 2, 0}, wide, second, kExit}), "accepted");
}

TEST(IsaJumps, DistancesCountSlotsAndTargetsCountInstructions) {
  const Slot wide{0x18, 1, 0, 5}, second{0, 0, 0, 0};
  const Code code =
      decode(std::vector<Slot>{{0x06, 0, 0, 4}, wide, second, wide, second, kExit}).value();
  EXPECT_EQ(code[0].target, InstructionIndex(3));
  EXPECT_EQ(code[0].width, Width::w32);
  EXPECT_EQ(code[3].slot, SlotIndex(5));
}

// ---- the registry ----

struct Row {
  u8 opcode;
  std::string src, offset, imm;
  auto operator<=>(const Row&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << format("0x{:x} src {} offset {} imm {}", row.opcode, row.src, row.offset, row.imm);
}

std::set<Row> registry() {
  std::set<Row> rows;
  std::ifstream in(std::string(SKEP_SOURCE_DIR) + "/tests/cases/isa/iana.tsv");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#' || line.starts_with("opcode")) continue;
    std::istringstream cells(line);
    std::string opcode, src, offset, imm;
    std::getline(cells, opcode, '\t');
    std::getline(cells, src, '\t');
    std::getline(cells, offset, '\t');
    std::getline(cells, imm, '\t');
    const Row row{static_cast<u8>(parse_unsigned(opcode).value()), src, offset, imm};
    EXPECT_TRUE(rows.insert(row).second) << row;
  }
  return rows;
}

constexpr s32 kDistanceMax = 0x20;

bool accepts(const Slot& slot) {
  // In front of enough instructions for every distance that is tried.
  std::vector<Slot> program(kDistanceMax + 2, kExit);
  program[0] = slot;
  if (slot.opcode == 0x18) program[1] = {0, 0, 0, 0};
  return decode(program).ok();
}

// What decode accepts, in the registry's words, found by trying slots: a field is "any" when values
// that mean nothing by themselves are taken, else each value taken is a row of its own.
std::set<Row> accepted_rows() {
  // Values of fields, with the name that a row gives them; those that select nothing come first.
  const std::vector<std::pair<std::string, s32>> sources = {
      {"any", 9}, {"0", 0}, {"1", 1}, {"2", 2}, {"3", 3}, {"4", 4}, {"5", 5}, {"6", 6}, {"7", 7}};
  const std::vector<std::pair<std::string, s32>> offsets = {{"any", 13}, {"0", 0},   {"1", 1},
                                                            {"8", 8},    {"16", 16}, {"32", 32}};
  std::vector<std::pair<std::string, s32>> immediates = {{"any", 13}, {"0x10000", 0x10000}};
  for (s32 imm = 0; imm < 0x200; imm += 0x10) {
    immediates.emplace_back(format("0x{:x}", imm), imm);
    immediates.emplace_back(format("0x{:x}", imm + 1), imm + 1);
  }
  std::set<Row> rows;
  for (int opcode = 0; opcode < 256; ++opcode) {
    for (const auto& [src_name, src] : sources) {
      const std::size_t before = rows.size();
      for (const auto& [offset_name, offset] : offsets) {
        const std::size_t before_offset = rows.size();
        for (const auto& [imm_name, imm] : immediates) {
          const Slot slot{static_cast<u8>(opcode), static_cast<u8>(src << 4),
                          static_cast<s16>(offset), imm};
          if (!accepts(slot)) continue;
          rows.insert({slot.opcode, src_name, offset_name, imm_name});
          if (imm_name == "any") break;
        }
        if (offset_name == "any" && rows.size() != before_offset) break;
      }
      // movsx takes any source for some offsets only, but there is no opcode that takes any source
      // for some offset and a certain one for another.
      if (src_name == "any" && rows.size() != before) break;
    }
  }
  return rows;
}

// A row may stand inside a wider one: Linux gives the offset of a kfunc call a meaning.
bool covers(const std::set<Row>& rows, const Row& row) {
  return rows.contains(row) || rows.contains({row.opcode, row.src, "any", row.imm});
}

TEST(IsaRegistry, HoldsExactlyWhatDecodeAccepts) {
  const std::set<Row> theirs = registry(), ours = accepted_rows();
  EXPECT_GT(theirs.size(), 150u);
  for (const Row& row : theirs) EXPECT_TRUE(covers(ours, row)) << "not accepted: " << row;
  for (const Row& row : ours) EXPECT_TRUE(theirs.contains(row)) << "not in the registry: " << row;
}

}  // namespace
}  // namespace skep::test
