// A Value as people read it and as JSON.
//
// Text is for the eye: a port stands behind its address ("10.0.0.1:80" from `source` and
// `source_port`), times have units and lose the `_ns` of their name, control characters are escaped
// so that a recorded string cannot drive the terminal. JSON keeps every field under its own name,
// times as nanoseconds, numbers as numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "events/value.hpp"

namespace skep::events {

// "10.0.0.1", "{a=1 b=2}".
std::string to_text(const Value& value);

// A record as named texts, in the order of its fields; a scalar as one cell named `otherwise`.
struct Cell {
  std::string name;
  std::string text;
  bool is_number = false;
};
std::vector<Cell> to_cells(const Value& value, std::string_view otherwise);

// "kind=tcp_open source=10.0.0.1:51234"; what is "" or an enumerator `unknown` is left out.
std::string to_line(const Value& value);

void to_json(JsonWriter& json, const Value& value);

// `text` with what a terminal would act on escaped: control characters, bytes that are not UTF-8.
std::string escaped(std::string_view text);

}  // namespace skep::events
