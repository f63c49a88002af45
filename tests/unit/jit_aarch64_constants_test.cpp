// Constants of the aarch64 assembler: their value, and how few instructions they take beside
// clang.
#include <map>
#include <random>

#include "jit_aarch64_forms.hpp"

namespace skep::jit::aarch64 {
namespace {

std::vector<u64> constants() {
  std::vector<u64> out = {0,
                          1,
                          0xffff,
                          0x10000,
                          0x12345678,
                          0xffff1234,
                          0x1234ffff,
                          0xffffffff,
                          ~u64{0},
                          ~u64{1},
                          0xffffffff00000000,
                          0x100000000,
                          0x123456789abcdef0,
                          0xffff123456789abc,
                          0x0000ffff1234ffff,
                          0xaaaaaaaaaaaaaaaa,
                          0xaaaaaaaa1234aaaa,
                          0x7fffffffffffffff,
                          0x8000000000000000,
                          0xff00ff00ff00ff00,
                          0x00ff00ff00ff1234,
                          0x7fffffff,
                          0xfffffffe,
                          0xaaaaaaaa,
                          0x7f007f00};
  std::mt19937_64 random(1);
  const std::array<u64, 6> quarters = {0, 0xffff, 0x5555, 0x1234, 0xff00, 0x8001};
  for (u64 a : quarters) {
    for (u64 b : quarters) {
      for (u64 c : quarters) {
        for (u64 d : quarters) out.push_back(a | b << 16 | c << 32 | d << 48);
      }
    }
  }
  for (u32 at = 0; at < 500; ++at) out.push_back(random() >> random() % 64);
  for (u64 mask : every_mask()) {
    if (random() % 16 == 0) out.push_back(mask);
  }
  return out;
}

// What TEST_F(masks) compares with the assembler, the other way round.
u64 mask_of_field(u32 field) {
  static const std::map<u32, u64> masks = [] {
    std::map<u32, u64> out;
    for (u64 mask : every_mask()) out[bit_mask(Width::w64, mask).value_or(0)] = mask;
    return out;
  }();
  return masks.at(field);
}

// What a sequence of movz, movn, movk and orr with zr leaves in x9; nothing when there is another.
std::optional<u64> value_of(const std::vector<u8>& code) {
  std::optional<u64> value;
  for (std::size_t at = 0; at < code.size(); at += kWordBytes) {
    u32 word = 0;
    std::memcpy(&word, &code[at], sizeof word);
    const bool wide = word >> 31 != 0;
    const u32 shift = (word >> 21 & 3) * 16;
    const u64 part = u64{word >> 5 & 0xffff} << shift;
    if ((word & 31) != 9) return std::nullopt;
    if (word == 0xaa098129) {  // orr x9, x9, x9, lsl #32
      value = value.value() | value.value() << 32;
      continue;
    }
    switch (word & 0x7f800000) {
      case 0x12800000: value = ~part; break;
      case 0x52800000: value = part; break;
      case 0x72800000: value = (value.value() & ~(u64{0xffff} << shift)) | part; break;
      case 0x32000000: value = mask_of_field(word >> 10 & 0x1fff); break;
      default: return std::nullopt;
    }
    if (!wide) *value &= 0xffffffff;
  }
  return value;
}

// How many instructions clang takes for each of the constants.
std::vector<u32> counts_of(const std::string& assembly) {
  std::vector<u32> out;
  u32 count = 0;
  std::istringstream lines(assembly);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("\t") || line.starts_with("\t.")) continue;
    if (line.starts_with("\tret"))
      out.push_back(std::exchange(count, 0));
    else
      ++count;
  }
  return out;
}

// Clang also makes constants by and, or and exclusive or of two masks: hardly any.
TEST_F(Aarch64Forms, constants_take_as_few_instructions_as_clang_needs) {
  const std::vector<u64> values = constants();
  std::string source;
  for (std::size_t at = 0; at < values.size(); ++at) {
    source += format("unsigned long f{}(void) ", at);
    source += "{ return " + std::to_string(values[at]) + "ul; }\n";
  }
  write("constants.c", source);
  const std::vector<u32> counts =
      counts_of(run("clang-19 --target=aarch64-linux-gnu -O2 -S -o - constants.c"));
  ASSERT_EQ(counts.size(), values.size());
  std::size_t longer = 0;
  for (std::size_t at = 0; at < values.size(); ++at) {
    const auto code = code_of([&](Assembler& a) { a.move_immediate(Reg::x9, values[at]); });
    const u32 count = static_cast<u32>(code.size()) / kWordBytes;
    ASSERT_EQ(value_of(code), values[at]) << format("0x{:x}", values[at]);
    ASSERT_LE(count, counts[at] + 1) << format("0x{:x}", values[at]);
    if (count > counts[at]) ++longer;
  }
  EXPECT_LE(longer, values.size() / 200) << "of " << values.size();
  expect([](Assembler& a) { a.move_immediate(Reg::x9, 0x1234); }, "mov w9, #0x1234");
}

}  // namespace
}  // namespace skep::jit::aarch64
