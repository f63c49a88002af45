#include "cli/verify_corpus.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "btf/targets.hpp"
#include "cli/verdict.hpp"
#include "cli/verify_options.hpp"
#include "kernel/app.hpp"
#include "object/object.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLong = 100;  // means are over programs of more instructions

struct KernelSays {
  bool accepted = false;
  u64 time_us = 0;    // as its log says; of accepted programs
  std::string error;  // why not, in a line
};

struct Row {
  std::size_t object = 0;  // in Corpus::objects
  std::string program;
  std::string failure;  // why it could not be verified at all
  bool accepted = false;
  std::string property;  // of a refusal
  std::size_t instructions = 0;
  verify::Work work{};
  std::optional<KernelSays> kernel{};
};

struct Opened {
  std::string path;
  std::optional<object::Object> object;
  std::string failure;
};

struct Corpus {
  std::vector<Opened> objects;
  std::vector<Row> rows;
};

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

// What all programs are verified with.
struct Setting {
  verify::Limits limits{};
  const btf::Targets* targets = nullptr;
};

void verify_row(const Corpus& corpus, const Setting& setting, Row& row) {
  const object::Object& object = *corpus.objects[row.object].object;
  const auto program = object.program(row.program, {.targets = setting.targets});
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

// Every thread takes the next program; rows stay where they are.
void verify_rows(Corpus& corpus, const Setting& setting, u64 jobs) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t at; (at = next.fetch_add(1)) < corpus.rows.size();)
      verify_row(corpus, setting, corpus.rows[at]);
  };
  std::vector<std::jthread> threads;
  for (u64 n = 1; n < jobs; ++n) threads.emplace_back(work);
  work();
}

