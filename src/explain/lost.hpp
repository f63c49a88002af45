// Where on a path a value lost what the refusal asks of it, or never had it.
#pragma once

#include "explain/origins.hpp"

namespace skep::explain {

// `place` is in front of the refused instruction. Oldest first; empty when nothing can be said.
std::vector<verify::Step> find_lost(const Way& way, const Place& place);

}  // namespace skep::explain
