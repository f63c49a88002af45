// The process: words in, exit code out. Everything else is in the commands.
#include <csignal>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/arguments.hpp"
#include "cli/output.hpp"

namespace {

using namespace skep;

Result<int> run(std::span<const std::string_view> words) {
  const cli::Arguments arguments = TRY(cli::Arguments::parse(words));
  cli::Output out(arguments);
  const cli::Action action =
      arguments.has(cli::Flag::help) ? &cli::help : arguments.command().action;
  auto code = action(arguments, out);
  TRY(out.flush());  // what was found before an error stands before it
  return code;
}

// What is freed is soon needed again, for the next program of an object: to give it back to the
// kernel in between costs a fault for each page.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kKept = 32 << 20;  // bytes
  ::mallopt(M_TRIM_THRESHOLD, kKept);
  ::mallopt(M_MMAP_THRESHOLD, kKept);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is seen by Output
  const std::vector<std::string_view> words(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto code = run(words);
  if (code.ok()) return *code;
  cli::report(code.error(), cli::Arguments::wants_json(words) ? cli::Form::json : cli::Form::text);
  return cli::exit_code(code.error().fault);
}
