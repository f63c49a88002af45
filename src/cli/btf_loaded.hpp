// The BTF objects that the kernel holds under ids, and what uses them: the part of `skep btf list`
// that needs bpf(2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "kernel/inventory.hpp"

namespace skep::cli {

struct LoadedTypes {
  kernel::TypesEntry entry;
  std::vector<u32> program_ids, map_ids;
  u64 types = 0;  // how many; of the kernel's own, 0: their file says it
};
// nullopt where bpf(2) is not allowed: the files of /sys/kernel/btf are then all there is.
std::optional<std::vector<LoadedTypes>> loaded_types();

// "  id 7  prog_ids 1,2  map_ids 3", as bpftool has it.
std::string users_text(const LoadedTypes& types);
// bpftool's members but the name.
void users_json(JsonWriter& json, const LoadedTypes& types);

}  // namespace skep::cli
