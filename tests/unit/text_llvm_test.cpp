// Our assembler and disassembler against LLVM 19, for every form of instruction.
#include <cstring>

#include "base/text.hpp"
#include "every_form.hpp"
#include "llvm_tools.hpp"
#include "text/text.hpp"

namespace skep::test {
namespace {

std::string byte_lines(std::span<const Slot> slots) {
  std::string out = ".text\n";
  const auto bytes = std::as_bytes(slots);
  for (const std::byte byte : bytes) out += format(".byte 0x{:x}\n", static_cast<u8>(byte));
  return out;
}

bool is_ordered(const Instruction& i) {
  return i.form == Form::atomic && i.atomic() >= Atomic::load_acquire;
}

// Why llvm-objdump-19 does not print this one as we do, or nothing.
std::string_view objdump_exception(const Instruction& i, text::Registers registers) {
  if (is_ordered(i) && i.width < Width::w32) return "LLVM 19 has no load_acquire";
  if (i.form == Form::atomic && i.atomic() == Atomic::store_release) return "nor store_release";
  if (i.form == Form::atomic && i.atomic() == Atomic::load_acquire) {
    return "LLVM 19 looks at the low byte of the immediate and prints `lock ... +=`";
  }
  const bool newer = i.form == Form::atomic && i.atomic() != Atomic::add;
  if (newer && i.width == Width::w32 && registers == text::Registers::full) {
    return "32-bit atomics other than addition need -mcpu=v3";
  }
  if (i.form == Form::packet_load && i.packet() == Packet::indirect && i.immediate != 0) {
    return "the immediate of an indirect packet load is not printed";
  }
  const bool pseudo = i.form == Form::constant && i.constant() != Constant::number;
  if (pseudo && i.immediate >> 32 != 0) return "the second slot of ld_pseudo is not printed";
  return {};
}

// Why llvm-mc-19 does not assemble our text in LLVM's notation to these bytes, or nothing.
std::string_view assembler_exception(const Instruction& i) {
  if (is_ordered(i)) return "new in LLVM 20";
  if (i.form == Form::packet_load && i.packet() == Packet::indirect && i.immediate != 0) {
    return "`skb[r1 + 4]` is our addition";
  }
  if (i.form == Form::call && (i.call() == Call::local || i.call() == Call::kfunc)) {
    return "LLVM prints all calls as those of helpers; relocations tell them apart";
  }
  const bool pseudo = i.form == Form::constant && i.constant() != Constant::number;
  if (pseudo && i.immediate >> 32 != 0) return "ld_pseudo leaves the second slot zero";
  return {};
}

class TextAgainstLlvm : public LlvmTools {
 protected:
  void compare_listing(const text::Style& style, const std::string& flags) {
    const Code code = every_form();
    const std::vector<Slot> slots = encode(code).value();
    write("all.s", byte_lines(slots));
    run("llvm-mc-19 -triple bpfel -filetype=obj all.s -o all.o");
    const auto theirs = objdump_texts(run("llvm-objdump-19 -d " + flags + " all.o"));
    ASSERT_EQ(theirs.size(), code.size());
    std::size_t compared = 0;
    for (std::size_t at = 0; at < code.size(); ++at) {
      if (!objdump_exception(code[at], style.registers).empty()) continue;
      EXPECT_EQ(text::disassemble(code, InstructionIndex(at), style), theirs[at]);
      ++compared;
    }
    EXPECT_GT(compared, code.size() * 2 / 3);
  }
};

TEST_F(TextAgainstLlvm, DisassemblesAsObjdumpDoes) { compare_listing(text::kObjdump, ""); }

TEST_F(TextAgainstLlvm, DisassemblesAsObjdumpDoesForNewerProcessors) {
  text::Style style = text::kObjdump;
  style.registers = text::Registers::narrow;
  compare_listing(style, "--mcpu=v4");
}

TEST_F(TextAgainstLlvm, AssemblesWhatObjdumpPrints) {
  const Code code = every_form();
  write("all.s", byte_lines(encode(code).value()));
  run("llvm-mc-19 -triple bpfel -filetype=obj all.s -o all.o");
  const auto theirs = objdump_texts(run("llvm-objdump-19 -d --mcpu=v4 all.o"));
  ASSERT_EQ(theirs.size(), code.size());
  // In one program, so that distances reach their targets; what LLVM does not say, we do.
  std::string source;
  for (std::size_t at = 0; at < code.size(); ++at) {
    // `call -1` is a helper of that number to LLVM and a local call to us.
    const bool negative = code[at].form == Form::call && code[at].immediate < 0;
    const bool ours = negative || !objdump_exception(code[at], text::Registers::narrow).empty() ||
                      !assembler_exception(code[at]).empty();
    source += (ours ? text::disassemble(code, InstructionIndex(at)) : theirs[at]) + "\n";
  }
  const auto read_back = text::assemble(source);
  ASSERT_TRUE(read_back.ok()) << read_back.error().message;
  for (std::size_t at = 0; at < code.size(); ++at) {
    EXPECT_EQ((*read_back)[at], code[at]) << theirs[at];
  }
}

TEST_F(TextAgainstLlvm, IsAssembledToTheSameBytesByLlvm) {
  for (const text::Numbers numbers : {text::Numbers::decimal, text::Numbers::hexadecimal}) {
    for (const text::Registers registers : {text::Registers::full, text::Registers::narrow}) {
      const Code code = every_form();
      const text::Style style{numbers, text::Notation::llvm, registers};
      std::string source = ".text\n";
      std::vector<Slot> expected;
      const std::vector<Slot> slots = encode(code).value();
      for (std::size_t at = 0; at < code.size(); ++at) {
        if (!assembler_exception(code[at]).empty()) continue;
        source += text::disassemble(code, InstructionIndex(at), style) + "\n";
        expected.push_back(slots[code[at].slot.value()]);
        if (code[at].is_wide()) expected.push_back(slots[code[at].slot.value() + 1]);
      }
      write("ours.s", source);
      run("llvm-mc-19 -triple bpfel -mcpu=v4 -filetype=obj ours.s -o ours.o");
      run("llvm-objcopy-19 -O binary --only-section=.text ours.o ours.bin");
      const std::string theirs = read("ours.bin");
      ASSERT_EQ(theirs.size(), expected.size() * sizeof(Slot));
      for (std::size_t at = 0; at < expected.size(); ++at) {
        Slot slot;
        std::memcpy(&slot, theirs.data() + at * sizeof slot, sizeof slot);
        EXPECT_EQ(slot, expected[at]) << "slot " << at;
      }
    }
  }
}

}  // namespace
}  // namespace skep::test
