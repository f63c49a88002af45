// Reads one instruction, by recursive descent: the first word or register chooses the function.
//
// Operators and their codes come from isa/tables.hpp, words from text/spelling.hpp. Registers must
// be of the width that the operation has; where LLVM takes both (narrow loads and stores), so do
// we.
#include "text/parse.hpp"

#include <limits>
#include <optional>

#include "base/text.hpp"
#include "isa/tables.hpp"
#include "text/spelling.hpp"

namespace skep::text {
namespace {

using namespace isa;
using Kind = Token::Kind;

struct Register {
  u8 number = 0;
  Width width = Width::w64;
};

// "r0" to "r10" and "w0" to "w10"; other numbers are registers too, but refused by their reader.
std::optional<std::pair<char, u64>> register_like(const Token& token) {
  if (token.kind != Kind::word || token.spelling.size() < 2) return std::nullopt;
  const char letter = token.spelling[0];
  if (letter != 'r' && letter != 'w') return std::nullopt;
  for (char c : token.spelling.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  return std::pair(letter, parse_unsigned(token.spelling.substr(1)).value_or(kRegisters));
}

class Parser {
 public:
  explicit Parser(Cursor& cursor) : cursor_(cursor) {}

  Result<Parsed> run() {
    if (register_like(cursor_.peek())) return assignment();
    for (const Verb& verb : kVerbs) {
      if (cursor_.accept(verb.word)) return (this->*verb.parse)();
    }
    std::vector<std::string_view> words;
    for (const Verb& verb : kVerbs) words.push_back(verb.word);
    return cursor_.unexpected("an instruction", did_you_mean(cursor_.peek().spelling, words));
  }

 private:
  struct Verb {
    std::string_view word;
    Result<Parsed> (Parser::*parse)();
  };
  static const std::array<Verb, 11> kVerbs;

  // ---- operands ----

  Result<Register> any_register() {
    const auto like = register_like(cursor_.peek());
    if (!like) return cursor_.unexpected("a register");
    if (like->second >= kRegisters) return cursor_.unexpected("a register from 0 to 10");
    cursor_.take();
    return Register{static_cast<u8>(like->second), like->first == 'r' ? Width::w64 : Width::w32};
  }
  Result<u8> register_of(Width width) {
    const Token& token = cursor_.peek();
    const Register reg = TRY(any_register());
    if (reg.width == width) return reg.number;
    return error_at(token.place,
                    format("`{}` is a register of {} bits, expected `{}{}`", token.spelling,
                           bits_of(reg.width), width == Width::w64 ? 'r' : 'w', reg.number));
  }
  // Registers of 64 bits do for narrow memory accesses too.
  Result<u8> register_for_memory(Width width) {
    const bool narrow = width != Width::w64 && cursor_.peek().spelling.starts_with('w');
    return register_of(narrow ? Width::w32 : Width::w64);
  }

  bool at_number() const {
    const bool sign = cursor_.is("-") || cursor_.is("+");
    return cursor_.peek(sign ? 1 : 0).kind == Kind::number;
  }
  // A number with its sign that lies from `low` to `high`.
  Result<s64> number(s128 low, s128 high, std::string_view expected, std::string hint = {}) {
    const Token& first = cursor_.peek();
    if (!at_number()) return cursor_.unexpected(expected);
    const bool negative = cursor_.is("-");
    if (first.kind == Kind::symbol) cursor_.take();
    const Token& digits = cursor_.take();
    const s128 value = negative ? -s128{digits.magnitude} : s128{digits.magnitude};
    if (value < low || value > high) {
      return error_at(
          first.place,
          format("expected {}, found `{}{}`", expected, negative ? "-" : "", digits.spelling),
          std::move(hint));
    }
    return static_cast<s64>(static_cast<u64>(value));
  }
  // Operations of 64 bits extend the immediate's sign, so 0xffffffff would not be what it says.
  Result<s64> immediate(Width width) {
    constexpr s128 kLow = std::numeric_limits<s32>::min();
    if (width == Width::w64) {
      return number(kLow, std::numeric_limits<s32>::max(), "an immediate of 32 signed bits",
                    "constants of 64 bits are loaded with `r1 = NUMBER ll`");
    }
    const s64 value = TRY(number(kLow, std::numeric_limits<u32>::max(), "an immediate of 32 bits"));
    return static_cast<s32>(value);
  }
  Result<s64> wide_immediate() {
    return number(std::numeric_limits<s64>::min(), std::numeric_limits<u64>::max(),
                  "a number of 64 bits");
  }
  Result<s64> half() {
    return number(std::numeric_limits<s32>::min(), std::numeric_limits<u32>::max(),
                  "a number of 32 bits");
  }

  // "r1 + 4" up to the closing parenthesis or comma.
  Result<void> address(u8& base, s16& offset) {
    base = TRY(register_of(Width::w64));
    const bool minus = cursor_.is("-");
    if (!minus && !cursor_.is("+")) return cursor_.unexpected("`+` or `-` and an offset");
    if (!minus && cursor_.peek(1).kind == Kind::symbol) cursor_.take();  // `r1 + -8`
    offset = static_cast<s16>(
        TRY(number(std::numeric_limits<s16>::min(), std::numeric_limits<s16>::max(),
                   "an offset of 16 signed bits")));
    return {};
  }

  struct Type {
    bool is_signed = false;
    Width width = Width::w64;
  };
  // "(u32 *)"
  Result<Type> type() {
    TRY(cursor_.expect("("));
    const std::string_view word = cursor_.peek().spelling;
    for (Width width : every<Width>()) {
      for (char sign : {'u', 's'}) {
        if (word != format("{}{}", sign, bits_of(width))) continue;
        cursor_.take();
        TRY(cursor_.expect("*"));
        TRY(cursor_.expect(")"));
        return Type{sign == 's', width};
      }
    }
    return cursor_.unexpected("a type: u8, u16, u32, u64, s8, s16 or s32");
  }
  // "(u32 *)(r1 + 4)"; signed types are for loads only.
  Result<Width> place(u8& base, s16& offset) {
    const Token& first = cursor_.peek(1);
    const Type found = TRY(type());
    if (found.is_signed) return error_at(first.place, "only loads take a signed type");
    TRY(cursor_.expect("("));
    TRY(address(base, offset));
    TRY(cursor_.expect(")"));
    return found.width;
  }

  // "+3", "-3", "3" or a label.
  Result<Reference> target() {
    const Token& token = cursor_.peek();
    if (token.kind == Kind::word) {
      cursor_.take();
      return Reference{Reference::Kind::label, 0, token.spelling, token.place};
    }
    const s64 slots = TRY(number(std::numeric_limits<s32>::min(), std::numeric_limits<s32>::max(),
                                 "a label or a distance in slots"));
    return Reference{Reference::Kind::slots, slots, {}, token.place};
  }

  // ---- verbs ----

  Result<Parsed> exit() { return Parsed{Instruction{}}; }
  Result<Parsed> jump_always() { return Parsed{{.form = Form::jump_always}, TRY(target())}; }
  Result<Parsed> jump_long() {
    return Parsed{{.form = Form::jump_always, .width = Width::w32}, TRY(target())};
  }
  Result<Parsed> may_goto() { return Parsed{{.form = Form::may_goto}, TRY(target())}; }

  Result<Parsed> jump_if() {
    const Register dst = TRY(any_register());
    const Jump relation = kJump.find([&](const JumpRow& row) { return cursor_.is(row.symbol); });
    if (relation == Jump::count_) return cursor_.unexpected("a comparison such as `==` or `s<`");
    cursor_.take();
    Instruction out{.form = Form::jump,
                    .operation = static_cast<u8>(relation),
                    .width = dst.width,
                    .dst = dst.number};
    TRY(source(out));
    TRY(cursor_.expect("goto"));
    return Parsed{out, TRY(target())};
  }

  // The register or immediate that an operation of `out.width` takes.
  Result<void> source(Instruction& out) {
    if (register_like(cursor_.peek())) {
      out.source = Source::reg;
      out.src = TRY(register_of(out.width));
      return {};
    }
    if (!at_number()) return cursor_.unexpected("a register or a number");
    out.immediate = TRY(immediate(out.width));
    return {};
  }

  Result<Parsed> call() {
    Instruction out{.form = Form::call};
    const Token& callee = cursor_.peek();
    if (cursor_.is("kfunc") && cursor_.is("[", 1)) return kfunc();
    if (callee.kind == Kind::word) {
      cursor_.take();
      return Parsed{out, {Reference::Kind::callee, 0, callee.spelling, callee.place}};
    }
    if (callee.kind == Kind::symbol && at_number()) {
      out.operation = static_cast<u8>(Call::local);
      return Parsed{out, TRY(target())};
    }
    out.immediate = static_cast<s32>(
        TRY(number(0, std::numeric_limits<u32>::max(), "a helper's name or number, or a label")));
    return Parsed{out};
  }
  // "kfunc[7]", "kfunc[MODULE:7]"
  Result<Parsed> kfunc() {
    Instruction out{.form = Form::call, .operation = static_cast<u8>(Call::kfunc)};
    cursor_.take();
    TRY(cursor_.expect("["));
    const Token& first = cursor_.peek();
    out.immediate = static_cast<s32>(TRY(half()));
    if (cursor_.accept(":")) {
      out.offset = static_cast<s16>(out.immediate);
      if (out.offset != out.immediate) return error_at(first.place, "a module has 16 bits");
      out.immediate = static_cast<s32>(TRY(half()));
    }
    TRY(cursor_.expect("]"));
    return Parsed{out};
  }
  Result<Parsed> call_indirect() {
    const u8 callee = TRY(register_of(Width::w64));
    return Parsed{
        {.form = Form::call, .operation = static_cast<u8>(Call::indirect), .dst = callee}};
  }

  Result<Parsed> store() {
    Instruction out{.form = Form::store};
    out.width = TRY(place(out.dst, out.offset));
    TRY(cursor_.expect("="));
    if (register_like(cursor_.peek())) {
      out.source = Source::reg;
      out.src = TRY(register_for_memory(out.width));
    } else {
      out.immediate = TRY(immediate(out.width));
    }
    return Parsed{out};
  }

  static Instruction atomic(Atomic operation) {
    return {.form = Form::atomic, .operation = static_cast<u8>(operation), .source = Source::reg};
  }
  Error wrong_atomic_width(const Token& type_token) const {
    return error_at(type_token.place, "atomic operations are on u32 or u64");
  }

  Result<Parsed> lock() {
    TRY(cursor_.expect("*"));
    const Token& type_token = cursor_.peek(1);
    Instruction out = atomic(Atomic::add);
    out.width = TRY(place(out.dst, out.offset));
    if (out.width < Width::w32) return wrong_atomic_width(type_token);
    const Atomic operation = kAtomic.find(
        [&](const AtomicRow& row) { return !row.symbol.empty() && cursor_.is(row.symbol); });
    if (operation == Atomic::count_) return cursor_.unexpected("`+=`, `|=`, `&=` or `^=`");
    cursor_.take();
    out.operation = static_cast<u8>(operation);
    out.src = TRY(register_for_memory(out.width));
    return Parsed{out};
  }

  Result<Parsed> store_release() {
    Instruction out = atomic(Atomic::store_release);
    TRY(cursor_.expect("("));
    out.width = TRY(place(out.dst, out.offset));
    TRY(cursor_.expect(","));
    out.src = TRY(register_of(out.width == Width::w64 ? Width::w64 : Width::w32));
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // "ld_pseudo r1, 1, 5": LLVM's spelling of the wide constants that are not numbers.
  Result<Parsed> pseudo() {
    Instruction out{.form = Form::constant, .dst = TRY(register_of(Width::w64))};
    TRY(cursor_.expect(","));
    out.operation = static_cast<u8>(
        TRY(number(1, static_cast<s64>(kCount<Constant>) - 1, "a kind of constant from 1 to 6")));
    TRY(cursor_.expect(","));
    const Token& value = cursor_.peek();
    out.immediate = TRY(wide_immediate());
    if (has_offset(out.constant())) return Parsed{out};
    const s64 low = static_cast<s32>(out.immediate);
    out.immediate = static_cast<u32>(low);
    if (out.constant() != Constant::function) return Parsed{out};
    out.immediate = 0;
    return Parsed{out, {Reference::Kind::slots, low, {}, value.place}};
  }

  // ---- assignments ----

  Result<Parsed> assignment() {
    const Register dst = TRY(any_register());
    if (cursor_.accept("=")) return assign(dst);
    const Alu operation = kAlu.find([&](const AluRow& row) {
      return row.operands == Operands::binary && cursor_.is(row.symbol);
    });
    if (operation == Alu::count_) return cursor_.unexpected("`=` or an operation such as `+=`");
    cursor_.take();
    Instruction out = alu(operation, dst);
    TRY(source(out));
    return Parsed{out};
  }

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
    if (at_number()) return assign_number(dst);
    if (register_like(cursor_.peek())) return move(dst);
    if (cursor_.peek().kind == Kind::word) return assign_word(dst);
    return cursor_.unexpected("a register, a number, a load or an operation");
  }

  // clang -S writes `r1 = w2` for the move of 32 bits, which clears the upper half: `w1 = w2`.
  Result<Parsed> move(const Register& dst) {
    Instruction out = alu(Alu::mov, dst);
    if (cursor_.peek().spelling.starts_with('w')) out.width = Width::w32;
    TRY(source(out));
    return Parsed{out};
  }

  Result<Parsed> assign_number(const Register& dst) {
    const std::size_t digits = cursor_.peek().kind == Kind::number ? 0 : 1;
    Instruction out = alu(Alu::mov, dst);
    if (!cursor_.is("ll", digits + 1)) {
      TRY(source(out));
      return Parsed{out};
    }
    out = TRY(wide(dst, Constant::number));
    out.immediate = TRY(wide_immediate());
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
    const Register source = TRY(any_register());
    if (source.number == dst.number && source.width == dst.width) return {};
    return error_at(token.place, format("expected `{}{}`, the register that is assigned",
                                        dst.width == Width::w64 ? 'r' : 'w', dst.number));
  }

  // "(s8)r2"
  Result<Parsed> sign_extend(const Register& dst) {
    cursor_.take();
    const Alu operation = kAlu.find([&](const AluRow& row) {
      return row.operands == Operands::register_only && cursor_.is(row.symbol);
    });
    const bool narrower = operation != Alu::movsx32 || dst.width == Width::w64;
    if (operation == Alu::count_ || !narrower) {
      return cursor_.unexpected(dst.width == Width::w64 ? "`s8`, `s16` or `s32`" : "`s8` or `s16`");
    }
    cursor_.take();
    TRY(cursor_.expect(")"));
    Instruction out = alu(operation, dst);
    out.source = Source::reg;
    out.src = TRY(register_of(dst.width));
    return Parsed{out};
  }

  Result<Parsed> load(const Register& dst) {
    const Token& type_token = cursor_.peek(1);
    const Type found = TRY(type());
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
    TRY(address(out.src, out.offset));
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // "skb[4]", "skb[r1]", "skb[r1 + 4]"
  Result<Parsed> packet_load(const Register& dst, const Type& type, const Token& type_token) {
    if (dst.number != kR0) return error_at(type_token.place, "packet loads are into r0");
    if (type.is_signed || type.width == Width::w64) {
      return error_at(type_token.place, "packet loads are of u8, u16 or u32");
    }
    Instruction out{.form = Form::packet_load, .width = type.width};
    cursor_.take();
    TRY(cursor_.expect("["));
    const bool indirect = register_like(cursor_.peek()).has_value();
    out.operation = static_cast<u8>(indirect ? Packet::indirect : Packet::absolute);
    if (indirect) out.src = TRY(register_of(Width::w64));
    if (!indirect || !cursor_.is("]")) out.immediate = static_cast<s32>(TRY(half()));
    TRY(cursor_.expect("]"));
    return Parsed{out};
  }

  Result<Parsed> assign_word(const Register& dst) {
    const std::string_view word = cursor_.peek().spelling;
    for (const Alu operation : every<Alu>()) {
      for (s64 bits : {16, 32, 64}) {
        const AluRow& row = kAlu[operation];
        if (row.operands != Operands::byte_order || word != format("{}{}", row.symbol, bits))
          continue;
        return byte_order(dst, operation, bits);
      }
    }
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
        if (row.operands != Operands::byte_order) continue;
        for (int bits : {16, 32, 64}) out.push_back(format("{}{}", row.symbol, bits));
      }
      for (const Atomic operation : every<Atomic>()) {
        if (kAtomicShape[operation] == AtomicShape::lock) continue;
        out.push_back(atomic_word(operation, Width::w64));
        out.push_back(atomic_word(operation, Width::w32));
      }
      for (const std::string_view word : kConstantWord) out.emplace_back(word);
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

  // The atomics that are written like a call and give a value.
  Result<Parsed> atomic_call(const Register& dst, Atomic operation, Width width) {
    const AtomicShape shape = kAtomicShape[operation];
    if (shape == AtomicShape::lock || shape == AtomicShape::store) {
      return cursor_.unexpected("an operation that gives a value");
    }
    Instruction out = atomic(operation);
    cursor_.take();
    TRY(cursor_.expect("("));
    if (shape == AtomicShape::load) return load_acquire(dst, out);
    const Token& type_token = cursor_.peek(1);
    out.width = width;
    if (shape == AtomicShape::fetch) {
      out.width = TRY(place(out.dst, out.offset));
      if (out.width < Width::w32) return wrong_atomic_width(type_token);
    } else {
      TRY(address(out.dst, out.offset));
    }
    if (dst.width != out.width) {
      return error_at(type_token.place,
                      format("this operation has {} bits, expected `{}{}` on the left",
                             bits_of(out.width), out.width == Width::w64 ? 'r' : 'w', dst.number));
    }
    TRY(cursor_.expect(","));
    TRY(shape == AtomicShape::compare_exchange ? comparand(dst) : same(dst));
    out.src = dst.number;
    if (shape == AtomicShape::compare_exchange) {
      TRY(cursor_.expect(","));
      out.src = TRY(register_of(out.width));
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
    out.width = TRY(place(out.src, out.offset));
    if ((out.width == Width::w64) != (dst.width == Width::w64)) {
      return error_at(type_token.place, format("expected `{}{}` on the left of this load",
                                               out.width == Width::w64 ? 'r' : 'w', dst.number));
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
      out.reference = TRY(target());
    } else if (names_map(kind) && name.kind == Kind::word) {
      out.reference = {Reference::Kind::map, 0, name.spelling, name.place};
      cursor_.take();
    } else {
      out.instruction.immediate = static_cast<u32>(TRY(half()));
    }
    TRY(cursor_.expect("]"));
    if (has_offset(kind) && cursor_.is("+")) {
      const u64 high = static_cast<u32>(TRY(half()));
      out.instruction.immediate |= static_cast<s64>(high << 32);
    }
    TRY(cursor_.expect("ll"));
    return out;
  }

  Cursor& cursor_;
};

const std::array<Parser::Verb, 11> Parser::kVerbs = {{
    {"exit", &Parser::exit},
    {"goto", &Parser::jump_always},
    {"gotol", &Parser::jump_long},
    {"may_goto", &Parser::may_goto},
    {"if", &Parser::jump_if},
    {"call", &Parser::call},
    {"callx", &Parser::call_indirect},
    {"*", &Parser::store},
    {"lock", &Parser::lock},
    {"store_release", &Parser::store_release},
    {"ld_pseudo", &Parser::pseudo},
}};

}  // namespace

Result<Parsed> parse_instruction(Cursor& cursor) { return Parser(cursor).run(); }

}  // namespace skep::text
