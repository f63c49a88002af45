// What skep_bench prints: a title a figure, then medians and ratios, as text or JSON lines.
//
// A ratio with a goal says whether it is met. Nothing here fails: figures are for people to judge.
#pragma once

#include <optional>
#include <string_view>

#include "sampling.hpp"

namespace skep::bench {

struct Goal {
  enum class Side : u8 { at_least, below } side = Side::at_least;
  double value = 0;
};
inline Goal at_least(double value) { return {Goal::Side::at_least, value}; }
inline Goal below(double value) { return {Goal::Side::below, value}; }

enum class Format : u8 { text, json };

class Report {
 public:
  explicit Report(Format format) : format_(format) {}

  // Machine, commit and command.
  void opening(const std::string& command);
  void title(std::string_view figure);
  void value(std::string_view what, const Samples& samples, std::string_view unit,
             std::optional<Goal> goal = {});
  void ratio(std::string_view what, const Ratio& ratio, std::optional<Goal> goal = {});
  // What is not sampled: bytes, and the worst of several.
  void number(std::string_view what, double value, std::string_view unit,
              std::optional<Goal> goal = {});
  void note(std::string_view text);

 private:
  Format format_;
  std::string figure_;
};

}  // namespace skep::bench
