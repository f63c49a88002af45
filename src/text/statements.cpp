#include "text/statements.hpp"

#include "base/text.hpp"

namespace skep::text {
namespace {

Result<void> read_line(Cursor& cursor, StatementSink& sink) {
  while (cursor.peek().kind == Token::Kind::word && cursor.is(":", 1)) {
    const Token& name = cursor.take();
    cursor.take();
    TRY(sink.label(name));
  }
  while (!cursor.at_end()) {
    if (cursor.accept(";")) continue;
    if (cursor.peek().kind == Token::Kind::word && cursor.peek().spelling.starts_with('.')) {
      const Token& name = cursor.take();
      TRY(sink.directive(name, cursor));
    } else {
      TRY(sink.instruction(TRY(parse_instruction(cursor))));
    }
    if (!cursor.at_end() && !cursor.is(";")) {
      return cursor.unexpected("the end of the line", "comments begin with # or //");
    }
  }
  return {};
}

std::string_view first_word(std::string_view line) {
  line = trimmed(line);
  return line.substr(0, line.find_first_of(" \t"));
}

}  // namespace

Result<void> read_statements(std::string_view source, StatementSink& sink) {
  for (u32 number = 1; !source.empty(); ++number) {
    const std::size_t end = source.find('\n');
    std::string_view line = source.substr(0, end);
    source.remove_prefix(end == std::string_view::npos ? source.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (sink.passes_over(first_word(line))) continue;
    const std::vector<Token> tokens = TRY(tokens_of(line, number));
    Cursor cursor(tokens);
    TRY(read_line(cursor, sink));
  }
  return {};
}

}  // namespace skep::text
