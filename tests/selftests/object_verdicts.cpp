#include "selftests/object_verdicts.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/kernel_configuration.hpp"
#include "kernel/app.hpp"
#include "kernel/cpus.hpp"
#include "kernel/symbols.hpp"
#include "object/object.hpp"
#include "verify/verify.hpp"

namespace skep::selftests {
namespace {

// No folder of bpffs: a map that is to be pinned is an error, and nothing is left behind.
constexpr const char* kNoPins = "/nonexistent";

Result<object::Object> open(const Question& question, Bytes file) {
  static const auto configuration = cli::this_configuration();
  auto object = TRY(object::Object::read(file, question.label));
  const std::string_view text = configuration.ok() ? std::string_view(*configuration) : "";
  const std::string release = cli::kernel_release();
  TRY(object.resolve({.configuration = text,
                      .release = release,
                      .types = question.targets.all().at(0).types.get()}));
  (void)kernel::find_symbols(object);  // addresses may be hidden
  return object;
}

void ask_us(const object::Object& object, const Question& question, Comparison& one) {
  const auto program = object.program(one.name, {.targets = &question.targets});
  if (!program.ok()) {
    one.ours = Said::rejected;
    one.property = "linking";
    one.message = program.error().message;
    return;
  }
  one.instructions = (*program)->code.size();
  const verify::Verdict verdict =
      verify::verify(*program, {.instructions_max = verify::kKernelInstructionsMax,
                                .pending_max = verify::kKernelPendingMax,
                                .paths = verify::Paths::pruned,
                                .rules = verify::Rules::kernel,
                                .kernel_types = question.targets.all().at(0).types.get(),
                                .cpus = kernel::possible_cpus_if_known()});
  one.our_ns = verdict.work.time_ns;
  one.ours = verdict.accepted() ? Said::accepted : Said::rejected;
  if (verdict.accepted()) return;
  const auto& report = std::get<verify::Report>(verdict.outcome);
  one.property = report.property;
  one.message = report.message;
}

// "object: program name: cannot load it", without what differs from program to program.
std::string without_names(std::string message, const std::string& label, const std::string& name) {
  for (const std::string& prefix : {format("{}: ", label), format("program {}: ", name)}) {
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  }
  return message.substr(0, message.find('\n'));
}

// What the verifier says of a variable that is in the kernel's types and not in its symbols.
constexpr std::string_view kNoAddress = "failed to find the address for kernel symbol";

void ask_kernel(const object::Object& object, const Question& question, Comparison& one,
                ObjectVerdicts& to) {
  const auto app = kernel::App::load(object, {.programs = {one.name},
                                              .targets = &question.targets,
                                              .pins = kNoPins,
                                              .figures = kernel::Figures::yes});
  if (app.ok()) {
    one.kernel = Said::accepted;
    one.kernel_ns = app->programs().at(0).verification_us * 1000;
  } else if (app.error().message.contains(kNoAddress)) {
    ++to.not_comparable["this kernel keeps no addresses of variables (without KALLSYMS_ALL)"];
  } else if (app.error().fault == Fault::rejected) {
    one.kernel = Said::rejected;
    one.kernel_message = app.error().message;
  } else {
    ++to.not_comparable[without_names(app.error().message, question.label, one.name)];
  }
}

}  // namespace

void compare_object(const Question& question, Bytes file, ObjectVerdicts& to) {
  const auto object = open(question, file);
  if (!object.ok()) {
    ++to.not_comparable[format("the object is refused: {}", object.error().message)];
    return;
  }
  for (const object::ProgramEntry& entry : object->programs()) {
    Comparison one;
    one.name = entry.name;
    ask_us(*object, question, one);
    if (question.ask_kernel) ask_kernel(*object, question, one, to);
    one.name = format("{}: {}", question.label, entry.name);
    to.all.push_back(std::move(one));
  }
}

}  // namespace skep::selftests
