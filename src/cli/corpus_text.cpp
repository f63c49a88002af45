// The lines of `skep verify --corpus`, as text and as JSON.
#include <algorithm>
#include <filesystem>

#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/corpus.hpp"
#include "cli/verdict.hpp"

namespace skep::cli {
namespace {

namespace fs = std::filesystem;

std::string_view verdict_of(const CorpusRow& row) {
  if (!row.failure.empty()) return "unreadable";
  return row.accepted ? "accepted" : "rejected";
}

std::string digits(double value) {
  JsonWriter number;
  number.rounded(value, 2);
  return number.take();
}

std::string megabytes(u64 bytes) {
  constexpr double kMegabyte = 1e6;
  return digits(static_cast<double>(bytes) / kMegabyte);
}

std::string memory_text(const CorpusRow& row) {
  return row.memory_bytes ? format(", {} MB", megabytes(*row.memory_bytes)) : std::string();
}

std::string kernel_text(const CorpusRow& row) {
  if (!row.kernel) return {};
  if (!row.kernel->accepted) return "  kernel: rejected";
  constexpr double kMicroseconds = 1000;
  const double ours = static_cast<double>(std::max<u64>(1, row.work.time_ns)) / kMicroseconds;
  return format("  kernel: accepted, {} ms ({}x)", milliseconds(row.kernel->time_us * 1000),
                digits(static_cast<double>(row.kernel->time_us) / ours));
}

}  // namespace

CorpusSummary summary_of(const Corpus& corpus) {
  constexpr double kMicrosecond = 1000;
  CorpusSummary out;
  for (const CorpusRow& row : corpus.rows) {
    ++out.programs;
    if (!row.failure.empty()) {
      ++out.failed;
      continue;
    }
    ++(row.accepted ? out.accepted : out.rejected);
    const bool is_larger = out.largest == nullptr || row.memory_bytes > out.largest->memory_bytes;
    if (row.memory_bytes && is_larger) out.largest = &row;
    if (out.worst == nullptr || row.work.time_ns > out.worst->work.time_ns) out.worst = &row;
    const double us = static_cast<double>(std::max<u64>(1, row.work.time_ns)) / kMicrosecond;
    if (!row.accepted || row.instructions <= kLongProgram) continue;
    out.time_us.add(us);
    const bool both = row.kernel && row.kernel->accepted && row.kernel->time_us != 0;
    if (both) out.kernel_by_ours.add(static_cast<double>(row.kernel->time_us) / us);
  }
  return out;
}

std::string row_text(const Corpus& corpus, const CorpusRow& row) {
  const std::string name = fs::path(corpus.objects[row.object].path).filename().string();
  std::string out = format("{}  {}  {}", verdict_of(row), name, row.program);
  if (!row.failure.empty()) return out + "  " + row.failure + "\n";
  if (!row.accepted) out += "  " + row.property;
  return out + format("  {}, {} visited, {} states, {} ms{}{}\n",
                      counted(row.instructions, "instruction"), row.work.visited, row.work.states,
                      milliseconds(row.work.time_ns), memory_text(row), kernel_text(row));
}

std::string row_json(const Corpus& corpus, const CorpusRow& row) {
  JsonWriter json;
  json.begin_object().member("object", corpus.objects[row.object].path);
  json.member("program", row.program).member("verdict", verdict_of(row));
  if (!row.failure.empty()) json.member("reason", row.failure);
  if (row.failure.empty() && !row.accepted) json.member("property", row.property);
  json.member("instructions", row.instructions).member("visited", row.work.visited);
  json.member("states", row.work.states);
  json.key("time_us").rounded(static_cast<double>(row.work.time_ns) / 1000, 1);
  if (row.memory_bytes) json.member("memory_bytes", *row.memory_bytes);
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

std::string summary_text(const Corpus& corpus, const CorpusSummary& summary) {
  std::string out =
      format("{}: {} accepted, {} rejected, {} unreadable\n", counted(summary.programs, "program"),
             summary.accepted, summary.rejected, summary.failed);
  if (summary.time_us.count() != 0) {
    out += format("geometric mean of the {} accepted ones of more than {} instructions: {} us",
                  summary.time_us.count(), kLongProgram, digits(summary.time_us.value()));
    if (summary.kernel_by_ours.count() != 0)
      out += format("; the kernel takes {} times as long", digits(summary.kernel_by_ours.value()));
    out += "\n";
  }
  if (summary.worst != nullptr) {
    out += format("worst: {} of {}, {} ms\n", summary.worst->program,
                  corpus.objects[summary.worst->object].path,
                  milliseconds(summary.worst->work.time_ns));
  }
  if (summary.largest != nullptr) {
    out += format("most memory: {} of {}, {} MB\n", summary.largest->program,
                  corpus.objects[summary.largest->object].path,
                  megabytes(*summary.largest->memory_bytes));
  }
  return out;
}

std::string summary_json(const Corpus& corpus, const CorpusSummary& summary) {
  JsonWriter json;
  json.begin_object().key("summary").begin_object().member("programs", summary.programs);
  json.member("accepted", summary.accepted).member("rejected", summary.rejected);
  json.member("unreadable", summary.failed);
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
  if (summary.largest != nullptr) {
    json.key("largest").begin_object().member("program", summary.largest->program);
    json.member("object", corpus.objects[summary.largest->object].path);
    json.member("memory_bytes", *summary.largest->memory_bytes).end_object();
  }
  json.end_object().end_object();
  return json.take() + "\n";
}

}  // namespace skep::cli
