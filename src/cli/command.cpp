#include "cli/command.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace skep::cli {
namespace {

constexpr EnumArray<Flag, FlagRow> kFlags({
    {Flag::program,
     {"--program", 0, Takes::one, "NAME",
      "the program; without it: run, test-run the first, verify, disasm all"}},
    {Flag::pcap,
     {"--pcap", 0, Takes::one, "FILE", "feed the packets of this capture; - is standard input"}},
    {Flag::write,
     {"--write", 0, Takes::one, "FILE", "write the packets that pass to this capture"}},
    {Flag::set,
     {"--set", 0, Takes::assignment, "MAP KEY=VALUE",
      "put an entry into a map, or NAME=VALUE into a global variable"}},
    {Flag::repeat, {"--repeat", 0, Takes::one, "N", "do it N times"}},
    {Flag::limit,
     {"--limit", 0, Takes::one, "N", "show the N largest entries of a map; 0 for all"}},
    {Flag::engine,
     {"--engine", 0, Takes::one, "user|kernel|auto", "where the program runs (user)"}},
    {Flag::attach,
     {"--attach", 0, Takes::assignment, "PROGRAM=TARGET",
      "what a program is attached to, as it would stand in its section"}},
    {Flag::pid, {"--pid", 'p', Takes::one, "PID", "probes and samples: only in this process"}},
    {Flag::command,
     {"--command", 'c', Takes::one, "COMMAND", "start this, trace it, and end with it"}},
    {Flag::duration, {"--duration", 'd', Takes::one, "TIME", "end after 10, 1.5s, 200ms, 5m"}},
    {Flag::interface,
     {"--interface", 0, Takes::one, "NAME", "where XDP, tc and netkit programs are attached"}},
    {Flag::cgroup, {"--cgroup", 0, Takes::one, "FOLDER", "where cgroup programs are attached"}},
    {Flag::netns,
     {"--netns", 0, Takes::one, "FILE", "the network namespace of sk_lookup and flow dissectors"}},
    {Flag::socket,
     {"--socket", 0, Takes::one, "PID:FD", "the socket of socket filters and reuseport programs"}},
    {Flag::route, {"--route", 0, Takes::one, "PREFIX", "the route of lwt programs"}},
    {Flag::xdp_mode,
     {"--xdp-mode", 0, Takes::one, "any|native|generic", "by the driver or not (any)"}},
    {Flag::tc_way, {"--tc", 0, Takes::one, "any|tcx|clsact", "how tc programs are attached (any)"}},
    {Flag::egress,
     {"--egress", 0, Takes::nothing, "", "packets that leave, for sections that do not say"}},
    {Flag::pin,
     {"--pin", 0, Takes::one, "FOLDER", "keep it attached: pin links and maps in this folder"}},
    {Flag::pin_maps,
     {"--pin-maps", 0, Takes::one, "FOLDER", "where maps pinned by name are (/sys/fs/bpf)"}},
    {Flag::replaces,
     {"--replaces", 0, Takes::one, "ID",
      "freplace: the loaded program whose function is replaced"}},
    {Flag::interpret, {"--interpret", 0, Takes::nothing, "", "interpret instead of compiling"}},
    {Flag::jit, {"--jit", 0, Takes::nothing, "", "compile to machine code (the default)"}},
    {Flag::deterministic,
     {"--deterministic", 0, Takes::nothing, "", "fixed clock, random numbers and CPU"}},
    {Flag::data_in,
     {"--data-in", 0, Takes::one, "FILE", "the packet's bytes; - is standard input"}},
    {Flag::data_out,
     {"--data-out", 0, Takes::one, "FILE", "write the packet as the program left it"}},
    {Flag::hex, {"--hex", 0, Takes::nothing, "", "the operand, or standard input, is hexadecimal"}},
    {Flag::kconfig,
     {"--kconfig", 0, Takes::one, "FILE",
      "the kernel's configuration, plain or .gz; run, verify, test-run: this kernel's"}},
    {Flag::source,
     {"--source", 0, Takes::nothing, "", "instructions under the C lines they come from"}},
    {Flag::btf,
     {"--btf", 0, Takes::one, "FILE",
      "the types that CO-RE relocates against: a kernel's, then its modules'; or an "
      "application's"}},
    {Flag::against,
     {"--against", 0, Takes::one, "FILE",
      "the types of a kernel, or a folder of files NAME.btf; may be given again"}},
    {Flag::format,
     {"--format", 0, Takes::one, "raw|c", "a line a type, or definitions in C (raw)"}},
    {Flag::base,
     {"--base", 0, Takes::one, "FILE",
      "the types that these continue: of a module, those of its kernel"}},
    {Flag::kind,
     {"--kind", 0, Takes::one,
      "int|ptr|array|struct|union|enum|fwd|typedef|volatile|const|restrict|func|func_proto|var|"
      "datasec|float|decl_tag|type_tag|enum64",
      "only types of this kind"}},
    {Flag::modules, {"--modules", 0, Takes::nothing, "", "look into the kernel's modules too"}},
    {Flag::object,
     {"--object", 0, Takes::one, "OBJECT", "only what this object reads of a kernel"}},
    {Flag::functions,
     {"--functions", 0, Takes::nothing, "", "with functions and their prototypes"}},
    {Flag::c_names,
     {"--c-names", 0, Takes::nothing, "",
      "names of C++ as C identifiers: ns_Type for ns::Type, vector_int for vector<int>"}},
    {Flag::name, {"--name", 0, Takes::one, "NAME", "the namespace of what is made"}},
    {Flag::filter,
     {"--filter", 0, Takes::one, "REGEX", "only the figures whose names this matches"}},
    {Flag::light,
     {"--light", 0, Takes::nothing, "",
      "a header that needs no library and loads the object into the Linux kernel by itself"}},
    {Flag::output_file, {"--output", 'o', Takes::one, "FILE", "the file to write"}},
    {Flag::json, {"--json", 'j', Takes::nothing, "", "JSON, one object a line"}},
    {Flag::output, {"--output", 'o', Takes::one, "text|json", "the form of what is printed"}},
    {Flag::quiet, {"--quiet", 'q', Takes::nothing, "", "no notes and no progress on stderr"}},
    {Flag::verbose, {"--verbose", 'v', Takes::nothing, "", "say more"}},
    {Flag::color, {"--color", 0, Takes::one, "auto|always|never", "color in text output (auto)"}},
    {Flag::help, {"--help", 'h', Takes::nothing, "", "this text"}},
});

constexpr Flag kCommon[] = {Flag::json,    Flag::output, Flag::quiet,
                            Flag::verbose, Flag::color,  Flag::help};

constexpr Flag kRun[] = {Flag::pcap,     Flag::program, Flag::set,       Flag::write,
                         Flag::repeat,   Flag::limit,   Flag::interpret, Flag::deterministic,
                         Flag::engine,   Flag::kconfig, Flag::btf,       Flag::attach,
                         Flag::pid,      Flag::command, Flag::duration,  Flag::interface,
                         Flag::cgroup,   Flag::netns,   Flag::socket,    Flag::route,
                         Flag::xdp_mode, Flag::tc_way,  Flag::egress,    Flag::pin,
                         Flag::pin_maps, Flag::replaces};
constexpr Flag kVerify[] = {Flag::program, Flag::kconfig, Flag::btf};
constexpr Flag kDump[] = {Flag::program, Flag::source, Flag::kconfig, Flag::btf};
constexpr Flag kCheck[] = {Flag::against, Flag::program};
constexpr Flag kTestRun[] = {Flag::program, Flag::data_in,   Flag::data_out,      Flag::repeat,
                             Flag::set,     Flag::interpret, Flag::deterministic, Flag::engine,
                             Flag::kconfig, Flag::btf};
constexpr Flag kDisasm[] = {Flag::program, Flag::hex, Flag::source, Flag::kconfig, Flag::btf};
constexpr Flag kBtfList[] = {Flag::kind, Flag::base};
constexpr Flag kBtfFind[] = {Flag::modules, Flag::base};
constexpr Flag kBtfDump[] = {Flag::format, Flag::base};
constexpr Flag kBtfDiff[] = {Flag::object, Flag::base};
constexpr Flag kFromDwarf[] = {Flag::output_file, Flag::functions, Flag::c_names};
constexpr Flag kSkeleton[] = {Flag::name, Flag::light};
constexpr Flag kAsm[] = {Flag::output_file};
constexpr Flag kLink[] = {Flag::output_file};
constexpr Flag kBench[] = {Flag::filter};
constexpr Flag kPlugin[] = {Flag::jit, Flag::interpret};

constexpr auto kCommands = std::to_array<Command>({
    {"run",
     "run an object on a capture or in the kernel; print its events, maps and losses",
     "OBJECT --pcap FILE | --engine kernel [options]",
     Operands::one,
     "OBJECT",
     kRun,
     {{{"skep run flows.bpf.o --pcap web.pcap", "who talked to whom"},
       {"skep run exec.bpf.o --engine kernel -d 10", "attached for ten seconds"},
       {"skep run rewrite.bpf.o --pcap in.pcap --write out.pcap", "edit packets"},
       {"skep run filter.bpf.o --pcap in.pcap --set prefixes 10.0.0.0/8=drop", "with a rule"},
       {"skep run flows.bpf.o --engine kernel --interface eth0", "on live packets, until Ctrl-C"}}},
     run},
    {"verify",
     "prove the programs of an object safe, or say why not",
     "OBJECT [options]",
     Operands::one,
     "OBJECT",
     kVerify,
     {{{"skep verify flows.bpf.o", "every program, a line each"},
       {"skep verify flows.bpf.o --program flows", "only this one"},
       {"skep verify bad.bpf.o || echo $?", "4 when one is rejected"},
       {"skep verify flows.bpf.o -j | jq .time_us", "how long it took"},
       {"skep verify bad.bpf.o -j | jq .report", "the reason as data"}}},
     verify},
    {"test-run",
     "run one program on one packet, as `bpftool prog run` does",
     "OBJECT [options]",
     Operands::one,
     "OBJECT",
     kTestRun,
     {{{"skep test-run flows.bpf.o", "on 60 zero bytes"},
       {"skep test-run flows.bpf.o --data-in packet.bin", "on these bytes"},
       {"skep test-run rewrite.bpf.o --data-in in.bin --data-out out.bin", "see what it changed"},
       {"skep test-run flows.bpf.o --repeat 1000000 -j", "measure a run"},
       {"printf ... | skep test-run flows.bpf.o --data-in -", "bytes from a pipe"}}},
     test_run},
    {"dump",
     "what is inside an object: programs, maps, global variables, externs, licence",
     "OBJECT [options]",
     Operands::one,
     "OBJECT",
     kDump,
     {{{"skep dump flows.bpf.o", "everything"},
       {"skep dump flows.bpf.o -v", "with the types of keys and values"},
       {"skep dump exec.bpf.o --btf vmlinux-6.1", "what its CO-RE relocations become there"},
       {"skep dump flows.bpf.o -j", "one JSON object a line"},
       {"skep dump flows.bpf.o -j | jq 'select(.type==\"map\")'", "only the maps"}}},
     dump},
    {"requires",
     "what a kernel must have to load an object, and since which release it has it",
     "OBJECT [options]",
     Operands::one,
     "OBJECT",
     {},
     {{{"skep requires flows.bpf.o", "hooks, helpers, map kinds, instructions"},
       {"skep requires flows.bpf.o | tail -1", "the oldest kernel for all of it"},
       {"skep requires flows.bpf.o | grep helper", "only the helpers"},
       {"skep requires flows.bpf.o -j", "one JSON object a line"},
       {"skep requires flows.bpf.o -j | jq -r 'select(.since==\"5.8\").name'", "new in 5.8"}}},
     requires_},
    {"check",
     "say on which kernels the programs of an object would run, from the kernels' types alone",
     "OBJECT --against FILE [FILE...] [options]",
     Operands::maybe_many,
     "OBJECT",
     kCheck,
     {{{"skep check exec.bpf.o --against /sys/kernel/btf/vmlinux", "on this one"},
       {"skep check exec.bpf.o --against kernels/", "on each kernel of a folder of .btf files"},
       {"skep check exec.bpf.o --against 5.15.btf 6.1.btf", "on these two"},
       {"skep check exec.bpf.o --against kernels/ || echo $?", "3 when one would not run"},
       {"skep check exec.bpf.o --against kernels/ -j | jq 'select(.fits | not)'", "why not"}}},
     check},
    {"btf list",
     "the BTF that this machine has, or the types of a file",
     "[FILE] [options]",
     Operands::maybe_one,
     "FILE",
     kBtfList,
     {{{"skep btf list", "of the kernel and each module: types and bytes"},
       {"skep btf list flows.bpf.o", "its types, a line each"},
       {"skep btf list /sys/kernel/btf/vmlinux --kind struct", "the kernel's structures"},
       {"skep btf list /sys/kernel/btf/nf_nat", "those that a module adds"},
       {"skep btf list -j | jq -s 'map(.bytes) | add'", "bytes of all together"}}},
     btf_list},
    {"btf find",
     "show a type, or a member of it, with offsets, sizes and holes",
     "NAME [FILE...] [options]",
     Operands::one_or_more,
     "the name of a type",
     kBtfFind,
     {{{"skep btf find path", "in the types of this machine's kernel"},
       {"skep btf find struct sock vmlinux-5.15 vmlinux-6.8", "in two others"},
       {"skep btf find task_struct.mm.pgd", "a member, through a pointer"},
       {"skep btf find nf_conn --modules", "in the kernel's modules too"},
       {"skep btf find task_struct -j | jq '.members[].name'", "as data"}}},
     btf_find},
    {"btf dump",
     "print the types of a file as bpftool does, or as C",
     "FILE [NAME...] [options]",
     Operands::one_or_more,
     "FILE",
     kBtfDump,
     {{{"skep btf dump flows.bpf.o", "a line a type"},
       {"skep btf dump /sys/kernel/btf/vmlinux --format c > vmlinux.h", "for programs to include"},
       {"skep btf dump /sys/kernel/btf/vmlinux path dentry --format c", "what these two need"},
       {"skep btf dump nf_nat.btf --base vmlinux.btf", "a module, copied from another machine"},
       {"skep btf dump flows.bpf.o -j | jq 'select(.kind==\"STRUCT\").name'", "as data"}}},
     btf_dump},
    {"btf diff",
     "say what differs between two sets of types: of two kernels, or two builds",
     "A B [options]",
     Operands::two,
     "two files",
     kBtfDiff,
     {{{"skep btf diff vmlinux-5.15 vmlinux-6.8", "types, members, values and functions"},
       {"skep btf diff vmlinux-5.15 vmlinux-6.8 --object exec.bpf.o", "what this object reads"},
       {"skep btf diff old.bpf.o new.bpf.o -v", "with the names of all that moved"},
       {"test -z \"$(skep btf diff -q a.btf b.btf)\"", "whether they are the same"},
       {"skep btf diff a.btf b.btf -j | jq 'select(.kind==\"struct\").name'", "as data"}}},
     btf_diff},
    {"btf from-dwarf",
     "make the types of a C or C++ program from its debug information",
     "PROGRAM -o FILE [options]",
     Operands::one,
     "PROGRAM",
     kFromDwarf,
     {{{"skep btf from-dwarf app -o app.btf", "its structures, to read them with CO-RE"},
       {"skep dump probe.bpf.o --btf app.btf", "what a program's relocations become there"},
       {"skep btf from-dwarf app -o app.btf --c-names", "ns::Type as ns_Type, for programs in C"},
       {"skep btf from-dwarf libapp.so -o lib.btf --functions", "with prototypes"},
       {"skep btf from-dwarf app -o app.btf -j | jq .notes", "what had to be left out"}}},
     btf_from_dwarf},
    {"disasm",
     "print the instructions of an object, or of bytes, as text",
     "OBJECT [options] | --hex [BYTES]",
     Operands::maybe_many,
     "OBJECT",
     kDisasm,
     {{{"skep disasm flows.bpf.o", "all programs"},
       {"skep disasm flows.bpf.o --program flows", "one program"},
       {"skep disasm --hex b700000000000000 9500000000000000", "bytes as operands"},
       {"skep disasm --hex < program.hex", "bytes from standard input"},
       {"skep disasm flows.bpf.o > flows.s", "to a file"}}},
     disassemble},
    {"gen skeleton",
     "print a C++ header with the programs, maps and global variables of an object as members",
     "OBJECT [options] > NAME.skel.hpp",
     Operands::one,
     "OBJECT",
     kSkeleton,
     {{{"skep gen skeleton flows.bpf.o > flows.skel.hpp", "its namespace is flows"},
       {"skep gen skeleton flows.bpf.o --name traffic > traffic.skel.hpp", "or traffic"},
       {"skep gen skeleton flows.bpf.o --light > flows.lskel.hpp", "to load it without skep"},
       {"skep gen skeleton flows.bpf.o | grep TypedMap", "the maps with their types"},
       {"skep_skeleton(app flows.bpf.o)", "in a CMakeLists.txt, with cmake/skeleton.cmake"}}},
     gen_skeleton},
    {"asm",
     "assemble text into an object",
     "FILE -o OBJECT",
     Operands::one,
     "FILE",
     kAsm,
     {{{"skep asm pass.s -o pass.o", "make an object"},
       {"skep asm - -o pass.o < pass.s", "from standard input"},
       {"skep asm pass.s", "without -o: print the bytes as hexadecimal"},
       {"skep asm pass.s | skep conformance-plugin", "run it"},
       {"skep asm pass.s | skep disasm --hex", "and back"}}},
     assemble},
    {"link",
     "link several objects into one, as `bpftool gen object` does",
     "OBJECT... -o OBJECT",
     Operands::maybe_many,
     "OBJECT",
     kLink,
     {{{"skep link main.bpf.o maps.bpf.o -o app.bpf.o", "two files of one program"},
       {"skep link parts/*.bpf.o -o app.bpf.o", "all of a folder"},
       {"skep link app.bpf.o -o small.bpf.o", "one: without debug information (.debug_*)"},
       {"skep link a.bpf.o b.bpf.o -o app.bpf.o -j | jq .undefined", "what is still missing"},
       {"skep link a.bpf.o b.bpf.o -o ab.bpf.o && skep verify ab.bpf.o", "and prove it safe"}}},
     link},
    {"conformance-plugin",
     "run bytes for the bpf_conformance suite: program on stdin, r0 on stdout, all hexadecimal",
     "[MEMORY] [--jit|--interpret] < program.hex",
     Operands::maybe_one,
     "MEMORY",
     kPlugin,
     {{{"echo b700000000000000 9500000000000000 | skep conformance-plugin", "prints 0"},
       {"skep conformance-plugin --interpret < program.hex", "with the interpreter"},
       {"skep conformance-plugin aabbccdd < program.hex", "r1 is the address of these bytes"},
       {"skep conformance-plugin '' --jit < program.hex", "no memory"},
       {"bpf_conformance_runner --test_file_directory tests --plugin_path skep", "all of them"}}},
     conformance_plugin},
    {"bench",
     "measure skep beside the kernel and libbpf: ratios of medians of interleaved runs",
     "[options]",
     Operands::none,
     "",
     kBench,
     {{{"skep bench", "everything; as root, the kernel beside us; about three minutes"},
       {"skep bench --filter 'loading|core'", "what loading costs"},
       {"skep bench --filter '^btf$'", "the kernel's types"},
       {"skep bench -j | jq -r 'select(.met == false).what'", "goals that are not met"},
       {"skep bench -j > figures.json", "one JSON object a line"}}},
     bench},
    {"completion",
     "print a completion script for a shell",
     "bash|zsh|fish",
     Operands::one,
     "bash|zsh|fish",
     {},
     {{{"source <(skep completion bash)", "in this shell"},
       {"skep completion bash > /etc/bash_completion.d/skep", "for everyone"},
       {"skep completion zsh > ~/.zfunc/_skep", "zsh"},
       {"skep completion fish > ~/.config/fish/completions/skep.fish", "fish"},
       {"skep completion bash | less", "look at it"}}},
     completion},
    {"help",
     "explain a command",
     "[COMMAND]",
     Operands::maybe_many,
     "COMMAND",
     {},
     {{{"skep help", "the commands"},
       {"skep help run", "one of them"},
       {"skep run --help", "the same"},
       {"skep --help", "the commands again"},
       {"man skep", "all of it"}}},
     help},
    {"version",
     "print the version and what this machine offers",
     "",
     Operands::none,
     "",
     {},
     {{{"skep version", "as text"},
       {"skep --version", "the same"},
       {"skep version -j", "as JSON"},
       {"skep version -j | jq -r .version", "the number alone"},
       {"skep version -q", "the number alone, without jq"}}},
     version},
});

constexpr Group kGroups[] = {
    {"btf", "look into BTF, the types of a kernel, a module or an object, and make it"},
    {"gen", "make source code from an object"},
};

std::string_view first_word(std::string_view name) { return name.substr(0, name.find(' ')); }

}  // namespace

