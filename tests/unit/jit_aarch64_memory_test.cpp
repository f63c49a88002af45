// Every form of the aarch64 assembler that reads or writes memory, against llvm-mc.
#include "jit_aarch64_forms.hpp"

namespace skep::jit::aarch64 {
namespace {

constexpr EnumArray<Update, std::string_view> kUpdateNames({{Update::add, "ldadd"},
                                                            {Update::clear, "ldclr"},
                                                            {Update::xor_, "ldeor"},
                                                            {Update::set, "ldset"},
                                                            {Update::swap, "swp"}});
// As data of a width: two names do for four.
std::string data_name(Width width, Reg reg) {
  return name(width == Width::w64 ? width : Width::w32, reg);
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

}  // namespace
}  // namespace skep::jit::aarch64
