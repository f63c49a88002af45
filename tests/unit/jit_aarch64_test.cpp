// Every form of the aarch64 assembler, with every register and the edges of each immediate field,
// against the bytes that llvm-mc makes of the text; constants against what clang needs for them.
#include <array>
#include <functional>
#include <map>
#include <random>
#include <set>

#include "base/text.hpp"
#include "jit/aarch64/assembler.hpp"
#include "llvm_tools.hpp"

namespace skep::jit::aarch64 {
namespace {

constexpr std::array<Width, 2> kWide = {Width::w32, Width::w64};
constexpr u32 kWordBytes = 4;

std::string name(Width width, Reg reg) {
  const bool wide = width == Width::w64;
  if (reg == Reg::sp) return wide ? "sp" : "wsp";
  if (reg == Reg::zr) return wide ? "xzr" : "wzr";
  return format("{}{}", wide ? "x" : "w", static_cast<u32>(reg));
}
std::string name(Reg reg) { return name(Width::w64, reg); }
// As data of a width: two names do for four.
std::string data_name(Width width, Reg reg) {
  return name(width == Width::w64 ? width : Width::w32, reg);
}

// x0 to x30 and zr.
std::vector<Reg> every_register() {
  std::vector<Reg> out;
  for (u8 number = 0; number < 31; ++number) out.push_back(static_cast<Reg>(number));
  out.push_back(Reg::zr);
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

std::string names(Width w, const Three& r) {
  return format("{}, {}, {}", name(w, r.dst), name(w, r.left), name(w, r.right));
}

std::vector<u8> code_of(const std::function<void(Assembler&)>& emit) {
  Assembler assembler;
  emit(assembler);
  return assembler.link().code;
}

constexpr EnumArray<Arithmetic, std::string_view> kArithmeticNames({{Arithmetic::add, "add"},
                                                                    {Arithmetic::adds, "adds"},
                                                                    {Arithmetic::sub, "sub"},
                                                                    {Arithmetic::subs, "subs"}});
constexpr EnumArray<Logical, std::string_view> kLogicalNames({{Logical::and_, "and"},
                                                              {Logical::or_, "orr"},
                                                              {Logical::xor_, "eor"},
                                                              {Logical::ands, "ands"},
                                                              {Logical::and_not, "bic"},
                                                              {Logical::or_not, "orn"},
                                                              {Logical::xor_not, "eon"},
                                                              {Logical::ands_not, "bics"}});
constexpr EnumArray<Shift, std::string_view> kShiftNames(
    {{Shift::lsl, "lsl"}, {Shift::lsr, "lsr"}, {Shift::asr, "asr"}, {Shift::ror, "ror"}});
constexpr EnumArray<Division, std::string_view> kDivisionNames({{Division::udiv, "udiv"},
                                                                {Division::sdiv, "sdiv"}});
constexpr EnumArray<Select, std::string_view> kSelectNames({{Select::csel, "csel"},
                                                            {Select::csinc, "csinc"},
                                                            {Select::csinv, "csinv"},
                                                            {Select::csneg, "csneg"}});
constexpr EnumArray<Update, std::string_view> kUpdateNames({{Update::add, "ldadd"},
                                                            {Update::clear, "ldclr"},
                                                            {Update::xor_, "ldeor"},
                                                            {Update::set, "ldset"},
                                                            {Update::swap, "swp"}});
constexpr EnumArray<Width, std::string_view> kSuffixes(
    {{Width::w8, "b"}, {Width::w16, "h"}, {Width::w32, ""}, {Width::w64, ""}});
constexpr std::array<std::string_view, 14> kConditionNames = {
    "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"};

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

TEST_F(Aarch64Forms, arithmetic) {
  for (Width w : kWide) {
    for (Arithmetic op : every<Arithmetic>()) {
      each_three([&](Three r) {
        expect([&](Assembler& a) { a.arithmetic(op, w, r); },
               format("{} {}", kArithmeticNames[op], names(w, r)));
        r.shift = 31;
        expect([&](Assembler& a) { a.arithmetic(op, w, r); },
               format("{} {}, lsl #31", kArithmeticNames[op], names(w, r)));
      });
      const bool flags = op == Arithmetic::adds || op == Arithmetic::subs;
      for (u64 immediate : {u64{0}, u64{1}, u64{0xfff}, u64{0x1000}, u64{0xfff000}}) {
        ASSERT_TRUE(is_arithmetic_immediate(immediate));
        const std::string shown =
            immediate < 0x1000 ? format("#{}", immediate) : format("#{}, lsl #12", immediate >> 12);
        each_pair([&](Reg dst, Reg left) {
          if (left == Reg::zr) left = Reg::sp;
          if (dst == Reg::zr && !flags) dst = Reg::sp;
          expect([&](Assembler& a) { a.arithmetic(op, w, dst, left, immediate); },
                 format("{} {}, {}, {}", kArithmeticNames[op], name(w, dst), name(w, left), shown));
        });
      }
    }
  }
  for (u64 refused : {u64{0x1001}, u64{0x1000000}, ~u64{0}}) {
    EXPECT_FALSE(is_arithmetic_immediate(refused));
  }
}

TEST_F(Aarch64Forms, logical) {
  for (Width w : kWide) {
    for (Logical op : every<Logical>()) {
      each_three([&](Three r) {
        expect([&](Assembler& a) { a.logical(op, w, r); },
               format("{} {}", kLogicalNames[op], names(w, r)));
        r.shift = 7;
        expect([&](Assembler& a) { a.logical(op, w, r); },
               format("{} {}, lsl #7", kLogicalNames[op], names(w, r)));
      });
      if (op > Logical::ands) continue;
      each_pair([&](Reg dst, Reg left) {
        if (dst == Reg::zr && op != Logical::ands) dst = Reg::x0;
        expect([&](Assembler& a) { a.logical(op, w, dst, left, 0xff00); },
               format("{} {}, {}, #0xff00", kLogicalNames[op], name(w, dst), name(w, left)));
      });
    }
    each_pair([&](Reg dst, Reg src) {
      expect([&](Assembler& a) { a.move(w, dst, src); },
             format("mov {}, {}", name(w, dst), name(w, src)));
    });
  }
}

// All that there are (DDI 0487, DecodeBitMasks): ones in an element of 2 to 64 bits, rotated.
std::set<u64> every_mask() {
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

TEST_F(Aarch64Forms, masks) {
  const std::set<u64> masks = every_mask();
  EXPECT_EQ(masks.size(), 5334u);
  for (u64 mask : masks) {
    ASSERT_TRUE(bit_mask(Width::w64, mask)) << mask;
    expect([&](Assembler& a) { a.logical(Logical::and_, Width::w64, Reg::x1, Reg::x2, mask); },
           format("and x1, x2, #0x{:x}", mask));
    if (mask >> 32 == (mask & 0xffffffff)) {
      expect([&](Assembler& a) { a.logical(Logical::or_, Width::w32, Reg::x1, Reg::x2, mask); },
             format("orr w1, w2, #0x{:x}", mask & 0xffffffff));
    }
    for (u32 bit = 0; bit < 64; ++bit) {
      const u64 near = mask ^ u64 { 1 } << bit;
      ASSERT_EQ(bit_mask(Width::w64, near).has_value(), masks.contains(near)) << near;
    }
  }
}

TEST_F(Aarch64Forms, shifts_and_extensions) {
  for (Width w : kWide) {
    for (Shift op : every<Shift>()) {
      each_three([&](Three r) {
        expect([&](Assembler& a) { a.shift_by(op, w, r); },
               format("{} {}", kShiftNames[op], names(w, r)));
      });
      if (op == Shift::ror) continue;
      for (u8 count : {u8{0}, u8{1}, u8{31}, static_cast<u8>(bits_of(w) - 1)}) {
        each_pair([&](Reg dst, Reg src) {
          expect([&](Assembler& a) { a.shift(op, w, dst, src, count); },
                 format("{} {}, {}, #{}", kShiftNames[op], name(w, dst), name(w, src), count));
        });
      }
    }
    each_pair([&](Reg dst, Reg src) {
      expect([&](Assembler& a) { a.rotate_right(w, dst, src, 19); },
             format("ror {}, {}, #19", name(w, dst), name(w, src)));
      expect([&](Assembler& a) { a.swap_bytes(w, dst, src); },
             format("rev {}, {}", name(w, dst), name(w, src)));
      for (Width from : {Width::w8, Width::w16}) {
        expect([&](Assembler& a) { a.extend_signed(from, w, dst, src); },
               format("sxt{} {}, {}", kSuffixes[from], name(w, dst), name(Width::w32, src)));
      }
    });
  }
  each_pair([&](Reg dst, Reg src) {
    const std::string operands = name(Width::w32, dst) + ", " + name(Width::w32, src);
    expect([&](Assembler& a) { a.extend(Width::w8, dst, src); }, "uxtb " + operands);
    expect([&](Assembler& a) { a.extend(Width::w16, dst, src); }, "uxth " + operands);
    expect([&](Assembler& a) { a.swap_bytes(Width::w16, dst, src); }, "rev16 " + operands);
    expect([&](Assembler& a) { a.extend_signed(Width::w32, Width::w64, dst, src); },
           "sxtw " + name(dst) + ", " + name(Width::w32, src));
  });
}

TEST_F(Aarch64Forms, multiplications_divisions_and_selections) {
  for (Width w : kWide) {
    each_three([&](Three r) {
      expect([&](Assembler& a) { a.multiply(w, r); }, "mul " + names(w, r));
      for (Reg third : {Reg::x0, Reg::x22, Reg::zr}) {
        const std::string operands = names(w, r) + ", " + name(w, third);
        expect([&](Assembler& a) { a.multiply_add(w, r, third); }, "madd " + operands);
        expect([&](Assembler& a) { a.multiply_subtract(w, r, third); }, "msub " + operands);
      }
      for (Division op : every<Division>()) {
        expect([&](Assembler& a) { a.divide(op, w, r); },
               format("{} {}", kDivisionNames[op], names(w, r)));
      }
      for (Select op : every<Select>()) {
        for (u8 condition = 0; condition < kConditionNames.size(); ++condition) {
          expect([&](Assembler& a) { a.select(op, w, r, static_cast<Condition>(condition)); },
                 format("{} {}, {}", kSelectNames[op], names(w, r), kConditionNames[condition]));
        }
      }
    });
  }
}

// Both forms at the edges of their reach: a multiple of the width, or a byte between -256 and 255.
std::vector<s32> offsets_of(Width w) {
  const auto last = static_cast<s32>(0xfff * bytes_of(w));
  std::vector<s32> out = {0, last, -1, -256, static_cast<s32>(bytes_of(w))};
  if (w != Width::w8) out.insert(out.end(), {1, 255});
  return out;
}

TEST_F(Aarch64Forms, loads_and_stores) {
  for (Width w : every<Width>()) {
    const auto all = [&](Memory place, Reg reg, const std::string& infix,
                         const std::string& operand) {
      const std::string data = data_name(w, reg) + ", " + operand;
      expect([&](Assembler& a) { a.load(w, reg, place); },
             format("ld{}r{} {}", infix, kSuffixes[w], data));
      expect([&](Assembler& a) { a.store(w, place, reg); },
             format("st{}r{} {}", infix, kSuffixes[w], data));
      if (w == Width::w64) return;
      expect([&](Assembler& a) { a.load_signed(w, reg, place); },
             format("ld{}rs{} {}, {}", infix, w == Width::w32 ? "w" : kSuffixes[w], name(reg),
                    operand));
    };
    for (s32 offset : offsets_of(w)) {
      ASSERT_TRUE(reaches(w, offset));
      const bool scaled = offset >= 0 && offset % static_cast<s32>(bytes_of(w)) == 0;
      each_pair([&](Reg reg, Reg base) {
        if (base == Reg::zr) base = Reg::sp;
        all(memory(base, offset), reg, scaled ? "" : "u", format("[{}, #{}]", name(base), offset));
      });
    }
    each_three([&](Three r) {
      if (r.left == Reg::zr) r.left = Reg::sp;
      Memory place = memory(r.left, r.right);
      const std::string operand = format("[{}, {}", name(r.left), name(r.right));
      all(place, r.dst, "", operand + "]");
      if (w == Width::w8) return;
      place.scaled = true;
      all(place, r.dst, "", format("{}, lsl #{}]", operand, static_cast<u32>(w)));
    });
    const auto bytes = static_cast<s64>(bytes_of(w));
    EXPECT_FALSE(reaches(w, 0x1000 * bytes));
    EXPECT_FALSE(reaches(w, -257));
    EXPECT_EQ(reaches(w, 257), w == Width::w8);
  }
}

TEST_F(Aarch64Forms, pairs) {
  for (s32 offset : {0, 8, 504, -8, -512}) {
    each_three([&](Three r) {
      if (r.right == Reg::zr) r.right = Reg::sp;
      if (r.dst == r.left || r.dst == r.right || r.left == r.right) return;
      const std::string data = name(r.dst) + ", " + name(r.left) + ", ";
      const std::string inside = format("[{}, #{}]", name(r.right), offset);
      for (Indexing indexing : every<Indexing>()) {
        const std::string operand = indexing == Indexing::offset ? inside
                                    : indexing == Indexing::before
                                        ? inside + "!"
                                        : format("[{}], #{}", name(r.right), offset);
        const Memory place = memory(r.right, offset);
        expect([&](Assembler& a) { a.load_pair(indexing, r.dst, r.left, place); },
               "ldp " + data + operand);
        expect([&](Assembler& a) { a.store_pair(indexing, r.dst, r.left, place); },
               "stp " + data + operand);
      }
    });
  }
}

TEST_F(Aarch64Forms, atomic_operations) {
  constexpr EnumArray<Width, std::string_view> kSuffix = kSuffixes;
  for (Width w : every<Width>()) {
    each_pair([&](Reg data, Reg base) {
      if (base == Reg::zr) base = Reg::sp;
      const std::string operands = format("{}, [{}]", data_name(w, data), name(base));
      expect([&](Assembler& a) { a.load_acquire(w, data, base); },
             format("ldar{} {}", kSuffix[w], operands));
      expect([&](Assembler& a) { a.store_release(w, data, base); },
             format("stlr{} {}", kSuffix[w], operands));
      for (Order order : {Order::relaxed, Order::acquire_release}) {
        const bool ordered = order == Order::acquire_release;
        expect([&](Assembler& a) { a.load_exclusive(order, w, data, base); },
               format("ld{}xr{} {}", ordered ? "a" : "", kSuffix[w], operands));
      }
    });
    each_three([&](Three r) {
      if (r.right == Reg::zr) r.right = Reg::sp;
      const std::string data = data_name(w, r.left) + ", [" + name(r.right) + "]";
      for (Order order : {Order::relaxed, Order::acquire_release}) {
        const bool ordered = order == Order::acquire_release;
        if (r.dst != r.left && r.dst != r.right) {
          expect([&](Assembler& a) { a.store_exclusive(order, w, r); },
                 format("st{}xr{} {}, {}", ordered ? "l" : "", kSuffix[w], name(Width::w32, r.dst),
                        data));
        }
        const Assembler::Exchange exchange{.old = r.dst, .src = r.left, .address = r.right};
        expect(
            [&](Assembler& a) { a.compare_and_swap(order, w, exchange); },
            format("cas{}{} {}, {}", ordered ? "al" : "", kSuffix[w], data_name(w, r.dst), data));
        for (Update op : every<Update>()) {
          expect([&](Assembler& a) { a.update(op, order, w, exchange); },
                 format("{}{}{} {}, {}, [{}]", kUpdateNames[op], ordered ? "al" : "", kSuffix[w],
                        data_name(w, r.left), data_name(w, r.dst), name(r.right)));
        }
      }
    });
  }
  expect([](Assembler& a) { a.barrier(); }, "dmb ish");
}

// ---- transfers ----

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

// ---- constants ----

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
