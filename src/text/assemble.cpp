// One program: labels and instructions, nothing else.
#include "text/layout.hpp"
#include "text/statements.hpp"
#include "text/text.hpp"

namespace skep::text {
namespace {

class ProgramSource final : public StatementSink {
 public:
  Result<void> label(const Token& name) override { return layout.label(name); }
  Result<void> directive(const Token& name, Cursor&) override {
    return error_at(name.place, "a program by itself has no directives");
  }
  Result<void> instruction(const Parsed& parsed) override {
    layout.instruction(parsed);
    return {};
  }
  bool passes_over(std::string_view) const override { return false; }

  Layout layout;
};

}  // namespace

Result<isa::Code> assemble(std::string_view source, std::span<const platform::MapSpec> maps) {
  ProgramSource program;
  TRY(read_statements(source, program));
  if (program.layout.empty()) return Error(Fault::malformed, "the program has no instructions");
  return std::move(program.layout).finish({.maps = maps});
}

}  // namespace skep::text
