// What a concrete run is given, as numbers that can be changed one by one.
//
// Everything that a run does not make itself is an Object: the packet, the context, values of maps,
// what helpers return. Its bytes, its size where that is free, and whether it is null, are read
// from an Input, where they are zero unless they were chosen. A number in a register remembers
// which bytes it was read from and what was done to it since (Trace), so that one can ask for the
// bytes with which it would have another value.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "isa/instruction.hpp"

namespace skep::explain {

// Beside its bytes: keys of what an object is.
inline constexpr s32 kIsNull = -1;  // 1: what should point to it is null
inline constexpr s32 kSize = -2;    // of a packet

class Input {
 public:
  using Key = std::pair<u32, s32>;  // object, and its byte or one of the constants above

  u64 get(u32 object, s32 at, u64 otherwise = 0) const {
    const auto found = chosen_.find({object, at});
    return found == chosen_.end() ? otherwise : found->second;
  }
  void choose(u32 object, s32 at, u64 value) { chosen_[{object, at}] = value; }
  const std::map<Key, u64>& chosen() const { return chosen_; }
  friend auto operator<=>(const Input&, const Input&) = default;

 private:
  std::map<Key, u64> chosen_;
};

// An operation with a number that was known then.
struct Applied {
  isa::Alu operation;
  isa::Width width;
  u64 operand;
};

// Where a number was read, and what it went through.
struct Trace {
  u32 object = 0;
  s32 at = 0;     // its first byte, or kSize
  u32 bytes = 0;  // 0: no input
  bool is_signed = false;
  u64 most = ~u64{0};  // larger ones cannot be
  std::vector<Applied> applied = {};

  bool any() const { return bytes != 0; }
};

// The value that must be read so that the number becomes `wanted`, if the operations can be undone.
std::optional<u64> undo(const Trace& trace, u64 wanted);
// `input` with it.
std::optional<Input> with_number(const Input& input, const Trace& trace, u64 wanted);

}  // namespace skep::explain
