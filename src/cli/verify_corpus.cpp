#include "cli/verify_corpus.hpp"

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "cli/corpus.hpp"
#include "cli/in_parallel.hpp"
#include "cli/verdict.hpp"
#include "cli/verify_options.hpp"
#include "kernel/app.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;

Result<std::vector<std::string>> objects_in(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return std::vector<std::string>{path};
  std::vector<std::string> out;
  for (auto each = fs::recursive_directory_iterator(path, error);
       !error && each != fs::recursive_directory_iterator(); each.increment(error)) {
    if (each->is_regular_file() && each->path().extension() == ".o")
      out.push_back(each->path().string());
  }
  if (error) return Error(Fault::system, format("{}: {}", path, error.message()));
  std::ranges::sort(out);
  return out;
}

Result<Corpus> open_corpus(const std::vector<std::string>& operands, const verify::Limits& limits) {
  Corpus corpus;
  for (const std::string& operand : operands) {
    for (std::string& path : TRY(objects_in(operand))) {
      auto object = object::Object::open(path);
      const std::size_t number = corpus.objects.size();
      if (!object.ok()) {
        corpus.objects.push_back({std::move(path), {}, std::string(object.error().what())});
        continue;
      }
      TRY(resolve_by_kernel(*object, limits));
      for (const object::ProgramEntry& entry : object->programs())
        corpus.rows.push_back(
            {.object = number, .program = entry.name, .failure = {}, .property = {}});
      corpus.objects.push_back({std::move(path), std::move(object).take(), {}});
    }
  }
  return corpus;
}

void verify_row(const Corpus& corpus, const CorpusSetting& setting, CorpusRow& row) {
  const auto program = program_of(corpus, setting, row);
  if (!program.ok()) {
    row.failure = program.error().what();
    return;
  }
  verify::Verdict verdict = verify::verify(*program, setting.limits);
  row.instructions = (*program)->code.size();
  row.accepted = verdict.accepted();
  row.work = std::move(verdict.work);
  row.work.visits.clear();
  row.work.kept.clear();
  if (!row.accepted) row.property = std::get<verify::Report>(verdict.outcome).property;
}

// The same programs, one after the other, by the running kernel.
void ask_kernel(Corpus& corpus, const CorpusSetting& setting) {
  for (CorpusRow& row : corpus.rows) {
    kernel::LoadOptions options;
    options.programs = {row.program};
    options.targets = setting.targets;
    options.figures = kernel::Figures::yes;
    const auto app = kernel::App::load(*corpus.objects[row.object].object, options);
    KernelSays& says = row.kernel.emplace();
    says.accepted = app.ok();
    if (!app.ok()) {
      const std::string_view why = app.error().what();
      says.error = why.substr(0, why.find('\n'));
    } else if (!app->programs().empty()) {
      says.time_us = app->programs().front().verification_us;
    }
  }
}

}  // namespace

Result<std::shared_ptr<const platform::Program>> program_of(const Corpus& corpus,
                                                            const CorpusSetting& setting,
                                                            const CorpusRow& row) {
  return corpus.objects[row.object].object->program(row.program, {.targets = setting.targets});
}

Result<int> verify_corpus(const Arguments& arguments, Output& out) {
  CorpusSetting setting{.limits = TRY(wanted_limits(arguments))};
  setting.jobs = TRY(wanted_jobs(arguments));
  btf::Targets targets;
  for (const auto& words : arguments.given(Flag::btf)) TRY(targets.open(words[0]));
  std::error_code none;
  if (targets.empty() && fs::exists(btf::kKernelTypes, none)) TRY(targets.open(btf::kKernelTypes));
  if (!targets.empty()) {
    setting.targets = &targets;
    setting.limits.kernel_types = targets.all().front().types.get();
  }
  Corpus corpus = TRY(open_corpus(arguments.operands(), setting.limits));
  in_parallel(corpus.rows.size(), setting.jobs,
              [&](std::size_t at) { verify_row(corpus, setting, corpus.rows[at]); });
  measure_memory(corpus, setting);
  if (arguments.text(Flag::engine) == "kernel") ask_kernel(corpus, setting);
  for (const CorpusObject& each : corpus.objects) {
    if (!each.object) out.note(format("{}: {}", each.path, each.failure));
  }
  for (const CorpusRow& row : corpus.rows)
    out.write(out.is_json() ? row_json(corpus, row) : row_text(corpus, row));
  const CorpusSummary summary = summary_of(corpus);
  if (summary.programs == 0) {
    out.note("no programs were found");
    return kFoundNothing;
  }
  out.write(out.is_json() ? summary_json(corpus, summary) : summary_text(corpus, summary));
  return summary.rejected + summary.failed == 0 ? 0 : kRejected;
}

}  // namespace skep::cli
