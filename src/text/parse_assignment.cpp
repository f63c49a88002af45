// Reads an assignment: the operator chooses between arithmetic and `=`, and what stands behind `=`
// chooses the form.
#include "text/parse_assignment.hpp"

#include "base/text.hpp"
#include "isa/tables.hpp"
#include "text/operands.hpp"
#include "text/spelling.hpp"

namespace skep::text {
namespace {

using namespace isa;
using Kind = Token::Kind;

class Assignment {
 public:
  explicit Assignment(Cursor& cursor) : cursor_(cursor), in_(cursor) {}

  Result<Parsed> run() {
    const Register dst = TRY(in_.any_register());
    if (cursor_.accept("=")) return assign(dst);
    const Alu operation = kAlu.find([&](const AluRow& row) {
      return row.operands == isa::Operands::binary && cursor_.is(row.symbol);
    });
    if (operation == Alu::count_) return cursor_.unexpected("`=` or an operation such as `+=`");
    cursor_.take();
    Instruction out = alu(operation, dst);
    TRY(in_.source(out));
    return Parsed{out};
  }

 private:
  static Instruction alu(Alu operation, const Register& dst) {
    return {.form = Form::alu,
            .operation = static_cast<u8>(operation),
            .width = dst.width,
            .dst = dst.number};
  }

  Result<Parsed> assign(const Register& dst) {
    if (cursor_.is("(")) return sign_extend(dst);
    if (cursor_.accept("*")) return load(dst);
    if (cursor_.is("-") && register_like(cursor_.peek(1))) return negate(dst);
    if (in_.at_number()) return assign_number(dst);
    if (register_like(cursor_.peek())) return move(dst);
    if (cursor_.peek().kind == Kind::word) return assign_word(dst);
    return cursor_.unexpected("a register, a number, a load or an operation");
  }

  // clang -S writes `r1 = w2` for the move of 32 bits, which clears the upper half: `w1 = w2`.
  Result<Parsed> move(const Register& dst) {
    Instruction out = alu(Alu::mov, dst);
    if (cursor_.peek().spelling.starts_with('w')) out.width = Width::w32;
    TRY(in_.source(out));
    return Parsed{out};
  }

  Result<Parsed> assign_number(const Register& dst) {
    const std::size_t digits = cursor_.peek().kind == Kind::number ? 0 : 1;
    Instruction out = alu(Alu::mov, dst);
    if (!cursor_.is("ll", digits + 1)) {
      TRY(in_.source(out));
      return Parsed{out};
    }
    out = TRY(wide(dst, Constant::number));
    out.immediate = TRY(in_.wide_immediate());
    cursor_.take();
    return Parsed{out};
  }

  Result<Instruction> wide(const Register& dst, Constant kind) const {
    if (dst.width != Width::w64) return cursor_.unexpected("a constant of 32 bits without `ll`");
    return Instruction{
        .form = Form::constant, .operation = static_cast<u8>(kind), .dst = dst.number};
  }

  Result<Parsed> negate(const Register& dst) {
    cursor_.take();
    TRY(same(dst));
    return Parsed{alu(Alu::neg, dst)};
  }
  // These operations have no source: the register is written twice.
  Result<void> same(const Register& dst) {
    const Token& token = cursor_.peek();
    const Register source = TRY(in_.any_register());
    if (source.number == dst.number && source.width == dst.width) return {};
    return error_at(token.place, format("expected `{}{}`, the register that is assigned",
                                        register_letter(dst.width), dst.number));
  }

  // "(s8)r2"
  Result<Parsed> sign_extend(const Register& dst) {
    cursor_.take();
    const Alu operation = kAlu.find([&](const AluRow& row) {
      return row.operands == isa::Operands::register_only && cursor_.is(row.symbol);
    });
    const bool narrower = operation != Alu::movsx32 || dst.width == Width::w64;
    if (operation == Alu::count_ || !narrower) {
      return cursor_.unexpected(dst.width == Width::w64 ? "`s8`, `s16` or `s32`" : "`s8` or `s16`");
    }
    cursor_.take();
    TRY(cursor_.expect(")"));
    Instruction out = alu(operation, dst);
    out.source = Source::reg;
    out.src = TRY(in_.register_of(dst.width));
    return Parsed{out};
  }

