// skep verify: the verdict on each program of an object, with what it cost; the report where one is
// rejected.
#include "verify/verify.hpp"

#include <unistd.h>

#include "base/text.hpp"
#include "cli/chosen_targets.hpp"
#include "cli/duration.hpp"
#include "cli/in_parallel.hpp"
#include "cli/loading.hpp"
#include "cli/verdict.hpp"
#include "cli/verify_corpus.hpp"
#include "cli/verify_options.hpp"
#include "explain/explain.hpp"
#include "explain/log.hpp"

namespace skep::cli {
namespace {

Result<std::vector<std::string>> wanted_programs(const object::Object& object,
                                                 const Arguments& arguments, Output& out) {
  std::vector<std::string> names;
  if (arguments.has(Flag::program)) {
    names.push_back(TRY(choose_program(object, arguments, out)).name);
  } else {
    for (const object::ProgramEntry& each : object.programs()) names.push_back(each.name);
  }
  return names;
}

Result<void> check_one_object(const Arguments& arguments) {
  const Command& command = arguments.command();
  const std::string usage = format("usage: skep {} {}", command.name, command.usage);
  if (arguments.operands().empty())
    return Error(Fault::usage, format("skep {} needs {}", command.name, command.operand), usage);
  if (arguments.operands().size() > 1)
    return Error(Fault::usage, format("unexpected '{}'", arguments.operands()[1]), usage);
  return {};
}

Result<explain::Options> wanted_search(const Arguments& arguments) {
  constexpr u64 kUsual = 250'000'000;
  const bool off = arguments.text(Flag::search) == "0";  // no duration, but what one would say
  const u64 ns = off ? 0 : TRY(duration_ns(arguments, Flag::search, kUsual));
  return explain::Options{.search_max = std::chrono::milliseconds(ns / 1'000'000)};
}

// The first that --btf names, or this kernel's; null without either.
Result<std::shared_ptr<const btf::Types>> types_of_kernel(const ChosenTargets& types) {
  if (types.targets() != nullptr) return types.targets()->all().front().types;
  if (::access(btf::kKernelTypes, R_OK) != 0) return std::shared_ptr<const btf::Types>();
  return std::make_shared<const btf::Types>(TRY(btf::Types::open(btf::kKernelTypes)));
}

// With -v `log` gets the walk, in the kernel's notation.
verify::Verdict verify_logged(const std::shared_ptr<const platform::Program>& program,
                              verify::Limits limits, const Output& out, std::string& log) {
  if (out.volume() != Volume::verbose) return verify::verify(program, limits);
  explain::Log observer(*program, [&](std::string_view text) { log += text; });
  limits.observer = &observer;
  return verify::verify(program, limits);
}

struct Answer {
  std::shared_ptr<const platform::Program> program;
  WantedVerdict asked = {};
  std::optional<verify::Verdict> verdict = {};
};

struct Answers {
  std::vector<Answer> all;
  std::optional<Error> failure;  // the first, said behind the verdicts on the others
  u32 failures = 0;              // programs that are none
};

Answers linked(const object::Object& object, const std::vector<std::string>& names,
               const object::LinkOptions& options) {
  Answers out;
  for (const std::string& name : names) {
    auto program = object.program(name, options);
    if (!program.ok()) {
      if (!out.failure) out.failure = program.error();
      ++out.failures;
      continue;
    }
    out.all.push_back({.program = std::move(program).take()});
  }
  return out;
}

void find_answer(Answer& answer, const verify::Limits& limits, const explain::Options& options,
                 const Output& out) {
  answer.verdict = verify_logged(answer.program, limits, out, answer.asked.log);
  if (auto* report = std::get_if<verify::Report>(&answer.verdict->outcome))
    *report = explain::explain(answer.program, limits, std::move(*report), options);
}

// The exit code.
int say(const object::Object& object, const std::vector<Answer>& answers, Output& out) {
  int code = 0;
  for (const Answer& each : answers) {
    out.write(out.is_json() ? verdict_json(object, *each.program, *each.verdict, each.asked)
                            : verdict_text(*each.program, *each.verdict, each.asked, out));
    if (!each.verdict->accepted()) code = kRejected;
  }
  return code;
}

}  // namespace

Result<int> verify(const Arguments& arguments, Output& out) {
  if (arguments.has(Flag::explain)) return explain_rule(arguments, out);
  if (arguments.has(Flag::corpus)) return verify_corpus(arguments, out);
  TRY(check_one_object(arguments));
  auto object = TRY(open_object(arguments, Externs::kernel, out));
  const auto names = TRY(wanted_programs(object, arguments, out));
  if (names.empty()) {
    out.note(format("{} has no programs", object.name()));
    return kFoundNothing;
  }
  const ChosenTargets types = TRY(ChosenTargets::of(object, arguments, out));
  const auto kernel_types = TRY(types_of_kernel(types));
  verify::Limits limits = TRY(wanted_limits(arguments));
  limits.kernel_types = kernel_types.get();
  TRY(resolve_by_kernel(object, limits));
  const explain::Options options = TRY(wanted_search(arguments));
  const WantedVerdict asked{.hot = arguments.has(Flag::hot)};
  // The merged walk is no walk over paths, of which these two speak.
  if (asked.hot || out.volume() == Volume::verbose) limits.paths = verify::Paths::pruned;
  const u64 jobs = TRY(wanted_jobs(arguments));
  Answers answers = linked(object, names, types.link());
  for (Answer& each : answers.all) each.asked = asked;
  in_parallel(answers.all.size(), jobs,
              [&](std::size_t at) { find_answer(answers.all[at], limits, options, out); });
  const int code = say(object, answers.all, out);
  if (answers.failures > 1)
    out.note(format("{} programs of {} are malformed", answers.failures, object.name()));
  if (answers.failure) return *answers.failure;
  return code;
}

}  // namespace skep::cli
