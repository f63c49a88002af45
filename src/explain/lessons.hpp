// What each rule means, with a program that breaks it and one that keeps it.
//
// Every example is verified by a test (tests/unit/explain_lessons_test.cpp): the bad one is refused
// for this very rule, the good one is accepted. C is compiled as users do; assembly is that of
// text/text.hpp, with the maps that it names.
#pragma once

#include <string>
#include <string_view>

#include "verify/properties.hpp"
#include "verify/verify.hpp"

namespace skep::explain {

struct Example {
  std::string_view type;  // of assembly: the program type; empty: C
  std::string_view maps;  // of assembly: a line each, "h hash key=4 value=8 entries=16"
  std::string_view text;
};

struct Lesson {
  std::string_view meaning;
  Example bad;
  Example good;
  verify::Rules rules = verify::Rules::kernel;                       // that the bad one breaks
  platform::Capabilities capabilities = platform::kAllCapabilities;  // of who loads it
};

const Lesson& lesson(verify::Property property);

// A whole C file: what is left out of the examples is put in front.
std::string whole_source(const Example& example);

// The rule, what it means, both examples and what helps, as text.
std::string lesson_text(verify::Property property);

}  // namespace skep::explain