  Result<Parsed> load(const Register& dst) {
    const Token& type_token = cursor_.peek(1);
    const MemoryType found = TRY(in_.type());
    const bool narrow = found.width != Width::w64 && !found.is_signed;
    if (dst.width == Width::w32 && !narrow) {
      return error_at(type_token.place,
                      format("this load fills 64 bits, expected `r{}`", dst.number));
    }
    if (found.is_signed && found.width == Width::w64) {
      return error_at(type_token.place, "there is no load of s64, expected `u64`");
    }
    if (cursor_.is("skb")) return packet_load(dst, found, type_token);
    Instruction out{.form = found.is_signed ? Form::load_signed : Form::load,
                    .width = found.width,
                    .dst = dst.number};
    TRY(cursor_.expect("("));
    TRY(in_.address(out.src, out.offset));
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // "skb[4]", "skb[r1]", "skb[r1 + 4]"
  Result<Parsed> packet_load(const Register& dst, const MemoryType& type, const Token& type_token) {
    if (dst.number != kR0) return error_at(type_token.place, "packet loads are into r0");
    if (type.is_signed || type.width == Width::w64) {
      return error_at(type_token.place, "packet loads are of u8, u16 or u32");
    }
    Instruction out{.form = Form::packet_load, .width = type.width};
    cursor_.take();
    TRY(cursor_.expect("["));
    const bool indirect = register_like(cursor_.peek()).has_value();
    out.operation = static_cast<u8>(indirect ? Packet::indirect : Packet::absolute);
    if (indirect) out.src = TRY(in_.register_of(Width::w64));
    if (!indirect || !cursor_.is("]")) out.immediate = static_cast<s32>(TRY(in_.half()));
    TRY(cursor_.expect("]"));
    return Parsed{out};
  }

  Result<Parsed> assign_word(const Register& dst) {
    const std::string_view word = cursor_.peek().spelling;
    for (const Alu operation : every<Alu>()) {
      for (s64 bits : {16, 32, 64}) {
        const AluRow& row = kAlu[operation];
        if (row.operands != isa::Operands::byte_order || word != format("{}{}", row.symbol, bits))
          continue;
        return byte_order(dst, operation, bits);
      }
    }
    if (word == kAddressSpaceCastWord) return address_space_cast(dst);
    for (const Atomic operation : every<Atomic>()) {
      for (Width width : {Width::w32, Width::w64}) {
        if (word == atomic_word(operation, width)) return atomic_call(dst, operation, width);
      }
    }
    if (cursor_.is("[", 1)) return named_constant(dst);
    if (cursor_.is("ll", 1)) {
      const Token& name = cursor_.take();
      const Instruction out = TRY(wide(dst, Constant::number));
      cursor_.take();
      return Parsed{out, {Reference::Kind::constant, 0, name.spelling, name.place}};
    }
    return cursor_.unexpected("a register, a number, a load or an operation",
                              did_you_mean(word, assignable_words()));
  }

  static std::vector<std::string_view> assignable_words() {
    static const std::vector<std::string> words = [] {
      std::vector<std::string> out;
      for (const AluRow& row : kAlu) {
        if (row.operands != isa::Operands::byte_order) continue;
        for (int bits : {16, 32, 64}) out.push_back(format("{}{}", row.symbol, bits));
      }
      for (const Atomic operation : every<Atomic>()) {
        if (kAtomicShape[operation] == AtomicShape::lock) continue;
        out.push_back(atomic_word(operation, Width::w64));
        out.push_back(atomic_word(operation, Width::w32));
      }
      for (const std::string_view word : kConstantWord) out.emplace_back(word);
      out.emplace_back(kAddressSpaceCastWord);
      return out;
    }();
    return {words.begin(), words.end()};
  }

  Result<Parsed> byte_order(const Register& dst, Alu operation, s64 bits) {
    if (dst.width != Width::w64) return cursor_.unexpected(format("`r{}` on the left", dst.number));
    cursor_.take();
    TRY(same(dst));
    Instruction out = alu(operation, dst);
    out.immediate = bits;
    return Parsed{out};
  }

  // "addr_space_cast(r2, 0x0, 0x1)"
  Result<Parsed> address_space_cast(const Register& dst) {
    if (dst.width != Width::w64) return cursor_.unexpected(format("`r{}` on the left", dst.number));
    Instruction out{.form = Form::address_space_cast, .source = Source::reg, .dst = dst.number};
    cursor_.take();
    TRY(cursor_.expect("("));
    out.src = TRY(in_.register_of(Width::w64));
    TRY(cursor_.expect(","));
    const Place spaces = cursor_.peek().place;
    const s64 destination = TRY(in_.half());
    TRY(cursor_.expect(","));
    const s64 source = TRY(in_.half());
    const AddressSpaceCast operation = kAddressSpaceCast.find([&](const AddressSpaceCastRow& row) {
      return row.destination == destination && row.source == source;
    });
    if (operation == AddressSpaceCast::count_) {
      return error_at(spaces,
                      "casts are from address space 1 to 0 (`0, 1`) and from 0 to 1 (`1, 0`)");
    }
    out.operation = static_cast<u8>(operation);
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // The atomics that are written like a call and give a value.
  Result<Parsed> atomic_call(const Register& dst, Atomic operation, Width width) {
    const AtomicShape shape = kAtomicShape[operation];
    if (shape == AtomicShape::lock || shape == AtomicShape::store) {
      return cursor_.unexpected("an operation that gives a value");
    }
    Instruction out = atomic_instruction(operation);
    cursor_.take();
    TRY(cursor_.expect("("));
    if (shape == AtomicShape::load) return load_acquire(dst, out);
    const Token& type_token = cursor_.peek(1);
    out.width = width;
    if (shape == AtomicShape::fetch) {
      out.width = TRY(in_.place(out.dst, out.offset));
      if (out.width < Width::w32) return wrong_atomic_width(type_token);
    } else {
      TRY(in_.address(out.dst, out.offset));
    }
    if (dst.width != out.width) {
      return error_at(type_token.place,
                      format("this operation has {} bits, expected `{}{}` on the left",
                             bits_of(out.width), register_letter(out.width), dst.number));
    }
    TRY(cursor_.expect(","));
    TRY(shape == AtomicShape::compare_exchange ? comparand(dst) : same(dst));
    out.src = dst.number;
    if (shape == AtomicShape::compare_exchange) {
      TRY(cursor_.expect(","));
      out.src = TRY(in_.register_of(out.width));
    }
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }
  Result<void> comparand(const Register& dst) {
    if (dst.number != kR0)
      return cursor_.unexpected("`r0` or `w0` on the left: it is what is compared");
    return same(dst);
  }
  Result<Parsed> load_acquire(const Register& dst, Instruction out) {
    const Token& type_token = cursor_.peek(1);
    out.width = TRY(in_.place(out.src, out.offset));
    if ((out.width == Width::w64) != (dst.width == Width::w64)) {
      return error_at(type_token.place, format("expected `{}{}` on the left of this load",
                                               register_letter(out.width), dst.number));
    }
    out.dst = dst.number;
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // "map[flows] ll", "map_value[0] + 8 ll", "function[+3] ll"
  Result<Parsed> named_constant(const Register& dst) {
    const std::string_view word = cursor_.peek().spelling;
    const Constant kind = kConstantWord.find([&](std::string_view known) { return known == word; });
    if (kind == Constant::count_) {
      return cursor_.unexpected("a kind of constant", did_you_mean(word, assignable_words()));
    }
    Parsed out{TRY(wide(dst, kind))};
    cursor_.take();
    TRY(cursor_.expect("["));
    const Token& name = cursor_.peek();
    if (kind == Constant::function) {
      out.reference = TRY(in_.target());
    } else if (names_map(kind) && name.kind == Kind::word) {
      out.reference = {Reference::Kind::map, 0, name.spelling, name.place};
      cursor_.take();
    } else {
      out.instruction.immediate = static_cast<u32>(TRY(in_.half()));
    }
    TRY(cursor_.expect("]"));
    if (has_offset(kind) && cursor_.is("+")) {
      const u64 high = static_cast<u32>(TRY(in_.half()));
      out.instruction.immediate |= static_cast<s64>(high << 32);
    }
    TRY(cursor_.expect("ll"));
    return out;
  }

  Cursor& cursor_;
  OperandReader in_;
};

}  // namespace

Result<Parsed> parse_assignment(Cursor& cursor) { return Assignment(cursor).run(); }

}  // namespace skep::text
