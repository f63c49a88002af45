// Instructions of the aarch64 assembler beside their text, for llvm-mc to compare.
#pragma once

#include <array>
#include <functional>
#include <set>

#include "base/text.hpp"
#include "jit/aarch64/assembler.hpp"
#include "llvm_tools.hpp"

namespace skep::jit::aarch64 {

inline constexpr std::array<Width, 2> kWide = {Width::w32, Width::w64};
inline constexpr u32 kWordBytes = 4;

inline std::string name(Width width, Reg reg) {
  const bool wide = width == Width::w64;
  if (reg == Reg::sp) return wide ? "sp" : "wsp";
  if (reg == Reg::zr) return wide ? "xzr" : "wzr";
  return format("{}{}", wide ? "x" : "w", static_cast<u32>(reg));
}
inline std::string name(Reg reg) { return name(Width::w64, reg); }
inline constexpr EnumArray<Width, std::string_view> kSuffixes(
    {{Width::w8, "b"}, {Width::w16, "h"}, {Width::w32, ""}, {Width::w64, ""}});

// x0 to x30 and zr.
inline std::vector<Reg> every_register() {
  std::vector<Reg> out;
  for (u8 number = 0; number < 31; ++number) out.push_back(static_cast<Reg>(number));
  out.push_back(Reg::zr);
  return out;
}

inline std::vector<u8> code_of(const std::function<void(Assembler&)>& emit) {
  Assembler assembler;
  emit(assembler);
  return assembler.link().code;
}

inline constexpr std::array<std::string_view, 14> kConditionNames = {
    "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"};

// All that there are (DDI 0487, DecodeBitMasks): ones in an element of 2 to 64 bits, rotated.
inline std::set<u64> every_mask() {
  std::set<u64> out;
  for (u32 bits = 2; bits <= 64; bits *= 2) {
    for (u32 ones = 1; ones < bits; ++ones) {
      for (u32 rotated = 0; rotated < bits; ++rotated) {
        u64 value = 0;
        for (u32 bit = 0; bit < 64; ++bit) {
          if ((bit + rotated) % bits < ones) value |= u64{1} << bit;
        }
        out.insert(value);
      }
    }
  }
  return out;
}

// Each register in each of three places.
void each_three(auto make) {
  for (Reg r : every_register()) {
    make(Three{r, Reg::x1, Reg::x2});
    make(Three{Reg::x3, r, Reg::x4});
    make(Three{Reg::x5, Reg::x30, r});
  }
}

void each_pair(auto make) {
  for (Reg r : every_register()) {
    make(r, Reg::x9);
    make(Reg::x10, r);
  }
}

class Aarch64Forms : public test::LlvmTools {
 protected:
  // Collects instructions with their text, and asks the assembler about all at once.
  void expect(const std::function<void(Assembler&)>& emit, const std::string& text) {
    texts_ += text + "\n";
    wanted_.emplace_back(code_of(emit), text);
  }
  // Only the instructions from `begin` on that `text` has lines.
  void expect_part(const std::vector<u8>& code, std::size_t begin, const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line); begin += kWordBytes) {
      ASSERT_LE(begin + kWordBytes, code.size()) << text;
      texts_ += line + "\n";
      wanted_.emplace_back(std::vector<u8>(&code[begin], &code[begin] + kWordBytes), line);
    }
  }

  void TearDown() override {
    if (!IsSkipped() && !HasFailure()) check();
    LlvmTools::TearDown();
  }

 private:
  void check() {
    ASSERT_FALSE(wanted_.empty());
    write("forms.s", texts_);
    const std::string listing =
        run("llvm-mc-19 --triple=aarch64 --mattr=+lse --show-encoding forms.s");
    std::istringstream lines(listing);
    std::size_t at = 0;
    for (std::string line; std::getline(lines, line);) {
      const auto begin = line.find("// encoding: [");
      if (begin == std::string::npos) continue;
      ASSERT_LT(at, wanted_.size());
      const auto& [code, text] = wanted_[at++];
      std::string got;
      for (u8 byte : code) {
        got += format("{}0x{}{:x}", got.empty() ? "" : ",", byte < 16 ? "0" : "", byte);
      }
      ASSERT_EQ(got, line.substr(begin + 14, line.rfind(']') - begin - 14)) << text;
    }
    EXPECT_EQ(at, wanted_.size()) << "lines that the assembler took";
  }

  std::string texts_;
  std::vector<std::pair<std::vector<u8>, std::string>> wanted_;
};

}  // namespace skep::jit::aarch64
