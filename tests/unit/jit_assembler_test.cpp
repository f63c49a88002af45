// Every form of the assembler, with every register and both sizes of displacement and immediate,
// against what llvm-mc reads out of the bytes.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "base/enum_array.hpp"
#include "base/text.hpp"
#include "jit/x86_64/assembler.hpp"

namespace skep::jit::x86_64 {
namespace {

constexpr const char* kDisassembler = "llvm-mc-19";

constexpr std::array<std::string_view, 16> kNames64 = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                       "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                       "r12", "r13", "r14", "r15"};
constexpr std::array<std::string_view, 16> kNames32 = {
    "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
    "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
constexpr std::array<std::string_view, 16> kNames16 = {
    "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
    "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
constexpr std::array<std::string_view, 16> kNames8 = {"al",   "cl",   "dl",   "bl",  "spl",  "bpl",
                                                      "sil",  "dil",  "r8b",  "r9b", "r10b", "r11b",
                                                      "r12b", "r13b", "r14b", "r15b"};
constexpr EnumArray<Width, const std::array<std::string_view, 16>*> kNames({{Width::w8, &kNames8},
                                                                            {Width::w16, &kNames16},
                                                                            {Width::w32, &kNames32},
                                                                            {Width::w64,
                                                                             &kNames64}});
constexpr EnumArray<Width, std::string_view> kPointers(
    {{Width::w8, "byte"}, {Width::w16, "word"}, {Width::w32, "dword"}, {Width::w64, "qword"}});
constexpr EnumArray<Arithmetic, std::string_view> kArithmeticNames({{Arithmetic::add, "add"},
                                                                    {Arithmetic::or_, "or"},
                                                                    {Arithmetic::and_, "and"},
                                                                    {Arithmetic::sub, "sub"},
                                                                    {Arithmetic::xor_, "xor"},
                                                                    {Arithmetic::cmp, "cmp"}});
constexpr EnumArray<Shift, std::string_view> kShiftNames({{Shift::shl, "shl"},
                                                          {Shift::shr, "shr"},
                                                          {Shift::sar, "sar"}});
constexpr EnumArray<Unary, std::string_view> kUnaryNames({{Unary::not_, "not"},
                                                          {Unary::neg, "neg"},
                                                          {Unary::mul, "mul"},
                                                          {Unary::div, "div"},
                                                          {Unary::idiv, "idiv"}});
constexpr std::array<Width, 2> kWide = {Width::w32, Width::w64};
constexpr std::array<s32, 7> kImmediates = {1, 127, 128, -128, -129, INT32_MAX, INT32_MIN};
constexpr std::array<s32, 5> kDisplacements = {0, 127, -128, 128, -1000};

std::string name(Width width, Reg reg) {
  return std::string((*kNames[width])[static_cast<std::size_t>(reg)]);
}

std::string name(const Operand& operand, std::string_view pointer) {
  std::string out = pointer.empty() ? "[" : std::string(pointer) + " ptr [";
  std::string scale = operand.scale == 0 ? "" : format("{}*", 1 << operand.scale);
  // Without a base, the disassembler shows an index times 1 as times 1.
  if (!operand.has_base && operand.scale == 0) scale = "1*";
  if (operand.has_base) out += name(Width::w64, operand.base);
  if (operand.index)
    out += (operand.has_base ? " + " : "") + scale + name(Width::w64, *operand.index);
  if (!operand.has_base && !operand.index) return out + format("{}]", operand.displacement);
  const s64 displacement = operand.displacement;
  if (displacement > 0) out += format(" + {}", displacement);
  if (displacement < 0) out += format(" - {}", -displacement);
  return out + "]";
}

// The disassembler prints immediates of 16 and 32 bits without sign, unless the instruction extends
// a byte.
enum class Encoded : u8 { byte_if_it_fits, whole };
std::string shown(Width width, s64 immediate, Encoded encoded) {
  const bool byte = encoded == Encoded::byte_if_it_fits && immediate == static_cast<s8>(immediate);
  if (byte || width == Width::w64 || width == Width::w8) return format("{}", immediate);
  return format("{}",
                width == Width::w16 ? static_cast<u16>(immediate) : static_cast<u32>(immediate));
}

std::vector<Reg> every_register() {
  std::vector<Reg> out;
  for (u8 number = 0; number < 16; ++number) out.push_back(static_cast<Reg>(number));
  return out;
}

// Collects instructions with the text that they must have, and asks the disassembler about all at
// once.
class Sheet {
 public:
  void expect(auto emit, std::string text) {
    Assembler assembler;
    emit(assembler);
    std::string line;
    for (u8 byte : assembler.link().code) line += format("0x{:x} ", byte);
    input_ += line + "\n";
    expected_.push_back(std::move(text));
    bytes_.push_back(std::move(line));
  }

  void check() const {
    std::string path = testing::TempDir() + "skep-assembler-XXXXXX";
    const int fd = ::mkstemp(path.data());
    ASSERT_GE(fd, 0);
    ::close(fd);
    std::ofstream(path) << input_;
    const std::string command = format(
        "{} --disassemble --triple=x86_64 --output-asm-variant=1 {} 2>&1", kDisassembler, path);
    FILE* output = ::popen(command.c_str(), "r");
    ASSERT_NE(output, nullptr);
    std::vector<std::string> lines;
    std::array<char, 256> line;
    while (std::fgets(line.data(), line.size(), output) != nullptr) {
      std::string text(trimmed(line.data()));
      for (char& c : text) c = c == '\t' ? ' ' : c;
      if (text == ".text") continue;
      if (!lines.empty() &&
          lines.back() == "lock") {  // an instruction of its own to the disassembler
        lines.back() += " " + text;
      } else {
        lines.push_back(text);
      }
    }
    ::pclose(output);
    ::unlink(path.c_str());
    for (std::size_t at = 0; at < std::min(lines.size(), expected_.size()); ++at) {
      ASSERT_EQ(lines[at], expected_[at]) << bytes_[at];
    }
    EXPECT_EQ(lines.size(), expected_.size());
  }

 private:
  std::string input_;
  std::vector<std::string> expected_;
  std::vector<std::string> bytes_;
};

class AssemblerForms : public testing::Test {
 protected:
  void SetUp() override {
    const std::string command = format("{} --version >/dev/null 2>&1", kDisassembler);
    if (std::system(command.c_str()) != 0)
      FAIL() << kDisassembler << " did not run; it is in packages.txt";
  }
  void TearDown() override {
    if (!IsSkipped()) sheet.check();
  }

  // `make` is given each base with each displacement.
  static void each_memory(auto make) {
    for (Reg base : every_register()) {
      for (s32 displacement : kDisplacements) make(memory(base, displacement));
    }
    for (Reg base : every_register()) make(memory(base, Reg::r9, 8));
    for (Reg index : every_register()) {
      if (index == Reg::rsp) continue;
      make(memory(Reg::rbp, index, 0));
      for (const u8 scale : std::array<u8, 3>{1, 2, 3}) {
        make(Operand{Reg::r13, true, index, 0, scale});
        make(Operand{Reg::rax, true, index, 0x40001000, scale, false});
      }
      make(Operand{Reg::rax, true, index, 0x40001000, 0, false});
    }
    make(memory_at(0x40001000));
  }

  static void each_pair(auto make) {
    for (Reg a : every_register()) {
      for (Reg b : every_register()) make(a, b);
    }
  }

  Sheet sheet;
};

TEST_F(AssemblerForms, arithmetic) {
  for (Arithmetic op : every<Arithmetic>()) {
    const std::string mnemonic(kArithmeticNames[op]);
    for (Width w : kWide) {
      each_pair([&](Reg a, Reg b) {
        sheet.expect([&](Assembler& out) { out.arithmetic(op, w, direct(a), b); },
                     format("{} {}, {}", mnemonic, name(w, a), name(w, b)));
      });
      each_memory([&](const Operand& place) {
        const std::string text = name(place, kPointers[w]);
        sheet.expect([&](Assembler& out) { out.arithmetic(op, w, place, Reg::r13); },
                     format("{} {}, {}", mnemonic, text, name(w, Reg::r13)));
        sheet.expect([&](Assembler& out) { out.arithmetic(op, w, Reg::rsi, place); },
                     format("{} {}, {}", mnemonic, name(w, Reg::rsi), text));
        sheet.expect([&](Assembler& out) { out.arithmetic(op, w, place, -3); },
                     format("{} {}, -3", mnemonic, text));
      });
      for (Reg a : every_register()) {
        for (s32 immediate : kImmediates) {
          sheet.expect([&](Assembler& out) { out.arithmetic(op, w, direct(a), immediate); },
                       format("{} {}, {}", mnemonic, name(w, a),
                              shown(w, immediate, Encoded::byte_if_it_fits)));
        }
      }
    }
  }
}

TEST_F(AssemblerForms, narrow_comparisons) {
  for (Width w : {Width::w8, Width::w16}) {
    each_memory([&](const Operand& place) {
      const std::string text = name(place, kPointers[w]);
      for (Reg a : every_register()) {
        sheet.expect([&](Assembler& out) { out.compare_narrow(w, place, a); },
                     format("cmp {}, {}", text, name(w, a)));
      }
      sheet.expect([&](Assembler& out) { out.compare_narrow(w, place, 127); },
                   format("cmp {}, 127", text));
    });
  }
}

TEST_F(AssemblerForms, tests) {
  for (Width w : kWide) {
    each_pair([&](Reg a, Reg b) {
      sheet.expect([&](Assembler& out) { out.test(w, a, b); },
                   format("test {}, {}", name(w, a), name(w, b)));
    });
    for (Reg a : every_register()) {
      for (s32 immediate : kImmediates) {
        const Width used = immediate < 0 ? w : immediate < 128 ? Width::w8 : Width::w32;
        sheet.expect([&](Assembler& out) { out.test(w, a, immediate); },
                     format("test {}, {}", name(used, a), shown(used, immediate, Encoded::whole)));
      }
    }
  }
}

TEST_F(AssemblerForms, moves) {
  for (Width w : kWide) {
    each_pair([&](Reg a, Reg b) {
      sheet.expect([&](Assembler& out) { out.move(w, a, b); },
                   format("mov {}, {}", name(w, a), name(w, b)));
    });
  }
  for (Reg a : every_register()) {
    const auto immediate = [&](u64 value, std::string text) {
      sheet.expect([&](Assembler& out) { out.move_immediate(a, value); }, std::move(text));
    };
    immediate(0, format("xor {}, {}", name(Width::w32, a), name(Width::w32, a)));
    immediate(1, format("mov {}, 1", name(Width::w32, a)));
    immediate(0xffffffff, format("mov {}, 4294967295", name(Width::w32, a)));
    immediate(~u64{1}, format("mov {}, -2", name(Width::w64, a)));
    immediate(0xffffffff80000000, format("mov {}, -2147483648", name(Width::w64, a)));
    immediate(0xffffffff7fffffff, format("movabs {}, -2147483649", name(Width::w64, a)));
    immediate(0x123456789abcdef0, format("movabs {}, 1311768467463790320", name(Width::w64, a)));
    sheet.expect([&](Assembler& out) { out.push(a); }, format("push {}", name(Width::w64, a)));
    sheet.expect([&](Assembler& out) { out.pop(a); }, format("pop {}", name(Width::w64, a)));
  }
}

TEST_F(AssemblerForms, sixteen_bytes_at_once) {
  sheet.expect([&](Assembler& out) { out.clear_wide(); }, "xorps xmm0, xmm0");
  each_memory([&](const Operand& place) {
    const std::string text = name(place, "xmmword");
    sheet.expect([&](Assembler& out) { out.load_wide(place); }, format("movups xmm0, {}", text));
    sheet.expect([&](Assembler& out) { out.store_wide(place); }, format("movups {}, xmm0", text));
  });
}

TEST_F(AssemblerForms, loads_and_stores) {
  for (Width w : every<Width>()) {
    const bool narrow = w == Width::w8 || w == Width::w16;
    each_memory([&](const Operand& place) {
      const std::string text = name(place, kPointers[w]);
      for (Reg a : {Reg::rax, Reg::rsi, Reg::r12}) {
        sheet.expect([&](Assembler& out) { out.load(w, a, place); },
                     format("{} {}, {}", narrow ? "movzx" : "mov",
                            name(w == Width::w64 ? w : Width::w32, a), text));
        sheet.expect([&](Assembler& out) { out.store(w, place, a); },
                     format("mov {}, {}", text, name(w, a)));
        if (w != Width::w64) {
          sheet.expect([&](Assembler& out) { out.load_signed(w, a, place); },
                       format("{} {}, {}", narrow ? "movsx" : "movsxd", name(Width::w64, a), text));
        }
      }
      sheet.expect([&](Assembler& out) { out.store_immediate(w, place, -2); },
                   format("mov {}, {}", text, shown(w, -2, Encoded::whole)));
    });
    for (Reg a : every_register()) {
      sheet.expect([&](Assembler& out) { out.store(w, memory(Reg::rdi, 0), a); },
                   format("mov {} ptr [rdi], {}", kPointers[w], name(w, a)));
    }
  }
}

TEST_F(AssemblerForms, extensions_and_addresses) {
  each_pair([&](Reg a, Reg b) {
    for (Width from : {Width::w8, Width::w16}) {
      sheet.expect([&](Assembler& out) { out.extend(from, a, b); },
                   format("movzx {}, {}", name(Width::w32, a), name(from, b)));
      for (Width to : kWide) {
        sheet.expect([&](Assembler& out) { out.extend_signed(from, to, a, b); },
                     format("movsx {}, {}", name(to, a), name(from, b)));
      }
    }
    sheet.expect([&](Assembler& out) { out.extend_signed(Width::w32, Width::w64, a, b); },
                 format("movsxd {}, {}", name(Width::w64, a), name(Width::w32, b)));
  });
  for (Width w : kWide) {
    each_memory([&](const Operand& place) {
      sheet.expect([&](Assembler& out) { out.load_address(w, Reg::r10, place); },
                   format("lea {}, {}", name(w, Reg::r10), name(place, "")));
    });
  }
}

TEST_F(AssemblerForms, shifts_and_swaps) {
  for (Reg a : every_register()) {
    for (Width w : kWide) {
      for (Shift op : every<Shift>()) {
        const std::string_view mnemonic = kShiftNames[op];
        sheet.expect([&](Assembler& out) { out.shift(op, w, a, 1); },
                     format("{} {}", mnemonic, name(w, a)));
        sheet.expect([&](Assembler& out) { out.shift(op, w, a, 31); },
                     format("{} {}, 31", mnemonic, name(w, a)));
        sheet.expect([&](Assembler& out) { out.shift_by_cl(op, w, a); },
                     format("{} {}, cl", mnemonic, name(w, a)));
        for (Reg b : every_register()) {
          sheet.expect(
              [&](Assembler& out) { out.shift_by(op, w, a, direct(b), Reg::rcx); },
              format("{}x {}, {}, {}", mnemonic, name(w, a), name(w, b), name(w, Reg::rcx)));
          sheet.expect(
              [&](Assembler& out) { out.shift_by(op, w, Reg::rdx, direct(a), b); },
              format("{}x {}, {}, {}", mnemonic, name(w, Reg::rdx), name(w, a), name(w, b)));
        }
      }
      sheet.expect([&](Assembler& out) { out.swap_bytes(w, a); }, format("bswap {}", name(w, a)));
    }
    for (Width w : {Width::w16, Width::w32, Width::w64}) {
      sheet.expect([&](Assembler& out) { out.rotate_left(w, a, 8); },
                   format("rol {}, 8", name(w, a)));
    }
    for (Width w : kWide) {
      for (Reg b : every_register()) {
        sheet.expect([&](Assembler& out) { out.rotate_right(w, a, b, 19); },
                     format("rorx {}, {}, 19", name(w, a), name(w, b)));
      }
    }
  }
}

TEST_F(AssemblerForms, conditional_moves) {
  constexpr std::array<std::string_view, 16> kNames = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                                       "s", "ns", "p", "np", "l", "ge", "le", "g"};
  for (u8 at = 0; at < kNames.size(); ++at) {
    for (Width w : kWide) {
      each_pair([&](Reg a, Reg b) {
        sheet.expect([&](Assembler& out) { out.move_if(static_cast<Condition>(at), w, a, b); },
                     format("cmov{} {}, {}", kNames[at], name(w, a), name(w, b)));
      });
    }
  }
}

TEST_F(AssemblerForms, multiplications_and_divisions) {
  for (Width w : kWide) {
    each_pair([&](Reg a, Reg b) {
      sheet.expect([&](Assembler& out) { out.multiply(w, a, direct(b)); },
                   format("imul {}, {}", name(w, a), name(w, b)));
      for (s32 immediate : {3, -129}) {
        sheet.expect([&](Assembler& out) { out.multiply(w, a, direct(b), immediate); },
                     format("imul {}, {}, {}", name(w, a), name(w, b),
                            shown(w, immediate, Encoded::byte_if_it_fits)));
      }
    });
    for (Unary op : every<Unary>()) {
      for (Reg a : every_register()) {
        sheet.expect([&](Assembler& out) { out.unary(op, w, direct(a)); },
                     format("{} {}", kUnaryNames[op], name(w, a)));
      }
    }
    sheet.expect([&](Assembler& out) { out.sign_into_rdx(w); }, w == Width::w64 ? "cqo" : "cdq");
  }
}

TEST_F(AssemblerForms, atomic_operations) {
  for (Width w : every<Width>()) {
    each_memory([&](const Operand& place) {
      for (Reg a : {Reg::rbx, Reg::rdi, Reg::r14}) {
        const std::string operands = name(place, kPointers[w]) + ", " + name(w, a);
        sheet.expect([&](Assembler& out) { out.exchange(w, place, a); }, "xchg " + operands);
        if (w != Width::w32 && w != Width::w64) continue;
        for (Lock lock : {Lock::no, Lock::yes}) {
          const std::string prefix = lock == Lock::yes ? "lock " : "";
          sheet.expect([&](Assembler& out) { out.exchange_add(lock, w, place, a); },
                       prefix + "xadd " + operands);
          sheet.expect([&](Assembler& out) { out.compare_exchange(lock, w, place, a); },
                       prefix + "cmpxchg " + operands);
          sheet.expect([&](Assembler& out) { out.arithmetic(lock, Arithmetic::or_, w, place, a); },
                       prefix + "or " + operands);
        }
      }
    });
  }
}

TEST_F(AssemblerForms, transfers) {
  for (Reg a : every_register()) {
    sheet.expect([&](Assembler& out) { out.jump(direct(a)); }, "jmp " + name(Width::w64, a));
    sheet.expect([&](Assembler& out) { out.call(direct(a)); }, "call " + name(Width::w64, a));
  }
  each_memory([&](const Operand& place) {
    const std::string text = name(place, "qword");
    sheet.expect([&](Assembler& out) { out.push(place); }, "push " + text);
    sheet.expect([&](Assembler& out) { out.pop(place); }, "pop " + text);
    sheet.expect([&](Assembler& out) { out.call(place); }, "call " + text);
    sheet.expect([&](Assembler& out) { out.jump(place); }, "jmp " + text);
  });
  sheet.expect([](Assembler& out) { out.ret(); }, "ret");
  sheet.expect([](Assembler& out) { out.trap(); }, "ud2");
  constexpr std::array<std::string_view, 16> kConditions = {"jo",  "jno", "jb",  "jae", "je", "jne",
                                                            "jbe", "ja",  "js",  "jns", "jp", "jnp",
                                                            "jl",  "jge", "jle", "jg"};
  for (u8 at = 0; at < kConditions.size(); ++at) {
    sheet.expect(
        [&](Assembler& out) {
          const Label here = out.make_label();
          out.bind(here);
          out.jump_if(static_cast<Condition>(at), here);
        },
        format("{} -2", kConditions[at]));
  }
}

// ---- lengths of jumps ----

std::vector<u8> jump_over(u32 filler) {
  Assembler out;
  const Label end = out.make_label();
  out.jump(end);
  for (u32 at = 0; at < filler; ++at) out.ret();
  out.bind(end);
  return out.link().code;
}

TEST(AssemblerJumps, are_short_where_they_reach) {
  EXPECT_EQ(jump_over(127)[0], 0xeb);
  EXPECT_EQ(jump_over(127)[1], 127);
  EXPECT_EQ(jump_over(127).size(), 2u + 127);
  EXPECT_EQ(jump_over(128)[0], 0xe9);
  EXPECT_EQ(jump_over(128)[1], 128);
  EXPECT_EQ(jump_over(128).size(), 5u + 128);
}

TEST(AssemblerJumps, one_that_grows_pushes_another_out_of_reach) {
  Assembler out;
  const Label first = out.make_label();
  const Label second = out.make_label();
  out.jump_if(Condition::e, first);  // reaches only while the next jump is short
  out.jump(second);
  for (u32 at = 0; at < 125; ++at) out.ret();
  out.bind(first);
  for (u32 at = 0; at < 4; ++at) out.ret();
  out.bind(second);
  const Linked linked = out.link();
  EXPECT_EQ(linked.code[0], 0x0f);
  EXPECT_EQ(linked.code[6], 0xe9);
  EXPECT_EQ(linked.labels[first.number], 6u + 5 + 125);
  EXPECT_EQ(linked.labels[second.number], 6u + 5 + 129);
  EXPECT_EQ(linked.code[2], 5 + 125);
  EXPECT_EQ(linked.code[7], 129);
}

TEST(AssemblerJumps, backward_distances_count_the_jump_itself) {
  for (u32 filler : {126u, 127u}) {
    Assembler out;
    const Label begin = out.make_label();
    out.bind(begin);
    for (u32 at = 0; at < filler; ++at) out.ret();
    out.jump(begin);
    const auto code = out.link().code;
    EXPECT_EQ(code[filler], filler == 126 ? 0xeb : 0xe9);
    EXPECT_EQ(code.size(), filler == 126 ? 128u : 132u);
    EXPECT_EQ(code[filler + 1], static_cast<u8>(filler == 126 ? -128 : -132));
  }
}

TEST(AssemblerJumps, outside_calls_know_their_place) {
  Assembler out;
  const Label end = out.make_label();
  out.jump(end);
  out.call_outside(0x1234);
  out.bind(end);
  const Linked linked = out.link();
  ASSERT_EQ(linked.calls.size(), 1u);
  EXPECT_EQ(linked.calls[0].offset, 3u);
  EXPECT_EQ(linked.calls[0].target, 0x1234u);
  EXPECT_EQ(linked.code.size(), 7u);
}

}  // namespace
}  // namespace skep::jit::x86_64