// The same programs, one after the other, by the running kernel.
void ask_kernel(Corpus& corpus, const Setting& setting) {
  for (Row& row : corpus.rows) {
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

// ---- what they took together

class Mean {
 public:
  void add(double value) {
    sum_ += std::log(value);
    ++count_;
  }
  u64 count() const { return count_; }
  double value() const { return count_ == 0 ? 0 : std::exp(sum_ / static_cast<double>(count_)); }

 private:
  double sum_ = 0;
  u64 count_ = 0;
};

struct Summary {
  u64 programs = 0, accepted = 0, rejected = 0, failed = 0;
  Mean time_us;           // of long programs that are accepted
  Mean kernel_by_ours{};  // the same, where the kernel accepts them too
  const Row* worst = nullptr;
  u64 memory_bytes = 0;  // of this process, at most
};

Summary summary_of(const Corpus& corpus) {
  constexpr double kMicrosecond = 1000;
  Summary out;
  for (const Row& row : corpus.rows) {
    ++out.programs;
    if (!row.failure.empty()) {
      ++out.failed;
      continue;
    }
    ++(row.accepted ? out.accepted : out.rejected);
    if (out.worst == nullptr || row.work.time_ns > out.worst->work.time_ns) out.worst = &row;
    const double us = static_cast<double>(std::max<u64>(1, row.work.time_ns)) / kMicrosecond;
    if (!row.accepted || row.instructions <= kLong) continue;
    out.time_us.add(us);
    const bool both = row.kernel && row.kernel->accepted && row.kernel->time_us != 0;
    if (both) out.kernel_by_ours.add(static_cast<double>(row.kernel->time_us) / us);
  }
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  constexpr u64 kKilobyte = 1024;
  out.memory_bytes = static_cast<u64>(usage.ru_maxrss) * kKilobyte;
  return out;
}

// ---- lines

std::string_view verdict_of(const Row& row) {
  if (!row.failure.empty()) return "unreadable";
  return row.accepted ? "accepted" : "rejected";
}

std::string digits(double value) {
  JsonWriter number;
  number.rounded(value, 2);
  return number.take();
}

std::string kernel_text(const Row& row) {
  if (!row.kernel) return {};
  if (!row.kernel->accepted) return "  kernel: rejected";
  constexpr double kMicroseconds = 1000;
  const double ours = static_cast<double>(std::max<u64>(1, row.work.time_ns)) / kMicroseconds;
  return format("  kernel: accepted, {} ms ({}x)", milliseconds(row.kernel->time_us * 1000),
                digits(static_cast<double>(row.kernel->time_us) / ours));
}

std::string row_text(const Corpus& corpus, const Row& row) {
  const std::string name = fs::path(corpus.objects[row.object].path).filename().string();
  std::string out = format("{}  {}  {}", verdict_of(row), name, row.program);
  if (!row.failure.empty()) return out + "  " + row.failure + "\n";
  if (!row.accepted) out += "  " + row.property;
  return out + format("  {}, {} visited, {} states, {} ms{}\n",
                      counted(row.instructions, "instruction"), row.work.visited, row.work.states,
                      milliseconds(row.work.time_ns), kernel_text(row));
}

std::string row_json(const Corpus& corpus, const Row& row) {
  JsonWriter json;
  json.begin_object().member("object", corpus.objects[row.object].path);
  json.member("program", row.program).member("verdict", verdict_of(row));
  if (!row.failure.empty()) json.member("reason", row.failure);
  if (row.failure.empty() && !row.accepted) json.member("property", row.property);
  json.member("instructions", row.instructions).member("visited", row.work.visited);
  json.member("states", row.work.states);
  json.key("time_us").rounded(static_cast<double>(row.work.time_ns) / 1000, 1);
  if (row.kernel) {
    json.key("kernel").begin_object();
    json.member("verdict", row.kernel->accepted ? "accepted" : "rejected");
    if (row.kernel->accepted) json.member("time_us", row.kernel->time_us);
    if (!row.kernel->accepted) json.member("reason", row.kernel->error);
    json.end_object();
  }
  json.end_object();
  return json.take() + "\n";
}

std::string summary_text(const Corpus& corpus, const Summary& summary) {
  constexpr double kMillion = 1e6;
  std::string out =
      format("{}: {} accepted, {} rejected, {} unreadable; peak memory {} MB\n",
             counted(summary.programs, "program"), summary.accepted, summary.rejected,
             summary.failed, digits(static_cast<double>(summary.memory_bytes) / kMillion));
  if (summary.time_us.count() != 0) {
    out += format("geometric mean of the {} accepted ones of more than {} instructions: {} us",
                  summary.time_us.count(), kLong, digits(summary.time_us.value()));
    if (summary.kernel_by_ours.count() != 0)
      out += format("; the kernel takes {} times as long", digits(summary.kernel_by_ours.value()));
    out += "\n";
  }
  if (summary.worst != nullptr) {
    out += format("worst: {} of {}, {} ms\n", summary.worst->program,
                  corpus.objects[summary.worst->object].path,
                  milliseconds(summary.worst->work.time_ns));
  }
  return out;
}

std::string summary_json(const Corpus& corpus, const Summary& summary) {
  JsonWriter json;
  json.begin_object().key("summary").begin_object().member("programs", summary.programs);
  json.member("accepted", summary.accepted).member("rejected", summary.rejected);
  json.member("unreadable", summary.failed).member("memory_bytes", summary.memory_bytes);
  json.member("long_programs", summary.time_us.count());
  json.key("geomean_us").rounded(summary.time_us.value(), 2);
  if (summary.kernel_by_ours.count() != 0)
    json.key("geomean_kernel_by_ours").rounded(summary.kernel_by_ours.value(), 2);
  if (summary.worst != nullptr) {
    json.key("worst").begin_object().member("program", summary.worst->program);
    json.member("object", corpus.objects[summary.worst->object].path);
    json.key("time_us").rounded(static_cast<double>(summary.worst->work.time_ns) / 1000, 1);
    json.end_object();
  }
  json.end_object().end_object();
  return json.take() + "\n";
}

}  // namespace

Result<int> verify_corpus(const Arguments& arguments, Output& out) {
  Setting setting{.limits = TRY(wanted_limits(arguments))};
  const u64 cpus = std::max(1u, std::thread::hardware_concurrency());
  const u64 jobs = TRY(arguments.number(Flag::jobs, 1, cpus));
  btf::Targets targets;
  for (const auto& words : arguments.given(Flag::btf)) TRY(targets.open(words[0]));
  std::error_code none;
  if (targets.empty() && fs::exists(btf::kKernelTypes, none)) TRY(targets.open(btf::kKernelTypes));
  if (!targets.empty()) {
    setting.targets = &targets;
    setting.limits.kernel_types = targets.all().front().types.get();
  }
  Corpus corpus = TRY(open_corpus(arguments.operands(), setting.limits));
  verify_rows(corpus, setting, jobs);
  if (arguments.text(Flag::engine) == "kernel") ask_kernel(corpus, setting);
  for (const Opened& each : corpus.objects) {
    if (!each.object) out.note(format("{}: {}", each.path, each.failure));
  }
  for (const Row& row : corpus.rows)
    out.write(out.is_json() ? row_json(corpus, row) : row_text(corpus, row));
  const Summary summary = summary_of(corpus);
  if (summary.programs == 0) {
    out.note("no programs were found");
    return kFoundNothing;
  }
  out.write(out.is_json() ? summary_json(corpus, summary) : summary_text(corpus, summary));
  return summary.rejected + summary.failed == 0 ? 0 : kRejected;
}

}  // namespace skep::cli
