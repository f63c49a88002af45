// Reads one instruction, by recursive descent: the first word or register chooses the function.
//
// Operators and their codes come from isa/tables.hpp, words from text/spelling.hpp.
#include "text/parse.hpp"

#include <array>
#include <limits>

#include "base/text.hpp"
#include "isa/tables.hpp"
#include "text/operands.hpp"
#include "text/parse_assignment.hpp"
#include "text/spelling.hpp"

namespace skep::text {
namespace {

using namespace isa;
using Kind = Token::Kind;

class Parser {
 public:
  explicit Parser(Cursor& cursor) : cursor_(cursor), in_(cursor) {}

  Result<Parsed> run() {
    if (register_like(cursor_.peek())) return parse_assignment(cursor_);
    for (const Verb& verb : kVerbs) {
      if (cursor_.accept(verb.word)) return (this->*verb.parse)();
    }
    std::vector<std::string_view> words;
    words.reserve(kVerbs.size());
    for (const Verb& verb : kVerbs) words.push_back(verb.word);
    return cursor_.unexpected("an instruction", did_you_mean(cursor_.peek().spelling, words));
  }

 private:
  struct Verb {
    std::string_view word;
    Result<Parsed> (Parser::*parse)();
  };
  static const std::array<Verb, 11> kVerbs;

  Result<Parsed> exit() { return Parsed{Instruction{}}; }
  Result<Parsed> jump_always() { return Parsed{{.form = Form::jump_always}, TRY(in_.target())}; }
  Result<Parsed> jump_long() {
    return Parsed{{.form = Form::jump_always, .width = Width::w32}, TRY(in_.target())};
  }
  Result<Parsed> may_goto() { return Parsed{{.form = Form::may_goto}, TRY(in_.target())}; }

  Result<Parsed> jump_if() {
    const Register dst = TRY(in_.any_register());
    const Jump relation = kJump.find([&](const JumpRow& row) { return cursor_.is(row.symbol); });
    if (relation == Jump::count_) return cursor_.unexpected("a comparison such as `==` or `s<`");
    cursor_.take();
    Instruction out{.form = Form::jump,
                    .operation = static_cast<u8>(relation),
                    .width = dst.width,
                    .dst = dst.number};
    TRY(in_.source(out));
    TRY(cursor_.expect("goto"));
    return Parsed{out, TRY(in_.target())};
  }

  Result<Parsed> call() {
    Instruction out{.form = Form::call};
    const Token& callee = cursor_.peek();
    if (cursor_.is("kfunc") && cursor_.is("[", 1)) return kfunc();
    if (callee.kind == Kind::word) {
      cursor_.take();
      return Parsed{out, {Reference::Kind::callee, 0, callee.spelling, callee.place}};
    }
    if (callee.kind == Kind::symbol && in_.at_number()) {
      out.operation = static_cast<u8>(Call::local);
      return Parsed{out, TRY(in_.target())};
    }
    out.immediate = static_cast<s32>(TRY(
        in_.number(0, std::numeric_limits<u32>::max(), "a helper's name or number, or a label")));
    return Parsed{out};
  }
  // "kfunc[7]", "kfunc[MODULE:7]"
  Result<Parsed> kfunc() {
    Instruction out{.form = Form::call, .operation = static_cast<u8>(Call::kfunc)};
    cursor_.take();
    TRY(cursor_.expect("["));
    const Token& first = cursor_.peek();
    out.immediate = static_cast<s32>(TRY(in_.half()));
    if (cursor_.accept(":")) {
      out.offset = static_cast<s16>(out.immediate);
      if (out.offset != out.immediate) return error_at(first.place, "a module has 16 bits");
      out.immediate = static_cast<s32>(TRY(in_.half()));
    }
    TRY(cursor_.expect("]"));
    return Parsed{out};
  }
  Result<Parsed> call_indirect() {
    const u8 callee = TRY(in_.register_of(Width::w64));
    return Parsed{
        {.form = Form::call, .operation = static_cast<u8>(Call::indirect), .dst = callee}};
  }

  Result<Parsed> store() {
    Instruction out{.form = Form::store};
    out.width = TRY(in_.place(out.dst, out.offset));
    TRY(cursor_.expect("="));
    if (register_like(cursor_.peek())) {
      out.source = Source::reg;
      out.src = TRY(in_.register_for_memory(out.width));
    } else {
      out.immediate = TRY(in_.immediate(out.width));
    }
    return Parsed{out};
  }

  Result<Parsed> lock() {
    TRY(cursor_.expect("*"));
    const Token& type_token = cursor_.peek(1);
    Instruction out = atomic_instruction(Atomic::add);
    out.width = TRY(in_.place(out.dst, out.offset));
    if (out.width < Width::w32) return wrong_atomic_width(type_token);
    const Atomic operation = kAtomic.find(
        [&](const AtomicRow& row) { return !row.symbol.empty() && cursor_.is(row.symbol); });
    if (operation == Atomic::count_) return cursor_.unexpected("`+=`, `|=`, `&=` or `^=`");
    cursor_.take();
    out.operation = static_cast<u8>(operation);
    out.src = TRY(in_.register_for_memory(out.width));
    return Parsed{out};
  }

  Result<Parsed> store_release() {
    Instruction out = atomic_instruction(Atomic::store_release);
    TRY(cursor_.expect("("));
    out.width = TRY(in_.place(out.dst, out.offset));
    TRY(cursor_.expect(","));
    out.src = TRY(in_.register_of(register_width(out.width)));
    TRY(cursor_.expect(")"));
    return Parsed{out};
  }

  // "ld_pseudo r1, 1, 5": LLVM's spelling of the wide constants that are not numbers.
  Result<Parsed> pseudo() {
    Instruction out{.form = Form::constant, .dst = TRY(in_.register_of(Width::w64))};
    TRY(cursor_.expect(","));
    out.operation = static_cast<u8>(TRY(
        in_.number(1, static_cast<s64>(kCount<Constant>) - 1, "a kind of constant from 1 to 6")));
    TRY(cursor_.expect(","));
    const Token& value = cursor_.peek();
    if (has_offset(out.constant())) {
      out.immediate = TRY(in_.wide_immediate());
      return Parsed{out};
    }
    const auto low = static_cast<u32>(TRY(in_.half()));
    if (out.constant() == Constant::function) {
      return Parsed{out, {Reference::Kind::slots, static_cast<s32>(low), {}, value.place}};
    }
    out.immediate = low;
    return Parsed{out};
  }

  Cursor& cursor_;
  OperandReader in_;
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