const FlagRow& row(Flag flag) { return kFlags[flag]; }

std::span<const Command> commands() { return kCommands; }

const Command* find_command(std::string_view name) {
  const auto found = std::ranges::find(kCommands, name, &Command::name);
  return found == kCommands.end() ? nullptr : &*found;
}

std::span<const Group> groups() { return kGroups; }

const Group* find_group(std::string_view name) {
  const auto* const found = std::ranges::find(kGroups, name, &Group::name);
  return found == std::end(kGroups) ? nullptr : found;
}

std::vector<const Command*> commands_of(const Group& group) {
  std::vector<const Command*> all;
  for (const Command& each : kCommands) {
    if (!verb_of(each).empty() && first_word(each.name) == group.name) all.push_back(&each);
  }
  return all;
}

std::string_view verb_of(const Command& command) {
  const std::size_t space = command.name.find(' ');
  return space == std::string_view::npos ? std::string_view() : command.name.substr(space + 1);
}

std::string verbs_of(const Group& group) {
  std::vector<std::string> verbs;
  for (const Command* each : commands_of(group)) verbs.emplace_back(verb_of(*each));
  return join(verbs, ", ");
}

std::vector<std::string_view> first_words() {
  std::vector<std::string_view> words;
  for (const Command& each : kCommands) words.push_back(first_word(each.name));
  words.erase(std::ranges::unique(words).begin(), words.end());  // a group's rows stand together
  return words;
}

Error unknown_command(std::string_view name) {
  std::string hint = did_you_mean(name, first_words());
  if (hint.empty()) hint = "skep --help lists the commands";
  return Error(Fault::usage, format("unknown command '{}'", name), std::move(hint));
}

Error unknown_verb(const Group& group, std::string_view verb) {
  std::vector<std::string_view> verbs;
  for (const Command* each : commands_of(group)) verbs.push_back(verb_of(*each));
  const std::string near = did_you_mean(verb, verbs);
  return Error(Fault::usage, format("skep {} has no verb '{}'", group.name, verb),
               format("{}{}its verbs are {}", near, near.empty() ? "" : " ", verbs_of(group)));
}

std::span<const Flag> common_flags() { return kCommon; }

}  // namespace skep::cli
