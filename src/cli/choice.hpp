// Flags whose value is one of a few words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"
#include "cli/arguments.hpp"

namespace skep::cli {

template <class Value>
struct Choice {
  std::string_view name;
  Value value;
};

// What the flag's word stands for, or the first where it is not given. Fault::usage lists the
// words.
template <class Value, std::size_t count>
Result<Value> choice(const Arguments& arguments, Flag flag, const Choice<Value> (&choices)[count]) {
  const auto given = arguments.text(flag);
  if (!given) return choices[0].value;
  std::vector<std::string> names;
  for (const Choice<Value>& each : choices) {
    if (each.name == *given) return each.value;
    names.emplace_back(each.name);
  }
  return Error(Fault::usage, format("{} is not a value of {}", *given, row(flag).name),
               "it is " + join(names, ", "));
}

}  // namespace skep::cli
