// Where results go: standard output, buffered, in text or JSON; notes go to stderr.
//
// Results are data and nothing else is printed between them. When whoever reads them goes away
// (skep ... | head), writing stops quietly; any other failure to write is an error, so that a full
// disk never looks like a complete result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/arguments.hpp"

namespace skep::cli {

enum class Form : u8 { text, json };
enum class Volume : u8 { quiet, normal, verbose };

inline constexpr int kFoundNothing = 5;  // an exit code

class Output {
 public:
  explicit Output(Form form) : form_(form) {}
  // Form, volume and color as the arguments say.
  explicit Output(const Arguments& arguments);

  Form form() const { return form_; }
  Volume volume() const { return volume_; }
  bool is_json() const { return form_ == Form::json; }
  bool has_color() const { return color_; }
  bool is_terminal() const { return terminal_; }

  void write(std::string_view text);
  // To stderr, unless -q.
  void note(std::string_view text);
  // On the last line of a terminal, overwritten by whatever comes next; nothing without a terminal.
  void progress(std::string_view text);

  // Sends what is buffered. Fails when it cannot be written; a reader that left is no failure.
  Result<void> flush();
  // Nobody reads any more, or nothing can be written: no use to go on.
  bool is_closed() const { return closed_; }

 private:
  void clear_progress();

  Form form_;
  Volume volume_ = Volume::normal;
  bool color_ = false;
  bool terminal_ = false;
  bool progress_shown_ = false;
  bool closed_ = false;
  std::optional<Error> failure_;
  std::string buffer_;
};

// The exit code that an error ends in.
int exit_code(Fault fault);
// Prints an error: on stderr as text, or as {"error":{...}} on stdout where JSON is asked for.
void report(const Error& error, Form form);

}  // namespace skep::cli
