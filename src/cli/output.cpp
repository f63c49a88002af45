#include "cli/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/fd.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace skep::cli {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

struct FaultRow {
  std::string_view code;  // in {"error":{"code":...}}
  int exit;
};
constexpr EnumArray<Fault, FaultRow> kFaults({
    {Fault::usage, {"usage", 2}},
    {Fault::malformed, {"malformed", 1}},
    {Fault::unsupported, {"unsupported", 3}},
    {Fault::denied, {"denied", 3}},
    {Fault::rejected, {"rejected", 4}},
    {Fault::exhausted, {"exhausted", 1}},
    {Fault::absent, {"absent", 1}},  // a file; a name on the command line is a usage error
    {Fault::system, {"system", 1}},
});

bool color_wanted(const Arguments& arguments, bool terminal) {
  const std::string choice = arguments.text(Flag::color).value_or("auto");
  if (choice != "auto") return choice == "always";
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org
  return terminal && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

Output::Output(const Arguments& arguments)
    : form_(arguments.wants_json() ? Form::json : Form::text),
      terminal_(::isatty(STDOUT_FILENO) == 1) {
  if (arguments.has(Flag::verbose)) volume_ = Volume::verbose;
  if (arguments.has(Flag::quiet)) volume_ = Volume::quiet;
  color_ = form_ == Form::text && color_wanted(arguments, terminal_);
}

void Output::write(std::string_view text) {
  if (closed_) return;
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) (void)flush();
}

void Output::note(std::string_view text) {
  if (volume_ == Volume::quiet) return;
  clear_progress();
  std::fprintf(stderr, "skep: %.*s\n", static_cast<int>(text.size()), text.data());
}

void Output::progress(std::string_view text) {
  static const bool visible = ::isatty(STDERR_FILENO) == 1;
  if (!visible || volume_ == Volume::quiet) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  std::fflush(stderr);
  progress_shown_ = true;
}

void Output::clear_progress() {
  if (progress_shown_) std::fputs("\r\033[K", stderr);
  progress_shown_ = false;
}

Result<void> Output::flush() {
  clear_progress();
  std::string_view rest = buffer_;
  while (!closed_ && !rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      closed_ = true;
      if (errno != EPIPE) failure_ = system_error("write", "standard output", errno);
    }
  }
  buffer_.clear();
  if (failure_) return *failure_;
  return {};
}

int exit_code(Fault fault) { return kFaults[fault].exit; }

void report(const Error& error, Form form) {
  if (form == Form::text) {
    std::fputs(std::string(error.report()).c_str(), stderr);
    std::fprintf(stderr, "skep: %s\n", error.message.c_str());
    if (!error.hint.empty()) std::fprintf(stderr, "  hint: %s\n", error.hint.c_str());
    return;
  }
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.member("code", kFaults[error.fault].code).member("message", error.message);
  json.member("hint", error.hint);
  if (!error.report().empty()) json.member("report", error.report());
  json.end_object().end_object();
  std::printf("%s\n", json.take().c_str());
  std::fflush(stdout);
}

}  // namespace skep::cli
