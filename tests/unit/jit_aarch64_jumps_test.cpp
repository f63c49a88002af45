// Jumps and calls of the aarch64 assembler, up to and beyond what each reaches, against llvm-mc.
#include "jit_aarch64_forms.hpp"

namespace skep::jit::aarch64 {
namespace {

struct Jumping {
  std::function<void(Assembler&, Label)> emit;
  std::string text;
  std::string opposite;  // empty: always reaches
  s64 reach = 0;         // bytes
};

std::vector<Jumping> every_jump() {
  std::vector<Jumping> out;
  constexpr s64 kFar = s64{1} << 20, kOfBits = s64{1} << 15;
  for (u8 at = 0; at < kConditionNames.size(); ++at) {
    out.push_back({[at](Assembler& a, Label l) { a.jump_if(static_cast<Condition>(at), l); },
                   format("b.{} ", kConditionNames[at]), format("b.{} ", kConditionNames[at ^ 1]),
                   kFar});
  }
  for (Width w : kWide) {
    for (Reg r : {Reg::x0, Reg::x19, Reg::x30}) {
      const std::string operand = name(w, r) + ", ";
      out.push_back({[w, r](Assembler& a, Label l) { a.jump_if_zero(w, r, l); }, "cbz " + operand,
                     "cbnz " + operand, kFar});
      out.push_back({[w, r](Assembler& a, Label l) { a.jump_unless_zero(w, r, l); },
                     "cbnz " + operand, "cbz " + operand, kFar});
    }
  }
  for (u8 bit : {u8{0}, u8{31}, u8{32}, u8{63}}) {
    const std::string operand = format("x7, #{}, ", bit);
    out.push_back({[bit](Assembler& a, Label l) { a.jump_if_bit(Bit::one, Reg::x7, bit, l); },
                   "tbnz " + operand, "tbz " + operand, kOfBits});
    out.push_back({[bit](Assembler& a, Label l) { a.jump_if_bit(Bit::zero, Reg::x7, bit, l); },
                   "tbz " + operand, "tbnz " + operand, kOfBits});
  }
  out.push_back({[](Assembler& a, Label l) { a.jump(l); }, "b ", "", 0});
  out.push_back({[](Assembler& a, Label l) { a.call(l); }, "bl ", "", 0});
  return out;
}

// As written in one instruction, or as the opposite over a jump.
std::string expected_jump(const Jumping& jump, s64 distance) {
  const bool near = jump.opposite.empty() || (distance >= -jump.reach && distance < jump.reach);
  if (near) return format("{}#{}", jump.text, distance);
  return format("{}#8\nb #{}", jump.opposite, distance - kWordBytes);
}

TEST_F(Aarch64Forms, jumps_forward) {
  for (const Jumping& jump : every_jump()) {
    for (s64 words : {s64{0}, s64{5}, jump.reach / kWordBytes - 2, jump.reach / kWordBytes - 1}) {
      if (words < 0) continue;
      const std::vector<u8> code = code_of([&](Assembler& a) {
        const Label there = a.make_label();
        jump.emit(a, there);
        for (s64 at = 0; at < words; ++at) a.trap();
        a.bind(there);
      });
      // Where one instruction does not reach, the second one pushes the target away.
      const u64 length = code.size() - static_cast<u64>(words) * kWordBytes;
      const auto distance = static_cast<s64>(code.size());
      EXPECT_EQ(length, words == jump.reach / kWordBytes - 1 && jump.reach != 0 ? 8u : 4u);
      expect_part(code, 0, expected_jump(jump, distance));
    }
  }
}

TEST_F(Aarch64Forms, jumps_backward) {
  for (const Jumping& jump : every_jump()) {
    for (s64 words : {s64{0}, s64{5}, jump.reach / kWordBytes, jump.reach / kWordBytes + 1}) {
      const std::vector<u8> code = code_of([&](Assembler& a) {
        const Label there = a.make_label();
        a.bind(there);
        for (s64 at = 0; at < words; ++at) a.trap();
        jump.emit(a, there);
      });
      const s64 distance = -words * kWordBytes;
      expect_part(code, static_cast<std::size_t>(-distance), expected_jump(jump, distance));
    }
  }
}

TEST_F(Aarch64Forms, other_transfers) {
  for (Reg r : every_register()) {
    if (r == Reg::zr) continue;
    expect([&](Assembler& a) { a.jump(r); }, "br " + name(r));
    expect([&](Assembler& a) { a.call(r); }, "blr " + name(r));
  }
  expect([](Assembler& a) { a.ret(); }, "ret");
  expect([](Assembler& a) { a.trap(); }, "udf #0");
}

TEST_F(Aarch64Forms, calls_of_outside_functions) {
  constexpr u64 kAddress = 0x5000'0000;
  for (s64 distance : {s64{4}, s64{-4}, (s64{1} << 27) - 4, -(s64{1} << 27)}) {
    ASSERT_TRUE(call_reaches(distance));
    Assembler assembler;
    assembler.ret();
    assembler.call_outside(kAddress + kWordBytes + static_cast<u64>(distance));
    Linked linked = assembler.link();
    resolve_calls(linked, kAddress);
    expect_part(linked.code, kWordBytes, format("bl #{}", distance));
  }
  EXPECT_FALSE(call_reaches(s64{1} << 27));
  EXPECT_FALSE(call_reaches(-(s64{1} << 27) - 4));
}

}  // namespace
}  // namespace skep::jit::aarch64
