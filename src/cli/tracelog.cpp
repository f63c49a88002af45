// skep tracelog: the lines that programs print by bpf_trace_printk, as they come.
//
// The kernel has one pipe of them for everybody (tracefs, trace_pipe): who reads a line takes it
// away from other readers. With -p, only lines that were printed while that process or thread ran
// are shown; the others are taken all the same. What the kernel says it lost is passed on. Source:
// Documentation/trace/ftrace.rst.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "cli/duration.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "events/show.hpp"
#include "kernel/tracefs.hpp"

namespace skep::cli {
namespace {

constexpr int kPollMs = 50;                      // how late Ctrl-C and the end may be seen
constexpr std::size_t kLineBytesMax = 64 << 10;  // a line that does not end is cut there

// "          <...>-1234    [001] d..31  5678.123456: bpf_trace_printk: text"
struct Line {
  std::string_view task, pid, cpu, time, message;
};
std::optional<Line> parse(std::string_view line) {
  const std::size_t bracket = line.find(" [");
  const std::size_t dash = line.substr(0, bracket).rfind('-');
  if (bracket == std::string_view::npos || dash == std::string_view::npos) return std::nullopt;
  Line out;
  out.task = trimmed(line.substr(0, dash));
  out.pid = trimmed(line.substr(dash + 1, bracket - dash - 1));
  const std::size_t closing = line.find(']', bracket);
  if (closing == std::string_view::npos || !parse_unsigned(out.pid)) return std::nullopt;
  out.cpu = line.substr(bracket + 2, closing - bracket - 2);
  const std::size_t colon = line.find(": ", closing);
  if (colon == std::string_view::npos) return std::nullopt;
  const std::size_t before = line.substr(0, colon).rfind(' ');
  out.time = line.substr(before + 1, colon - before - 1);
  out.message = line.substr(colon + 2);
  const std::size_t function = out.message.find(": ");  // what printed it
  if (function != std::string_view::npos) out.message.remove_prefix(function + 2);
  return out;
}

std::string line_json(const Line& line) {
  JsonWriter json;
  json.begin_object().member("type", "trace").member("task", line.task);
  json.member("pid", parse_unsigned(line.pid).value_or(0));
  std::string_view cpu = line.cpu;
  while (cpu.size() > 1 && cpu.starts_with('0')) cpu.remove_prefix(1);
  json.member("cpu", parse_unsigned(cpu).value_or(0)).member("time", line.time);
  json.member("line", line.message).end_object();
  return json.take() + "\n";
}

class Reader {
 public:
  Reader(std::optional<u64> pid, Output& out) : pid_(pid), out_(out) {}

  void take(std::string_view bytes) {
    pending_ += bytes;
    for (std::size_t end = pending_.find('\n'); end != std::string::npos;
         end = pending_.find('\n')) {
      show(std::string_view(pending_).substr(0, end));
      pending_.erase(0, end + 1);
    }
    if (pending_.size() < kLineBytesMax) return;
    show(pending_);
    pending_.clear();
  }

 private:
  void show(std::string_view text) {
    const auto line = parse(text);
    if (!line) {
      if (text.contains("LOST")) out_.note(format("the kernel lost lines: {}", trimmed(text)));
      return;
    }
    if (pid_ && parse_unsigned(line->pid) != pid_) return;
    out_.write(out_.is_json() ? line_json(*line) : events::escaped(text) + "\n");
  }

  std::optional<u64> pid_;
  Output& out_;
  std::string pending_;
};

// What is there now; an empty text when nothing is.
Result<std::string> read_some(const Fd& pipe) {
  std::array<char, 8192> buffer;
  const ssize_t bytes = ::read(pipe.get(), buffer.data(), buffer.size());
  if (bytes >= 0) return std::string(buffer.data(), static_cast<std::size_t>(bytes));
  if (errno == EAGAIN || errno == EINTR) return std::string();
  return system_error("read", "trace_pipe", errno);
}

}  // namespace

Result<int> tracelog(const Arguments& arguments, Output& out) {
  const u64 duration = TRY(duration_ns(arguments, Flag::duration, 0));
  const u64 pid = TRY(arguments.number(Flag::pid, 1, 0));
  const Fd pipe = TRY(Fd::open(TRY(kernel::tracefs()) + "/trace_pipe", O_RDONLY | O_NONBLOCK));
  catch_interrupts();
  const u64 end = duration == 0 ? ~u64{0} : monotonic_ns() + duration;
  Reader reader(pid == 0 ? std::nullopt : std::optional(pid), out);
  while (monotonic_ns() < end && !is_interrupted() && !out.is_closed()) {
    pollfd waiting{pipe.get(), POLLIN, 0};
    ::poll(&waiting, 1, kPollMs);
    const std::string bytes = TRY(read_some(pipe));
    reader.take(bytes);
    if (!bytes.empty()) TRY(out.flush());
  }
  return 0;
}

}  // namespace skep::cli
