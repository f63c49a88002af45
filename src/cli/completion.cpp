// Completion scripts for bash, zsh and fish, made from the table of commands and flags.
//
// Each completes command names, the flags of the command that was typed, the choices of a flag that
// has some, and files for everything else.
#include <string>

#include "base/text.hpp"
#include "cli/arguments.hpp"
#include "cli/output.hpp"

namespace skep::cli {
namespace {

std::vector<Flag> flags_of(const Command& command) {
  std::vector<Flag> flags(command.flags.begin(), command.flags.end());
  flags.insert(flags.end(), common_flags().begin(), common_flags().end());
  return flags;
}

std::string names_of_commands() {
  std::vector<std::string> names;
  for (const Command& each : commands()) names.emplace_back(each.name);
  return join(names, " ");
}

std::string names_of_flags(const Command& command) {
  std::vector<std::string> names;
  for (const Flag flag : flags_of(command)) names.emplace_back(row(flag).name);
  return join(names, " ");
}

// "user|kernel|auto" as "user kernel auto"; empty for a flag without choices.
std::string choices_of(const FlagRow& flag) {
  if (!flag.value.contains('|')) return {};
  std::string words(flag.value);
  for (char& c : words) {
    if (c == '|') c = ' ';
  }
  return words;
}

std::string single_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string bash() {
  std::string out = "_skep() {\n  local word=${COMP_WORDS[COMP_CWORD]}\n";
  out += "  local before=${COMP_WORDS[COMP_CWORD-1]} known=\n";
  out += "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n";
  out += "    COMPREPLY=($(compgen -W '" + names_of_commands() +
         "' -- \"$word\"))\n    return\n  fi\n";
  out += "  case $before in\n";
  for (const Flag flag : every<Flag>()) {
    if (choices_of(row(flag)).empty() || flag == Flag::output) continue;
    out += format("    {}) known='{}' ;;\n", row(flag).name, choices_of(row(flag)));
  }
  out += "  esac\n  case ${COMP_WORDS[1]}$word in\n";
  for (const Command& each : commands()) {
    out += format("    {}-*) known='{}' ;;\n", each.name, names_of_flags(each));
  }
  out += "    completion*) known='bash zsh fish' ;;\n";
  out += "    help*) known='" + names_of_commands() + "' ;;\n  esac\n";
  out += "  if [ -n \"$known\" ]; then COMPREPLY=($(compgen -W \"$known\" -- \"$word\"))\n";
  return out + "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n}\n" +
         "complete -o filenames -F _skep skep\n";
}

std::string zsh() {
  std::string out = "#compdef skep\n_skep() {\n  local -a known\n  if (( CURRENT == 2 )); then\n";
  out += "    known=(";
  for (const Command& each : commands())
    out += "\n      " + single_quoted(format("{}:{}", each.name, each.purpose));
  out += ")\n    _describe command known\n    return\n  fi\n  case $words[2] in\n";
  for (const Command& each : commands()) {
    out += format("    {})\n      known=(", each.name);
    for (const Flag flag : flags_of(each))
      out += "\n        " + single_quoted(format("{}:{}", row(flag).name, row(flag).purpose));
    out += ") ;;\n";
  }
  return out +
         "  esac\n  if [[ $words[CURRENT] == -* ]]; then _describe option known; else _files; fi\n"
         "}\n_skep \"$@\"\n";
}

std::string fish() {
  std::string out;
  for (const Command& each : commands()) {
    out += format("complete -c skep -n __fish_use_subcommand -f -a {} -d {}\n", each.name,
                  single_quoted(each.purpose));
    for (const Flag flag : flags_of(each)) {
      const FlagRow& facts = row(flag);
      out += format("complete -c skep -n '__fish_seen_subcommand_from {}' -l {} -d {}", each.name,
                    facts.name.substr(2), single_quoted(facts.purpose));
      if (facts.letter != 0) out += format(" -s {}", facts.letter);
      if (facts.takes != Takes::nothing) out += " -r";
      if (!choices_of(facts).empty()) out += format(" -f -a '{}'", choices_of(facts));
      out += "\n";
    }
  }
  return out;
}

}  // namespace

Result<int> completion(const Arguments& arguments, Output& out) {
  const std::string& shell = arguments.operands()[0];
  if (shell == "bash") {
    out.write(bash());
  } else if (shell == "zsh") {
    out.write(zsh());
  } else if (shell == "fish") {
    out.write(fish());
  } else {
    return Error(Fault::usage, format("no completion for '{}'", shell),
                 "the shells are bash, zsh and fish");
  }
  return 0;
}

}  // namespace skep::cli
