// Every form of the aarch64 assembler that computes, with every register and the edges of each
// immediate field, against the bytes that llvm-mc makes of the text.
#include "jit_aarch64_forms.hpp"

namespace skep::jit::aarch64 {
namespace {

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
std::string names(Width w, const Three& r) {
  return format("{}, {}, {}", name(w, r.dst), name(w, r.left), name(w, r.right));
}

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

}  // namespace
}  // namespace skep::jit::aarch64
