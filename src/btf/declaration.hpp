// Types as C spells them, with a name in the middle: "void (*callback[2])(const char *text)".
//
// C writes a type around the name. Here the text grows from the name outwards, along the references
// from the declared type to the one at the end: pointers and qualifiers come on the left, arrays
// and parameters on the right, and brackets appear where an array or a function is behind a
// pointer. How the type at the end is written is the caller's: by name, or, when it has none, with
// its members. Spaces are where libbpf puts them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "btf/types.hpp"

namespace skep::btf {

struct SpellingLimits {
  std::size_t length_max;  // of a declaration; types of hostile objects may be endless
  u32 nesting_max;         // of prototypes inside prototypes
};

class Declarations {
 public:
  using Base = std::function<std::string(TypeId)>;

  Declarations(const Types& types, SpellingLimits limits, Base base)
      : types_(types), limits_(limits), base_(std::move(base)) {}

  // What is longer or deeper than the limits is cut, with dots in its place.
  std::string declare(TypeId id, std::string_view name) { return declare(id, name, 0); }
  bool was_cut() const { return was_cut_ || is_too_long_; }

 private:
  std::string declare(TypeId id, std::string_view name, u32 nesting);
  std::string parameters(TypeId prototype, u32 nesting);

  const Types& types_;
  SpellingLimits limits_;
  Base base_;
  bool was_cut_ = false, is_too_long_ = false;
};

}  // namespace skep::btf
