// How a run shows that a rule is broken.
#pragma once

#include <string_view>

#include "base/types.hpp"

namespace skep::explain {

enum class ShownBy : u8 {
  fault,        // it does something that the rule forbids: reads outside, uses what is not set
  reaching,     // it comes to an instruction that may not be there
  limit,        // none: the rule bounds what is proved
  unsupported,  // none: the program may be right
};

// By the name of the property. Of a name that is not known: fault.
ShownBy shown_by(std::string_view property);

}  // namespace skep::explain
