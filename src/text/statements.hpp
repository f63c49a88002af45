// A source file as a sequence of labels, directives and instructions.
//
// A line holds any number of labels, then one directive or instructions parted by `;`.
#pragma once

#include <string_view>

#include "text/parse.hpp"

namespace skep::text {

// Takes the statements in their order.
class StatementSink {
 public:
  virtual ~StatementSink() = default;
  virtual Result<void> label(const Token& name) = 0;
  // `cursor` stands behind the directive's name. What it leaves of the line is an error.
  virtual Result<void> directive(const Token& name, Cursor& cursor) = 0;
  virtual Result<void> instruction(const Parsed& parsed) = 0;
  // Whether a line whose first word is this one is not to be read at all.
  virtual bool passes_over(std::string_view first_word) const = 0;
};

Result<void> read_statements(std::string_view source, StatementSink& sink);

}  // namespace skep::text
