// The helper functions that programs may call, with what the verifier must know of each.
//
// Adding a helper is one row here and its body in runtime/helpers/. The names and numbers of all
// 211 helpers are known, so that a call of one that is not provided is refused by name. Prototypes
// follow include/uapi/linux/bpf.h.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "base/types.hpp"
#include "platform/map_kinds.hpp"
#include "platform/program_types.hpp"

namespace skep::platform {

enum class Argument : u8 {
  none,             // the helper takes no such argument
  number,           // a scalar
  anything,         // any initialised value
  context,          // the program's own context pointer
  map,              // a map constant
  map_key,          // readable memory of the map's key size
  map_value,        // readable memory of the map's value size
  memory,           // readable memory, its size in the next argument
  memory_or_null,   // the same; null when the size is zero
  writable_memory,  // memory that the helper fills, its size in the next argument
  size,             // bytes of the memory before it, at least one
  size_or_zero,     // the same, may be zero
  record_size,      // a constant: bytes of the ring record to reserve
  record,           // a reserved ring record; the call gives it back
  constant_string,  // zero-terminated text in read-only memory
};

enum class Returns : u8 {
  number,   // a scalar
  nothing,  // r0 is not defined after the call
  map_value_or_null,
  record_or_null,  // memory of record_size bytes that must be given back
};

enum class Effect : u8 {
  none,
  moves_packet,  // packet pointers taken before are no longer valid
  ends_program,  // does not come back when it succeeds (tail call)
};

struct HelperRow {
  u16 id;
  std::string_view name;  // without bpf_
  Returns returns;
  std::array<Argument, 5> arguments;
  ProgramTypes programs;  // who may call it
  MapKinds maps;          // which maps its map argument may be; 0 without one
  Effect effect;
  bool gpl_only;
  std::string_view since;  // first kernel release with it
};

// The helpers that the user engine provides, by id.
std::span<const HelperRow> helpers();
// The row of `id`, or null when it is not provided.
const HelperRow* find_helper(s64 id);
// The name of any helper of Linux without bpf_, or an empty text; ids are 1 to 211.
std::string_view helper_name(s64 id);
// The first kernel release that has it.
std::string_view helper_since(s64 id);
// What a helper does that only the kernel can, for those that no user engine could provide; else
// empty.
std::string_view helper_only_in_kernel(s64 id);
inline constexpr u32 kHelpersMax = 212;

}  // namespace skep::platform
