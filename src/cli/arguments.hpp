// The words of a command line, sorted: command, flags, operands.
//
// parse() checks them against the table of cli/command.hpp: what a command does not take is refused
// with the nearest thing that it does. Values are texts; number() and choice() read them with the
// same words for the same mistake everywhere.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace skep::cli {

class Arguments {
 public:
  // `words` without the name of the program. Fault::usage.
  static Result<Arguments> parse(std::span<const std::string_view> words);

  const Command& command() const { return *command_; }
  const std::vector<std::string>& operands() const { return operands_; }

  bool has(Flag flag) const { return !given(flag).empty(); }
  // The words of each time the flag was given; of Takes::one, one word each.
  const std::vector<std::vector<std::string>>& given(Flag flag) const {
    return given_[static_cast<std::size_t>(flag)];
  }
  // The last value, or nullopt.
  std::optional<std::string> text(Flag flag) const;
  // The value as a number of at least `least`, or `otherwise` when the flag is not given.
  Result<u64> number(Flag flag, u64 least, u64 otherwise) const;

  bool wants_json() const;
  // Whether these words ask for JSON, also when they make no sense otherwise.
  static bool wants_json(std::span<const std::string_view> words);

 private:
  friend class Parser;
  const Command* command_ = nullptr;
  std::vector<std::string> operands_;
  std::array<std::vector<std::vector<std::string>>, kCount<Flag>> given_;
};

}  // namespace skep::cli
