// Contents of maps as text for people and as JSON, one object a line.
//
// The JSON objects, each with its "type" first, are a contract (docs/man/skep.1.scd):
//   {"type":"map","map":"flows","kind":"hash","entries":[{"key":…,"value":…}]}
//   {"type":"histogram","map":"sizes","buckets":[{"min":64,"max":127,"count":412}]}
//   {"type":"globals","map":".bss","values":{"malformed":0}}
// Text is a heading, then aligned columns, bars, or `name = value`.
#pragma once

#include <string>

#include "events/contents.hpp"

namespace skep::events {

enum class Emphasis : u8 { none, terminal };  // terminal: headings in bold

struct TextStyle {
  u64 rows_max = 0;  // of a table; 0 for all
  Emphasis emphasis = Emphasis::none;
};

std::string contents_text(const Contents& contents, const TextStyle& style);
// The line with its line feed.
std::string contents_json(const Contents& contents, u64 rows_max);

}  // namespace skep::events
