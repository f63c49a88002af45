// The command line, stated once.
//
// Every command and every flag is a row here: the parser, --help, the shell completions and "did
// you mean" read nothing else. A flag has one spelling and one meaning wherever it is accepted. The
// contract (names, exit codes, what -j prints) is docs/man/skep.1.scd.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_array.hpp"
#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::cli {

enum class Flag : u8 {
  program,
  pcap,
  write,
  set,
  repeat,
  limit,
  engine,
  rules,
  capabilities,
  unprivileged,
  hot,
  explain,
  time_limit,
  search,
  corpus,
  jobs,
  attach,
  pid,
  command,
  duration,
  interface,
  cgroup,
  netns,
  socket,
  route,
  xdp_mode,
  tc_way,
  egress,
  pin,
  pin_maps,
  replaces,
  token,
  mine,
  interpret,
  budget,
  jit,
  target,
  deterministic,
  data_in,
  data_out,
  ctx_in,
  ctx_out,
  hex,
  kconfig,
  source,
  btf,
  against,
  format,
  base,
  kind,
  modules,
  object,
  functions,
  c_names,
  name,
  filter,
  light,
  interval,
  no_cache,
  output_file,
  json,
  output,
  quiet,
  verbose,
  color,
  help,
  count_
};

enum class Takes : u8 {
  nothing,
  one,
  assignment,  // NAME=VALUE, or MAP and KEY=VALUE; may be given again
};

struct FlagRow {
  std::string_view name;  // "--pcap"
  char letter = 0;        // 'j' for -j
  Takes takes = Takes::nothing;
  std::string_view value;  // "FILE", as help shows it; choices are separated by |
  std::string_view purpose;
};
const FlagRow& row(Flag flag);

struct Example {
  std::string_view line;
  std::string_view what;
};

enum class Operands : u8 { none, maybe_one, one, maybe_many, one_or_more, two, count_ };

class Arguments;
class Output;
using Action = Result<int> (*)(const Arguments& arguments, Output& out);

struct Command {
  std::string_view name;     // one word, or two: the name of a group and a verb, "btf dump"
  std::string_view purpose;  // one line
  std::string_view usage;    // behind "skep NAME"
  Operands operands;
  std::string_view operand;     // what the operand is, for messages: "OBJECT"
  std::span<const Flag> flags;  // beside those that every command takes
  std::array<Example, 5> examples;
  Action action;
};
std::span<const Command> commands();
const Command* find_command(std::string_view name);

// Commands of two words whose first one they share. That may be a command too (link): what follows
// it is then a verb where the group has one of that name.
struct Group {
  std::string_view name;     // the first word
  std::string_view purpose;  // one line
};
std::span<const Group> groups();
const Group* find_group(std::string_view name);
std::vector<const Command*> commands_of(const Group& group);
// The second word of such a command: "dump" of "btf dump".
std::string_view verb_of(const Command& command);
// "list, find, dump", for messages.
std::string verbs_of(const Group& group);
// What may stand in the first place: each command of one word and each group.
std::vector<std::string_view> first_words();
// "unknown command 'rnu'", with what is near; of what is no group's verb, with all that are.
Error unknown_command(std::string_view name);
Error unknown_verb(const Group& group, std::string_view verb);

std::span<const Flag> common_flags();

// The actions, one file each.
Result<int> run(const Arguments& arguments, Output& out);
Result<int> verify(const Arguments& arguments, Output& out);
Result<int> test_run(const Arguments& arguments, Output& out);
Result<int> dump(const Arguments& arguments, Output& out);
Result<int> check(const Arguments& arguments, Output& out);
Result<int> requires_(const Arguments& arguments, Output& out);
Result<int> btf_list(const Arguments& arguments, Output& out);
Result<int> btf_find(const Arguments& arguments, Output& out);
Result<int> btf_dump(const Arguments& arguments, Output& out);
Result<int> btf_diff(const Arguments& arguments, Output& out);
Result<int> btf_from_dwarf(const Arguments& arguments, Output& out);
Result<int> gen_skeleton(const Arguments& arguments, Output& out);
Result<int> disassemble(const Arguments& arguments, Output& out);
Result<int> assemble(const Arguments& arguments, Output& out);
Result<int> link(const Arguments& arguments, Output& out);
Result<int> optimize_(const Arguments& arguments, Output& out);
Result<int> prog_list(const Arguments& arguments, Output& out);
Result<int> prog_pin(const Arguments& arguments, Output& out);
Result<int> prog_dump(const Arguments& arguments, Output& out);
Result<int> prog_top(const Arguments& arguments, Output& out);
Result<int> map_list(const Arguments& arguments, Output& out);
Result<int> map_pin(const Arguments& arguments, Output& out);
Result<int> map_dump(const Arguments& arguments, Output& out);
Result<int> map_lookup(const Arguments& arguments, Output& out);
Result<int> map_update(const Arguments& arguments, Output& out);
Result<int> map_delete(const Arguments& arguments, Output& out);
Result<int> map_getnext(const Arguments& arguments, Output& out);
Result<int> link_list(const Arguments& arguments, Output& out);
Result<int> link_pin(const Arguments& arguments, Output& out);
Result<int> link_detach(const Arguments& arguments, Output& out);
Result<int> feature(const Arguments& arguments, Output& out);
Result<int> tracelog(const Arguments& arguments, Output& out);
Result<int> bench(const Arguments& arguments, Output& out);
Result<int> conformance_plugin(const Arguments& arguments, Output& out);
Result<int> completion(const Arguments& arguments, Output& out);
Result<int> help(const Arguments& arguments, Output& out);
Result<int> version(const Arguments& arguments, Output& out);

}  // namespace skep::cli
