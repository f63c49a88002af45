// Verdicts of ours beside the kernel's: what is counted, and the list of known differences.
//
// The list is a file with a row a program, in columns that tabulators separate: name, our verdict,
// the kernel's, the one that the program's author expects (or "-"), and why they differ. Where we
// reject what the kernel accepts, the reason begins with the property that was not proved; where we
// accept what it rejects, somebody has written it. The kernel's verdicts are those of one release,
// which the file names in its first line. UPDATE=1 writes the file anew and keeps what was written.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/types.hpp"
#include "skep/result.hpp"

namespace skep::selftests {

enum class Said : u8 { nothing, accepted, rejected };
std::string_view word(Said said);  // "-", "accepted", "rejected"

struct Comparison {
  std::string name;
  Said ours = Said::nothing;
  Said kernel = Said::nothing;
  Said expected = Said::nothing;
  std::string property;        // of our rejection
  std::string message;         // the same in words
  std::string kernel_message;  // of the kernel's
  u64 instructions = 0;
  u64 our_ns = 0;
  u64 kernel_ns = 0;  // 0: not known

  bool is_comparable() const { return kernel != Said::nothing; }
  bool is_false_accept() const { return ours == Said::accepted && kernel == Said::rejected; }
  bool is_false_reject() const { return ours == Said::rejected && kernel == Said::accepted; }
  // Whether the list needs a row for it.
  bool differs() const;
};

// The counts as text: verdicts, false accepts one by one, false rejects by property with the
// smallest example of each, and speed.
std::string summary(std::string_view title, const std::vector<Comparison>& all);

struct DifferenceRow {
  Said ours, kernel, expected;
  std::string why;
};

class Differences {
 public:
  // A file that is not there has no rows.
  static Result<Differences> read(const std::string& path);

  // "6.18", of the kernel whose verdicts the file has; empty when it has none.
  const std::string& release() const { return release_; }
  const DifferenceRow* find(const std::string& name) const;

  // What is new, gone, or not explained, a sentence each. `by_kernel`: the kernel was asked, and is
  // the one of the file. Else ours are compared with those that are listed.
  enum class Judge : u8 { kernel, file };
  std::vector<std::string> complaints(const std::vector<Comparison>& all, Judge judge) const;

  // Writes the file for these verdicts of the kernel `release`.
  Result<void> write(const std::string& path, const std::string& release,
                     const std::vector<Comparison>& all) const;

 private:
  std::string release_;
  std::vector<std::string> head_;  // further lines that begin with '#'
  std::map<std::string, DifferenceRow> rows_;
};

// "6.18" of this kernel.
std::string kernel_release();

}  // namespace skep::selftests
