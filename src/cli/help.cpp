// --help: a line of purpose, usage, examples, then flags; and the list of commands.
//
// Made from the table of cli/command.hpp, so that it cannot say anything that is not so.
#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "cli/arguments.hpp"
#include "cli/output.hpp"

namespace skep::cli {
namespace {

std::string column(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

std::string flag_line(const FlagRow& flag) {
  std::string spelled =
      flag.letter != 0 ? format("-{}, {}", flag.letter, flag.name) : format("    {}", flag.name);
  if (!flag.value.empty()) spelled += format(" {}", flag.value);
  return format("  {} {}\n", column(spelled, 32), flag.purpose);
}

std::string flags_text(const Command& command) {
  std::string out = "options:\n";
  for (const Flag flag : command.flags) out += flag_line(row(flag));
  for (const Flag flag : common_flags()) {
    const bool taken = std::ranges::any_of(
        command.flags, [&](Flag own) { return row(own).name == row(flag).name; });
    if (!taken) out += flag_line(row(flag));
  }
  return out;
}

std::string command_text(const Command& command) {
  std::string out = format("skep {}: {}\n\nusage: skep {} {}\n\nexamples:\n", command.name,
                           command.purpose, command.name, command.usage);
  std::size_t width = 0;
  for (const Example& each : command.examples) width = std::max(width, each.line.size());
  for (const Example& each : command.examples) {
    out += format("  {}  # {}\n", column(each.line, width), each.what);
  }
  return out + "\n" + flags_text(command);
}

std::string group_text(const Group& group) {
  std::string out = format("skep {}: {}\n\nusage: skep {} VERB [options]\n\nverbs:\n", group.name,
                           group.purpose, group.name);
  for (const Command* each : commands_of(group)) {
    out += format("  {} {}\n", column(verb_of(*each), 20), each->purpose);
  }
  return out + format("\nskep {} VERB --help says more about each.\n", group.name);
}

// About a command, by its one or two words, or a group.
Result<std::string> text_about(const std::vector<std::string>& words) {
  const Group* group = find_group(words[0]);
  const Command* command = find_command(join(words, " "));
  if (group != nullptr && words.size() == 1) {
    return (command == nullptr ? std::string() : command_text(*command) + "\n") +
           group_text(*group);
  }
  if (command != nullptr) return command_text(*command);
  if (group != nullptr) return unknown_verb(*group, words[1]);
  return unknown_command(join(words, " "));
}

std::string overview() {
  std::string out =
      "skep: BPF programs, verified, compiled and run in user space\n\n"
      "usage: skep COMMAND [options]\n\nexamples:\n";
  constexpr std::string_view kShown[] = {"run", "verify", "test-run", "dump", "disasm"};
  for (const std::string_view name : kShown) {
    const Example& example = find_command(name)->examples[0];
    out += format("  {} # {}\n", column(example.line, 38), example.what);
  }
  out += "\ncommands:\n";
  for (const Command& each : commands())
    out += format("  {} {}\n", column(each.name, 20), each.purpose);
  return out +
         "\nexit codes: 0 done, 1 run-time failure, 2 usage, 3 privilege or feature missing,\n"
         "            4 rejected by the verifier, 5 found nothing\n\n"
         "skep COMMAND --help says more about each.\n";
}

}  // namespace

Result<int> help(const Arguments& arguments, Output& out) {
  const bool about_itself = arguments.command().name == "help";
  if (!about_itself) {
    out.write(command_text(arguments.command()));
    return 0;
  }
  if (arguments.operands().empty()) {
    out.write(overview());
    return 0;
  }
  out.write(TRY(text_about(arguments.operands())));
  return 0;
}

}  // namespace skep::cli
