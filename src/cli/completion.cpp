// Completion scripts for bash, zsh and fish, made from the table of commands and flags.
//
// Each completes command names of one or two words, the flags of the command that was typed, the
// choices of a flag that has some, and files for everything else.
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
  const auto words = first_words();
  return join(std::vector<std::string>(words.begin(), words.end()), " ");
}

std::string names_of_verbs(const Group& group) {
  std::vector<std::string> verbs;
  for (const Command* each : commands_of(group)) verbs.emplace_back(verb_of(*each));
  return join(verbs, " ");
}

std::string_view purpose_of(std::string_view first_word) {
  const Command* command = find_command(first_word);
  return command != nullptr ? command->purpose : find_group(first_word)->purpose;
}

// Whether its word alone is a command, whose operands may then stand where a verb stands (link).
bool takes_files(const Group& group) { return find_command(group.name) != nullptr; }

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

// The second word of a command, and that of `help`.
std::string bash_verbs(const Group& group) {
  const std::string verbs = names_of_verbs(group);
  return format("  if [ \"$name\" = {} ]; then\n    if [ \"$COMP_CWORD\" -eq 2 ]; then\n",
                group.name) +
         format("      COMPREPLY=($(compgen -W '{}' -- \"$word\"){})\n      return\n    fi\n",
                verbs, takes_files(group) ? " $(compgen -f -- \"$word\")" : "") +
         "    case ' " + verbs +
         " ' in *\" ${COMP_WORDS[2]} \"*) name=\"$name ${COMP_WORDS[2]}\" ;; esac\n" +
         "  elif [ \"$COMP_CWORD ${COMP_WORDS[*]:1:2}\" = " +
         format("'3 help {}' ]; then\n    known='{}'\n  fi\n", group.name, verbs);
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
  out += "  esac\n  local name=${COMP_WORDS[1]}\n";
  for (const Group& group : groups()) out += bash_verbs(group);
  out += "  case $name$word in\n";
  for (const Command& each : commands()) {
    out += format("    '{}'-*) known='{}' ;;\n", each.name, names_of_flags(each));
  }
  out += "    completion*) known='bash zsh fish' ;;\n";
  out += "    help*) known=${known:-" + names_of_commands() + "} ;;\n  esac\n";
  out += "  if [ -n \"$known\" ]; then COMPREPLY=($(compgen -W \"$known\" -- \"$word\"))\n";
  return out + "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n}\n" +
         "complete -o filenames -F _skep skep\n";
}

// Words with what they mean, as _describe takes them.
std::string zsh_list(const std::vector<std::string>& words) {
  std::string out = "known=(";
  for (const std::string& each : words) out += "\n      " + single_quoted(each);
  return out + ")\n";
}

std::string zsh_verbs(const Group& group) {
  std::vector<std::string> verbs;
  for (const Command* each : commands_of(group))
    verbs.push_back(format("{}:{}", verb_of(*each), each->purpose));
  return format("  if [[ $words[2] == {} ]]; then\n", group.name) +
         format("    if [[ ' {} ' == *\" $words[3] \"* ]]; then name+=\" $words[3]\"; fi\n",
                names_of_verbs(group)) +
         "    if (( CURRENT == 3 )); then\n      " + zsh_list(verbs) +
         "      _describe verb known\n" + (takes_files(group) ? "      _files\n" : "") +
         "      return\n    fi\n  fi\n";
}

std::string zsh() {
  std::vector<std::string> names;
  for (const std::string_view each : first_words())
    names.push_back(format("{}:{}", each, purpose_of(each)));
  std::string out = "#compdef skep\n_skep() {\n  local -a known\n  local name=$words[2]\n";
  out += "  if (( CURRENT == 2 )); then\n    " + zsh_list(names);
  out += "    _describe command known\n    return\n  fi\n";
  for (const Group& group : groups()) out += zsh_verbs(group);
  out += "  case $name in\n";
  for (const Command& each : commands()) {
    std::vector<std::string> flags;
    for (const Flag flag : flags_of(each))
      flags.push_back(format("{}:{}", row(flag).name, row(flag).purpose));
    out += format("    '{}')\n      ", each.name) + zsh_list(flags) + "      ;;\n";
  }
  return out +
         "  esac\n  if [[ $words[CURRENT] == -* ]]; then _describe option known; else _files; fi\n"
         "}\n_skep \"$@\"\n";
}

// Words typed so far, compared from the first one on: `dump` is not the verb of `btf dump`.
constexpr std::string_view kFishIs =
    "function __fish_skep_is\n"
    "    set -l typed (commandline -opc)[2..-1]\n"
    "    set -l wanted (count $argv)\n"
    "    test (count $typed) -ge $wanted; and test \"$typed[1..$wanted]\" = \"$argv\"\n"
    "end\n"
    "function __fish_skep_needs_verb_of\n"
    "    test (commandline -opc | string join ' ') = \"skep $argv\"\n"
    "end\n";

std::string fish_flag(const Command& command, const FlagRow& flag) {
  std::string out = format("complete -c skep -n '__fish_skep_is {}' -l {} -d {}", command.name,
                           flag.name.substr(2), single_quoted(flag.purpose));
  if (flag.letter != 0) out += format(" -s {}", flag.letter);
  if (flag.takes != Takes::nothing) out += " -r";
  if (!choices_of(flag).empty()) out += format(" -f -a '{}'", choices_of(flag));
  return out + "\n";
}

std::string fish() {
  std::string out(kFishIs);
  for (const std::string_view each : first_words()) {
    out += format("complete -c skep -n __fish_use_subcommand -f -a {} -d {}\n", each,
                  single_quoted(purpose_of(each)));
  }
  for (const Group& group : groups()) {
    for (const Command* each : commands_of(group)) {
      out +=
          format("complete -c skep -n '__fish_skep_needs_verb_of {}'{} -a {} -d {}\n", group.name,
                 takes_files(group) ? "" : " -f", verb_of(*each), single_quoted(each->purpose));
    }
  }
  for (const Command& each : commands()) {
    for (const Flag flag : flags_of(each)) out += fish_flag(each, row(flag));
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
