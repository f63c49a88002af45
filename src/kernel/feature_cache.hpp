// What features were found, kept until the next boot.
//
// One file a user and boot, below XDG_RUNTIME_DIR, or /run/skep for root, or XDG_CACHE_HOME
// (~/.cache). It is believed only when it belongs to this user, nobody else can write to it, and it
// is of this boot, this version's format and the same capabilities; otherwise features are tried
// anew.
#pragma once

#include <optional>

#include "kernel/features.hpp"
#include "kernel/privileges.hpp"

namespace skep::kernel {

// The file, whether or not it is there; empty where there is no place for one.
std::string feature_cache_path();
std::optional<std::vector<Feature>> read_feature_cache(const std::string& path);
// Failing is no error: the next one tries anew.
void write_feature_cache(const std::string& path, const std::vector<Feature>& features);

}  // namespace skep::kernel
