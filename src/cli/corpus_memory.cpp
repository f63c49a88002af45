// How much memory the verification of each program of a corpus takes.
//
// What threads of one process take cannot be told apart, so each program is verified once more, in
// a process of its own: a child that begins as a copy of this one, after this one gave back what it
// no longer needs. The child notes its resident memory, has the kernel forget its peak
// (/proc/PID/clear_refs, since Linux 4.0), verifies, and reports by how much the peak grew, less
// the code of skep that it came to for the first time. So it is whole pages, of the verification
// alone, without the program itself and the kernel's types.
#include <fcntl.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "cli/corpus.hpp"

namespace skep::cli {
namespace {

// A line of /proc/self/status that has a number of kilobytes.
std::optional<u64> bytes_of_status(std::string_view name) {
  constexpr u64 kKilobyte = 1024;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name)) continue;
    const std::size_t digit = line.find_first_of("0123456789");
    if (digit == std::string::npos) return std::nullopt;
    const std::size_t end = line.find_first_not_of("0123456789", digit);
    const auto number = parse_unsigned(std::string_view(line).substr(digit, end - digit));
    return number ? std::optional<u64>(*number * kKilobyte) : std::nullopt;
  }
  return std::nullopt;
}

bool forget_peak() {
  std::ofstream setting("/proc/self/clear_refs");
  setting << "5" << std::flush;
  return setting.good();
}

// In the child.
std::optional<u64> measured(const Corpus& corpus, const CorpusSetting& setting,
                            const CorpusRow& row) {
  const auto program = program_of(corpus, setting, row);
  const auto before = bytes_of_status("VmRSS:"), files_before = bytes_of_status("RssFile:");
  if (!program.ok() || !before || !files_before || !forget_peak()) return std::nullopt;
  static_cast<void>(verify::verify(*program, setting.limits));
  const auto peak = bytes_of_status("VmHWM:"), files = bytes_of_status("RssFile:");
  if (!peak || !files) return std::nullopt;
  const u64 others = *before + (*files - std::min(*files, *files_before));
  return *peak - std::min(*peak, others);
}

struct Measuring {
  pid_t process = -1;
  std::optional<Fd> answer;  // eight bytes, or none
};

Measuring begin(const Corpus& corpus, const CorpusSetting& setting, const CorpusRow& row) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  Fd to_read = Fd::adopt(ends[0]);
  const Fd to_write = Fd::adopt(ends[1]);
  const pid_t process = ::fork();
  if (process != 0) return {process, std::move(to_read)};
  const auto bytes = measured(corpus, setting, row);
  if (bytes) (void)!::write(to_write.get(), &*bytes, sizeof *bytes);
  ::_exit(0);
}

std::optional<u64> result_of(const Measuring& child) {
  if (child.process < 0) return std::nullopt;
  u64 bytes = 0;
  const bool answered = ::read(child.answer->get(), &bytes, sizeof bytes) == sizeof bytes;
  ::waitpid(child.process, nullptr, 0);
  return answered ? std::optional<u64>(bytes) : std::nullopt;
}

}  // namespace

void measure_memory(Corpus& corpus, const CorpusSetting& setting) {
  std::fflush(nullptr);
  ::malloc_trim(0);
  for (std::size_t at = 0; at < corpus.rows.size();) {
    std::vector<std::pair<CorpusRow*, Measuring>> children;
    for (; at < corpus.rows.size() && children.size() < setting.jobs; ++at) {
      CorpusRow& row = corpus.rows[at];
      if (row.failure.empty()) children.emplace_back(&row, begin(corpus, setting, row));
    }
    for (auto& [row, child] : children) row->memory_bytes = result_of(child);
  }
}

}  // namespace skep::cli
